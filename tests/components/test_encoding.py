"""Films are encoded once they are delivered; what fails is tried again, or parked and told."""

import json
import time

import boto3
import pytest
from moto import mock_aws

from components.access import connect
from components.service.encoding import Encoding
from components.service.mediaconvert.job import LADDER, definition
from components.state.content_store import ContentStore
from fourplane.sandbox import shapes

KNOWN = {
    "queue_arn": "arn:aws:mediaconvert:us-east-1:123456789012:queues/q",
    "role_arn": "arn:aws:iam::123456789012:role/r",
    "target_bucket": "origin",
    "queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/failed",
}
FILM = {"detail": {"bucket": {"name": "studio"}, "object": {"key": "films/a.mov"}}}
NO_FILM = {"Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": {"Bucket": "none", "Key": "a"}}
ENCODED = {"Resource": "arn:aws:states:::aws-sdk:s3:listBuckets", "Parameters": {}}
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def states():
    return json.loads(definition(KNOWN, 24))["States"]


@pytest.fixture
def mediaconvert():
    return boto3.client("mediaconvert", **KEYS)


def test_mediaconvert_takes_the_template(mediaconvert):
    shapes.validate(mediaconvert, "create_job_template", {"Name": "films", "Settings": LADDER})


def test_mediaconvert_takes_the_job_that_the_machine_asks_for(mediaconvert):
    asked = filled(states()["Encode"]["Parameters"])
    shapes.validate(mediaconvert, "create_job", asked)
    assert asked["Settings"]["Inputs"][0]["FileInput"].startswith("States.Format('s3://{}/{}'")


def filled(value):
    """Parameters as the state machine would hand them over: what is computed has its name without ".$"."""
    if isinstance(value, dict):
        return {key.removesuffix(".$"): filled(inner) for key, inner in value.items()}
    return [filled(inner) for inner in value] if isinstance(value, list) else value


def test_films_come_in_4k_and_in_what_a_phone_can_take():
    videos = [
        one["VideoDescription"] for one in LADDER["OutputGroups"][0]["Outputs"] if "VideoDescription" in one
    ]
    assert [video["Height"] for video in videos] == [2160, 1440, 1080, 720, 480, 270]
    assert {video["ScalingBehavior"] for video in videos} == {"FIT_NO_UPSCALE"}


