"""What happens, in order and as it happens, for some readers at once: Kinesis Data Streams."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping
from components.policies import use_key
from components.state.entry import Entry
from components.state.exit import Exit
from components.state.sizes import (
    FAN_OUT,
    SHARD_MEGABYTES_IN,
    SHARD_MEGABYTES_OUT,
    SHARD_RECORDS,
    SHARDS,
    kinesis_shards,
)

KINESIS_KEY = "alias/aws/kinesis"


class EventStreamArgs(Keeping):
    shards: NotRequired[int]
    """Parts that are written and read side by side, each in order; events of one partition key go to one.
    Default: as many as the load asks for (on demand), which costs more, and lasts minutes to double."""
    records: NotRequired[float]
    """Events a second at the peak, to check `shards` by. Default: unknown."""
    megabytes: NotRequired[float]
    """Megabytes a second at the peak, to check `shards` by. Default: unknown."""
    readers: NotRequired[int]
    """Programs that read all of it and share its 2 MB/s a shard, to check `shards` by. Default 1."""
    fan_out: NotRequired[Sequence[str]]
    """Readers that get a way of their own (enhanced fan-out), by a name of one's own. Default: none."""
    kept_hours: NotRequired[int]
    """Hours that an event is kept, 24 to 8760. Default 24."""
    oldest_seconds: NotRequired[int]
    """Seconds that the slowest reader may be behind before the alarm goes off. Default 300."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when it is too small, or a reader is late. Default: none."""


class EventStream(Component):
    """An encrypted stream of events over three zones, from those who notice them to those who ask.

    Who notices has an arrow to its `entry`, and may put events in; who reads has one to its `exit`:
    connect(web, clicks.entry), connect(features, clicks.exit).
    """

    arn: pulumi.Output[str]
    stream_name: pulumi.Output[str]
    consumer_arns: pulumi.Output[Mapping[str, str]]
    """Of the readers with a way of their own, by their names."""
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of its alarms, by what is wrong: "small", "late"."""

    def __init__(self, name: str, args: EventStreamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        mode = "PROVISIONED" if "shards" in args else "ON_DEMAND"
        stream = aws.kinesis.Stream(
            name,
            shard_count=args.get("shards"),
            stream_mode_details={"stream_mode": mode},
            retention_period=args.get("kept_hours", 24),
            encryption_type="KMS",
            kms_key_id=args.get("key_arn", KINESIS_KEY),
            enforce_consumer_deletion=args.get("disposable", False),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.get("disposable", False)),
        )
        consumers = {
            reader: aws.kinesis.StreamConsumer(f"{name}-{reader}", stream_arn=stream.arn, opts=self.child)
            for reader in args.get("fan_out", ())
        }

        self._key_arn = args.get("key_arn")
        self.arn, self.stream_name = stream.arn, stream.name
        self.consumer_arns = pulumi.Output.all(**{reader: made.arn for reader, made in consumers.items()})
        self.alarm_arns = self._alarms(args, stream)
        # Both have its name, so that an arrow to either is one to the stream.
        self.entry = Entry(name, {"address": stream.name, "statements": self._putting()}, self.child)
        reading = self._reading([made.arn for made in consumers.values()])
        self.exit = Exit(name, {"address": stream.name, "statements": reading}, self.child)
        self.register_outputs(
            {
                "arn": self.arn,
                "stream_name": self.stream_name,
                "consumer_arns": self.consumer_arns,
                "alarm_arns": self.alarm_arns,
            }
        )

    def _putting(self) -> list[dict[str, Any]]:
        return self._may("Put", ("PutRecord", "PutRecords", "DescribeStreamSummary"), "GenerateDataKey")

    def _reading(self, consumers: Sequence[pulumi.Output[str]]) -> list[dict[str, Any]]:
        read = ("GetRecords", "GetShardIterator", "DescribeStream", "DescribeStreamSummary", "ListShards")
        statements = self._may("Read", read, "Decrypt")
        if not consumers:
            return statements
        own = {
            "Sid": "FanOut",
            "Effect": "Allow",
            "Action": ["kinesis:SubscribeToShard", "kinesis:DescribeStreamConsumer"],
            "Resource": list(consumers),
        }
        return [*statements, own]

    def _may(self, sid: str, actions: Sequence[str], of_key: str) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html"""
        named = [f"kinesis:{action}" for action in actions]
        allowed = {"Sid": sid, "Effect": "Allow", "Action": named, "Resource": self.arn}
        if self._key_arn is None:
            return [allowed]
        return [allowed, use_key(self._key_arn, "kinesis", self.arn, of_key)]

    def _alarms(self, args: EventStreamArgs, stream: aws.kinesis.Stream) -> pulumi.Output[Mapping[str, str]]:
        """https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html"""
        oldest = args.get("oldest_seconds", 300)
        wrong: dict[str, tuple[str, str, float, str]] = {
            "small": ("WriteProvisionedThroughputExceeded", "Sum", 0, "events are refused: too few shards"),
            "late": (
                "GetRecords.IteratorAgeMilliseconds",
                "Maximum",
                1000 * oldest,
                f"a reader is more than {oldest} s behind",
            ),
        }
        made = {
            role: aws.cloudwatch.MetricAlarm(
                f"{self.name}-{role}",
                alarm_description=f"{self.name}: {words}",
                namespace="AWS/Kinesis",
                metric_name=metric,
                dimensions={"StreamName": stream.name},
                statistic=statistic,
                period=60,
                comparison_operator="GreaterThanThreshold",
                threshold=most,
                evaluation_periods=3,
                treat_missing_data="notBreaching",  # nobody wrote, or nobody reads yet
                alarm_actions=args.get("alarm_actions", []),
                ok_actions=args.get("alarm_actions", []),
                opts=self.child,
            )
            for role, (metric, statistic, most, words) in wrong.items()
        }
        return pulumi.Output.all(**{role: alarm.arn for role, alarm in made.items()})

    def _check(self, args: EventStreamArgs) -> None:
        if not 24 <= (hours := args.get("kept_hours", 24)) <= 8760:
            self.reject("kept_hours", hours, "24 to 8760")
        own = list(args.get("fan_out", ()))
        if len(own) > FAN_OUT.most or len(set(own)) < len(own):
            self.reject("fan_out", own, f"different names, so that there are at most {FAN_OUT}")
        if (seconds := args.get("oldest_seconds", 300)) < 1:
            self.reject("oldest_seconds", seconds, "at least 1")
        if "shards" not in args:
            return
        shards, readers = args["shards"], args.get("readers", 1)
        if not 1 <= shards <= SHARDS.most:
            self.reject("shards", shards, f"1 to {SHARDS}")
        records, megabytes = args.get("records", 0), args.get("megabytes", 0)
        if shards < (wanted := kinesis_shards(records, megabytes, readers)):
            limits = f"{SHARD_RECORDS}, {SHARD_MEGABYTES_IN.most} MB in, {SHARD_MEGABYTES_OUT.most} MB out"
            load = f"{records:g} records and {megabytes:g} MB a second for {readers}"
            self.reject("shards", shards, f"at least {wanted}, so that {load} readers fit: {limits}")
