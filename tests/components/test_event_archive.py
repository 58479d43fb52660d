import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.event_archive import EventArchive

CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/dev-events/1-1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
STREAM = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def archive(**more):
    return lambda: EventArchive("analytics", {"cluster_arn": CLUSTER, "topics": ["orders", "carts"], **more})


def granted(graph, name="analytics"):
    statements = json.loads(graph.one(POLICY, name).inputs["policy"])["Statement"]
    return {one["Sid"]: one for one in statements}


def test_every_topic_is_read_from_its_oldest_event_through_a_link(preview):
    graph = preview(archive())
    sources = {r.inputs["mskSourceConfiguration"]["topicName"]: r.inputs for r in graph.all(STREAM)}
    assert sources.keys() == {"orders", "carts"}
    source = sources["orders"]["mskSourceConfiguration"]
    assert (source["mskClusterArn"], source["readFromTimestamp"]) == (CLUSTER, "1970-01-01T00:00:00Z")
    assert source["authenticationConfiguration"]["connectivity"] == "PRIVATE"


def test_events_are_lines_in_compressed_files_by_topic_and_hour(preview):
    graph = preview(archive(key_arn=KEY))
    made = graph.one(STREAM, "analytics-orders").inputs["extendedS3Configuration"]
    assert made["bucketArn"] == graph.one("aws:s3/bucket:Bucket").outputs["arn"]
    assert made["prefix"].startswith("orders/year=") and made["errorOutputPrefix"].startswith(
        "failed/orders/"
    )
    assert (made["compressionFormat"], made["kmsKeyArn"]) == ("GZIP", KEY)
    (processor,) = made["processingConfiguration"]["processors"]
    assert processor["type"] == "AppendDelimiterToRecord"


def test_firehose_may_read_these_topics_alone(preview):
    allowed = granted(preview(archive(key_arn=KEY)))
    topic = CLUSTER.replace(":cluster/", ":topic/")
    assert allowed["Cluster"]["Resource"] == CLUSTER
    assert allowed["Topics"]["Resource"] == [f"{topic}/orders", f"{topic}/carts"]
    assert not any("Write" in action for action in allowed["Topics"]["Action"])
    assert (
        allowed["Key"]["Resource"] == KEY and "kms:ViaService" in allowed["Key"]["Condition"]["StringEquals"]
    )


def test_a_client_reads_the_bucket_and_writes_nothing(preview):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
        app = AutoScalingService("app", {**place, "image": "a/b:1", "port": 80})
        connect(app, EventArchive("analytics", {"cluster_arn": CLUSTER, "topics": ["orders"]}))

    allowed = granted(preview(program), "app-to-analytics")
    assert allowed["Objects"]["Action"] == ["s3:GetObject"] and allowed["Names"]["Action"] == "s3:ListBucket"


def test_events_that_come_late_are_alarmed(preview):
    graph = preview(archive(buffer_seconds=60))
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "analytics-orders-late").inputs
    assert alarm["dimensions"] == {
        "DeliveryStreamName": graph.one(STREAM, "analytics-orders").outputs["name"]
    }
    assert (alarm["metricName"], alarm["threshold"]) == ("DeliveryToS3.DataFreshness", 180)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"topics": []}, "topics must be one or more"),
        ({"topics": ["x" * 50]}, "topics must be short: '<name>-<topic>' has 56 letters at most"),
        ({"buffer_seconds": 30}, "buffer_seconds must be 60 to 900"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(archive(**more))