@pytest.fixture
def deliver(monkeypatch):
    """deliver(encode): a run of the machine with something in MediaConvert's place: how it ended, what is in
    the bucket of players, and what is parked."""
    for key, value in {
        "ACCESS_KEY_ID": "test",
        "SECRET_ACCESS_KEY": "test",
        "DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(f"AWS_{key}", value)

    def deliver(encode):
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            s3, sqs, steps = (boto3.client(service) for service in ("s3", "sqs", "stepfunctions"))
            s3.create_bucket(Bucket="origin")
            queue = sqs.create_queue(QueueName="failed")["QueueUrl"]
            whole = runnable(json.loads(definition({**KNOWN, "queue_url": queue}, 24)), encode)
            machine = steps.create_state_machine(name="m", definition=whole, roleArn=KNOWN["role_arn"])
            begun = {
                "stateMachineArn": machine["stateMachineArn"],
                "name": "run-1",
                "input": json.dumps(FILM),
            }
            ended = finished(steps, steps.start_execution(**begun)["executionArn"])
            kept = s3.list_objects_v2(Bucket="origin").get("Contents", [])
            said = {one["Key"]: s3.get_object(Bucket="origin", Key=one["Key"]) for one in kept}
            parked = sqs.receive_message(QueueUrl=queue).get("Messages", [])
            titles = {key: json.load(answer["Body"]) for key, answer in said.items()}
            return ended, titles, [json.loads(one["Body"]) for one in parked]

    return deliver


def runnable(machine, encode):
    """The machine as moto can run it, which has no MediaConvert, waits, and takes no object as a body."""
    machine["States"]["Encode"] |= encode
    publish = machine["States"]["Publish"]["Parameters"]
    machine["States"]["Body"] = {
        "Type": "Pass", "Parameters": publish.pop("Body"), "ResultPath": "$.body", "Next": "Publish"
    }  # fmt: skip
    publish["Body.$"] = "States.JsonToString($.body)"
    machine["States"]["Encode"]["Next"] = "Body"
    for retrier in (one for state in machine["States"].values() for one in state.get("Retry", [])):
        retrier |= {"IntervalSeconds": 1, "MaxAttempts": min(retrier["MaxAttempts"], 1)}
    return json.dumps(machine)


def finished(steps, execution):
    for _ in range(200):
        if (found := steps.describe_execution(executionArn=execution))["status"] != "RUNNING":
            tries = steps.get_execution_history(executionArn=execution)["events"]
            return found["status"], sum(one["type"] == "TaskScheduled" for one in tries)
        time.sleep(0.05)
    raise AssertionError("the machine did not end in 10 s")


def test_players_are_led_to_a_film_once_all_of_it_is_there(deliver):
    (status, _), titles, parked = deliver(ENCODED)
    assert status == "SUCCEEDED" and parked == []
    assert titles == {
        "titles/films/a.mov.json": {"hls": "/encoded/run-1/play.m3u8", "dash": "/encoded/run-1/play.mpd"}
    }


def test_a_film_that_cannot_be_encoded_is_tried_again_and_then_parked_with_the_reason(deliver):
    (status, calls), titles, (parked,) = deliver(NO_FILM)
    assert (status, calls, titles) == ("FAILED", 3, {})  # two tries, and the parking
    assert parked["film"] == "films/a.mov" and "NoSuchBucket" in parked["failure"]["Error"]


@pytest.mark.parametrize(
    ("error", "tries", "backs_off"),
    [
        ("MediaConvert.BadRequestException", 0, False),
        ("MediaConvert.TooManyRequestsException", 8, True),
        ("MediaConvert.JobFailed", 2, True),
        ("States.Timeout", 0, False),
    ],
)
def test_only_what_can_pass_is_tried_again(error, tries, backs_off):
    everything = {"States.TaskFailed"} if error != "States.Timeout" else set()
    found = (one for one in states()["Encode"]["Retry"] if {error, *everything} & set(one["ErrorEquals"]))
    retrier = next(found, {"MaxAttempts": 0})
    assert retrier["MaxAttempts"] == tries and (retrier.get("BackoffRate", 1) > 1) is backs_off


def encoding(**args):
    def program():
        studio = ContentStore("studio", {})
        origin = ContentStore("origin", {"writable": True})
        args_ = {"source_bucket": studio.bucket, "target_bucket": origin.bucket, "target_arn": origin.arn}
        connect(Encoding("films", {**args_, **args}), studio, origin)

    return program


def statements(graph, name):
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"]
    return {one["Sid"]: one for one in json.loads(policy)["Statement"]}


def test_the_machine_may_use_this_queue_and_hand_on_this_role_only(preview):
    graph = preview(encoding())
    may = statements(graph, "films-machine")
    assert may["Encode"]["Resource"] == graph.one("aws:mediaconvert/queue:Queue").outputs["arn"]
    assert may["Work"]["Resource"] == graph.one("aws:iam/role:Role", "films").outputs["arn"]
    assert may["Work"]["Condition"] == {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}}
    assert {sid for sid, one in may.items() if one["Resource"] == "*"} == {"Log", "Trace"}


def test_mediaconvert_reads_the_studio_and_writes_the_origin(preview):
    graph = preview(encoding())
    assert "s3:PutObject" not in statements(graph, "films-to-studio")["Objects"]["Action"]
    assert "s3:PutObject" in statements(graph, "films-to-origin")["Objects"]["Action"]


def test_a_delivered_film_starts_the_machine(preview):
    graph = preview(encoding(suffixes=[".mov"]))
    pattern = json.loads(graph.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["detail"]["object"]["key"] == [{"suffix": ".mov"}]
    assert graph.one("aws:s3/bucketNotification:BucketNotification").inputs["eventbridge"]
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    assert target["arn"] == graph.one("aws:sfn/stateMachine:StateMachine").outputs["arn"]
    assert target["deadLetterConfig"]["arn"] == graph.one("aws:sqs/queue:Queue").outputs["arn"]


def test_every_run_is_logged_and_traced_and_a_failed_one_is_told(preview):
    graph = preview(encoding(alarm_actions=["arn:aws:sns:us-east-1:123456789012:t"]))
    machine = graph.one("aws:sfn/stateMachine:StateMachine").inputs
    assert machine["loggingConfiguration"]["level"] == "ALL" and machine["tracingConfiguration"]["enabled"]
    alarms = graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert len(alarms) == 2 and all(one.inputs["alarmActions"] for one in alarms)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"suffixes": []}, "suffixes must be one ending or more"),
        ({"job_hours": 0}, "job_hours must be 1 to 240, got 0"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(encoding(**args))
