"""What becomes of trips: events from a stand-in for Kafka, pushes to a topic of an emulated SNS."""

import json

import boto3
import pytest
from moto import mock_aws

from blueprints.matching.trip_processor import kafka_events
from blueprints.matching.trip_processor.__main__ import work
from blueprints.matching.trip_processor.processor import Processor
from blueprints.matching.trip_processor.trips import Trips

EVENT = {"trip": "t1", "rider": "r1", "driver": "d1", "lat": 1.0, "lng": 2.0, "eta_seconds": 130, "at": 1000}


class Events:
    """A topic with one part, as the processor knows it."""

    def __init__(self, *events, batch=2):
        self.log = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
        self.batch, self.read, self.committed, self.told = batch, 0, 0, []

    def poll(self):
        said = self.log[self.read : self.read + self.batch]
        self.read += len(said)
        return said

    def tell(self, key, event):
        self.told.append((key, json.loads(event)))

    def commit(self):
        self.committed = self.read

    def rewind(self):
        self.read = self.committed


@pytest.fixture
def pushes():
    """The topic's ARN, SNS, and a function: what has been pushed since."""
    with mock_aws():
        sns, sqs = (boto3.client(service, region_name="us-east-1") for service in ("sns", "sqs"))
        topic = sns.create_topic(Name="pushes")["TopicArn"]
        queue = sqs.create_queue(QueueName="phones")["QueueUrl"]
        asked = {"QueueUrl": queue, "AttributeNames": ["QueueArn"]}
        arn = sqs.get_queue_attributes(**asked)["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

        def pushed():
            found = []
            while got := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                for message in got:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                    envelope = json.loads(message["Body"])
                    said = json.loads(envelope["Message"])
                    whom = {k: v["Value"] for k, v in envelope["MessageAttributes"].items()}
                    found.append((whom["audience"], whom["recipient"], said["state"], said["text"]))
            return sorted(found)

        yield topic, sns, pushed


def test_a_dispatch_is_pushed_to_rider_and_driver_told_and_then_committed(pushes):
    topic, sns, pushed = pushes
    events = Events(EVENT)
    processor = Processor(events, sns, topic)
    processor.turn()
    assert pushed() == [
        ("driver", "d1", "dispatched", "A rider waits for you, 2 min away."),
        ("rider", "r1", "dispatched", "Your driver is 2 min away."),
    ]
    trip = {key: EVENT[key] for key in ("trip", "rider", "driver", "eta_seconds", "at")}
    assert events.told == [("t1", {**trip, "state": "dispatched"})] and events.committed == 1
    assert processor.well() and 'trip_events_total{outcome="dispatched"} 1\n' in processor.metrics()


def test_an_event_that_comes_again_is_not_told_again(pushes):
    topic, sns, pushed = pushes
    events = Events(EVENT, EVENT, EVENT)
    processor = Processor(events, sns, topic)
    for _ in range(2):
        processor.turn()
    assert len(pushed()) == 2 and len(events.told) == 1 and events.committed == 3


def test_nothing_is_committed_that_could_not_be_pushed_and_it_is_tried_again(pushes):
    topic, sns, pushed = pushes
    events = Events(EVENT, {**EVENT, "trip": "t2"})
    waits = []

    class Failing:
        """SNS that takes the first trip, and the second when it is asked anew."""

        asked = 0

        def publish_batch(self, **what):
            Failing.asked += 1
            if Failing.asked == 2:
                raise ConnectionError("SNS is away")
            return sns.publish_batch(**what)

    class Stopping:
        def is_set(self):
            return events.committed == 2

        def wait(self, seconds):
            waits.append((seconds, events.committed))

    work(Processor(events, Failing(), topic), events, Stopping())
    assert waits == [(1.0, 0)]
    assert [key for key, _ in events.told] == ["t1", "t2"] and len(pushed()) == 4


@pytest.mark.parametrize(
    "wrong", [b"no json", b"[]", {"trip": "t"}, {**EVENT, "state": "lost"}, {**EVENT, "at": None}]
)
def test_what_is_no_event_is_passed_over(pushes, wrong):
    topic, sns, pushed = pushes
    events = Events(wrong, EVENT)
    Processor(events, sns, topic).turn()
    assert len(pushed()) == 2 and events.committed == 2


def test_a_trip_never_goes_back():
    trips = Trips()

    def reach(**more):
        trip = trips.reached({**EVENT, **more})
        if trip:
            trips.keep(trip)
        return trip and (trip.state, trip.driver)

    assert reach() == ("dispatched", "d1")
    assert reach(driver="d2", at=900) is None
    assert reach(driver="d2", at=2000) == ("dispatched", "d2")
    assert reach(state="started", driver="d2", at=3000) == ("started", "d2")
    assert reach(state="arrived", driver="d2", at=4000) is None


# kafka-python 3.0.12 reads its schemas so.
@pytest.mark.filterwarnings("ignore:(open|read)_text is deprecated:DeprecationWarning")
def test_kafka_is_asked_for_as_the_pods_role_and_commits_only_when_told():
    asked = kafka_events.settings("b1:9098,b2:9098", acks="all")
    assert asked["bootstrap_servers"] == ["b1:9098", "b2:9098"]
    assert (asked["security_protocol"], asked["sasl_mechanism"]) == ("SASL_SSL", "AWS_MSK_IAM")
    from kafka import KafkaConsumer
    from kafka.net.sasl import get_sasl_mechanism

    assert get_sasl_mechanism("AWS_MSK_IAM")
    assert set(asked) - {"acks"} | set(kafka_events.TAKING) <= set(KafkaConsumer.DEFAULT_CONFIG)
    assert kafka_events.TAKING["enable_auto_commit"] is False


def test_a_rewound_consumer_reads_from_what_was_committed():
    class Consumer:
        def __init__(self):
            self.places = {}

        def assignment(self):
            return {"a", "b"}

        def committed(self, part):
            return {"a": 7}.get(part)

        def seek(self, part, place):
            self.places[part] = place

        def seek_to_beginning(self, part):
            self.places[part] = 0

    consumer = Consumer()
    kafka_events.KafkaEvents(consumer, None).rewind()
    assert consumer.places == {"a": 7, "b": 0}
