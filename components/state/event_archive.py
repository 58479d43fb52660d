"""Events for whoever asks about the past: what a Kafka cluster keeps for days, in a bucket for good."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.keeping import Logging
from components.logs import log_group
from components.policies import policy, trust
from components.state.content.replication import key_statement
from components.state.content_store import ContentStore, ContentStoreArgs

BEGINNING = "1970-01-01T00:00:00Z"
LONGEST = 56
"""Letters that leave room for what Pulumi adds to a stream's name, of which Firehose takes 64."""
HOUR = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
"""Folders that Athena and Glue know as partitions, in UTC:
https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html"""


class EventArchiveArgs(Logging):
    cluster_arn: pulumi.Input[str]
    """The cluster that is read: KafkaCluster's `feed`."""
    topics: Sequence[str]
    """Its topics that are kept."""
    buffer_seconds: NotRequired[int]
    """Seconds that events wait for others to fill an object with, 60 to 900. Default 300."""
    tier_after_days: NotRequired[int]
    """Days until an object moves to S3 Intelligent-Tiering. Default 30."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when events come late. Default: none."""


class EventArchive(Store):
    """A bucket with every event of some topics, at least once, as lines of gzip files by topic and hour.

    Firehose reads the cluster as a consumer of its own, from the oldest event that the topic still has, and
    holds events back while the bucket cannot be written. What it cannot write at all is under failed/. An
    arrow lets its client read the bucket. Needs a cluster with `private_links`:
    EventArchive("analytics", {**events.feed, "topics": ["orders"]}).
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    """Of the bucket."""
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of the alarms for events that come late, by topic."""

    def __init__(self, name: str, args: EventArchiveArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not args["topics"]:
            self.reject("topics", [], "one or more")
        for topic in args["topics"]:
            if len(f"{name}-{topic}") > LONGEST:
                self.reject("topics", topic, f"short: '<name>-<topic>' has {LONGEST} letters at most")
        if not 60 <= (seconds := args.get("buffer_seconds", 300)) <= 900:
            self.reject("buffer_seconds", seconds, "60 to 900")

        self._store = ContentStore(name, _store(args), self.child)
        logs = log_group(self, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
        role = aws.iam.Role(name, assume_role_policy=trust("firehose.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(
            name, role=role.name, policy=policy(self._statements(args, logs.arn)), opts=self.child
        )
        streams = {topic: self._stream(topic, args, role, logs, allowed) for topic in args["topics"]}
        late = {topic: self._alarm(topic, stream.name, args) for topic, stream in streams.items()}

        self.bucket = self._store.bucket
        self.address = self.bucket
        self.arn = self._store.arn
        self.alarm_arns = pulumi.Output.all(**{topic: alarm.arn for topic, alarm in late.items()})
        self.register_outputs(
            {
                "bucket": self.bucket,
                "address": self.address,
                "arn": self.arn,
                "alarm_arns": self.alarm_arns,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading its objects and listing them."""
        return self._store.grants()

    def _stream(
        self,
        topic: str,
        args: EventArchiveArgs,
        role: aws.iam.Role,
        logs: aws.cloudwatch.LogGroup,
        allowed: aws.iam.RolePolicy,
    ) -> aws.kinesis.FirehoseDeliveryStream:
        log = aws.cloudwatch.LogStream(
            f"{self.name}-{topic}", name=topic, log_group_name=logs.name, opts=self.child
        )
        return aws.kinesis.FirehoseDeliveryStream(
            f"{self.name}-{topic}",
            destination="extended_s3",
            msk_source_configuration={
                "msk_cluster_arn": args["cluster_arn"],
                "topic_name": topic,
                "read_from_timestamp": BEGINNING,
                "authentication_configuration": {"connectivity": "PRIVATE", "role_arn": role.arn},
            },
            extended_s3_configuration={
                "role_arn": role.arn,
                "bucket_arn": self._store.arn,
                "prefix": f"{topic}/{HOUR}",
                "error_output_prefix": f"failed/{topic}/!{{firehose:error-output-type}}/{HOUR}",
                "buffering_interval": args.get("buffer_seconds", 300),
                "buffering_size": 128,
                "compression_format": "GZIP",
                "kms_key_arn": args.get("key_arn"),
                # Events have no end of their own, and readers want lines.
                "processing_configuration": {
                    "enabled": True,
                    "processors": [{"type": "AppendDelimiterToRecord"}],
                },
                "cloudwatch_logging_options": {
                    "enabled": True,
                    "log_group_name": logs.name,
                    "log_stream_name": log.name,
                },
            },
            # Firehose tries the cluster and the bucket when a stream is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed, self._store]),
        )

    def _alarm(
        self, topic: str, stream: pulumi.Output[str], args: EventArchiveArgs
    ) -> aws.cloudwatch.MetricAlarm:
        seconds = args.get("buffer_seconds", 300)
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-{topic}-late",
            alarm_description=f"Events of {topic} wait for {self.name} much longer than {seconds} s",
            namespace="AWS/Firehose",
            metric_name="DeliveryToS3.DataFreshness",
            dimensions={"DeliveryStreamName": stream},
            statistic="Maximum",
            period=300,
            comparison_operator="GreaterThanThreshold",
            threshold=3 * seconds,
            evaluation_periods=3,
            treat_missing_data="notBreaching",  # there was no event
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

    def _statements(self, args: EventArchiveArgs, log_group_arn: pulumi.Output[str]) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html"""
        cluster = pulumi.Output.from_input(args["cluster_arn"])
        topics = cluster.apply(lambda arn: arn.replace(":cluster/", ":topic/"))
        groups = cluster.apply(lambda arn: arn.replace(":cluster/", ":group/"))
        objects = pulumi.Output.format("{}/*", self._store.arn)
        wanted: list[tuple[str, list[str], Any]] = [
            (
                "Cluster",
                [
                    "kafka:GetBootstrapBrokers",
                    "kafka:DescribeCluster",
                    "kafka:DescribeClusterV2",
                    "kafka-cluster:Connect",
                ],
                cluster,
            ),
            (
                "Topics",
                [f"kafka-cluster:{one}" for one in ("DescribeTopic", "DescribeTopicDynamicConfiguration")]
                + ["kafka-cluster:ReadData"],
                [pulumi.Output.format("{}/{}", topics, topic) for topic in args["topics"]],
            ),
            # Nobody is told how Firehose calls its group.
            ("Groups", ["kafka-cluster:DescribeGroup"], pulumi.Output.format("{}/*", groups)),
            ("Objects", ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], objects),
            (
                "Bucket",
                ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
                self._store.arn,
            ),
            ("Log", ["logs:PutLogEvents"], pulumi.Output.format("{}:log-stream:*", log_group_arn)),
        ]
        made = [{"Sid": sid, "Effect": "Allow", "Action": do, "Resource": at} for sid, do, at in wanted]
        if "key_arn" not in args:
            return made
        return [
            *made,
            key_statement("Key", ["kms:Decrypt", "kms:GenerateDataKey"], args["key_arn"], self._store.arn),
        ]


def _store(args: EventArchiveArgs) -> ContentStoreArgs:
    made: ContentStoreArgs = {
        "tier_after_days": args.get("tier_after_days", 30),
        "disposable": args.get("disposable", False),
    }
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    if "log_bucket" in args:
        made["log_bucket"] = args["log_bucket"]
    return made
