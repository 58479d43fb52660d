import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.event_stream import EventStream

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "image": "a:1", "port": 80}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
STREAM, ALARM = "aws:kinesis/stream:Stream", "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_shards_are_fixed_or_follow_the_load(preview):
    fixed = preview(lambda: EventStream("clicks", {"shards": 4})).one(STREAM)
    assert (fixed.inputs["shardCount"], fixed.inputs["streamModeDetails"]["streamMode"]) == (4, "PROVISIONED")
    free = preview(lambda: EventStream("clicks", {})).one(STREAM)
    assert "shardCount" not in free.inputs and free.inputs["streamModeDetails"]["streamMode"] == "ON_DEMAND"


def test_it_is_encrypted_kept_and_protected(preview):
    made = preview(lambda: EventStream("clicks", {"kept_hours": 168, "key_arn": KEY})).one(STREAM)
    assert (made.inputs["encryptionType"], made.inputs["kmsKeyId"]) == ("KMS", KEY)
    assert made.inputs["retentionPeriod"] == 168 and made.protect
    assert preview(lambda: EventStream("clicks", {})).one(STREAM).inputs["kmsKeyId"] == "alias/aws/kinesis"


def test_who_notices_puts_in_and_who_asks_reads(preview):
    def program():
        clicks = EventStream("clicks", {"key_arn": KEY, "fan_out": ["features"]})
        connect(AutoScalingService("web", PLACE), clicks.entry)
        connect(AutoScalingService("features", PLACE), clicks.exit)

    graph = preview(program)
    producer, reader = (
        {
            s["Sid"]: s
            for s in json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])[
                "Statement"
            ]
        }
        for name in ("web-to-clicks", "features-to-clicks")
    )
    arn = graph.one(STREAM).outputs["arn"]
    assert producer.keys() == {"Put", "Key"} and producer["Put"]["Resource"] == arn
    assert producer["Key"]["Action"] == ["kms:GenerateDataKey"]
    assert reader["Read"]["Resource"] == arn and "kinesis:PutRecord" not in reader["Read"]["Action"]
    assert reader["Key"]["Action"] == ["kms:Decrypt"]
    own = graph.one("aws:kinesis/streamConsumer:StreamConsumer", "clicks-features").outputs["arn"]
    assert reader["FanOut"]["Resource"] == [own]
    told = {one.inputs["insecureValue"] for one in graph.all("aws:ssm/parameter:Parameter")}
    assert told == {graph.one(STREAM).outputs["name"]}


def test_too_few_shards_and_late_readers_are_alarmed(preview):
    graph = preview(lambda: EventStream("clicks", {"oldest_seconds": 60}))
    assert graph.one(ALARM, "clicks-late").inputs["threshold"] == 60_000
    assert graph.one(ALARM, "clicks-small").inputs["metricName"] == "WriteProvisionedThroughputExceeded"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"shards": 169, "records": 169_445},
            "at least 170, so that .*1000 records a second into a shard .*https:",
        ),
        ({"shards": 2, "megabytes": 3}, "shards must be at least 3"),
        ({"shards": 3, "megabytes": 3, "readers": 4}, "shards must be at least 6"),
        ({"shards": 20001}, "shards must be 1 to 20000 shards"),
        ({"kept_hours": 9000}, "kept_hours must be 24 to 8760"),
        ({"fan_out": ["a", "a"]}, "fan_out must be different names"),
        ({"oldest_seconds": 0}, "oldest_seconds must be at least 1"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: EventStream("clicks", more))
