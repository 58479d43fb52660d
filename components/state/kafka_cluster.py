"""Events in order, kept for whoever reads them later: Amazon MSK, which is Apache Kafka."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server, open_links
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement
from components.policies import policy
from components.state.kafka.alarms import alarms
from components.state.kafka.checks import COPIES, IN_SYNC, TYPE, VERSION, check
from components.state.sizes import KAFKA_STORAGE, KAFKA_USABLE

SETTINGS = Path(__file__).parent / "kafka" / "server.properties"
STORAGE = "brokerNodeGroupInfo.storageInfo.ebsStorageInfo.volumeSize"
LINKS = (14001, 14100)
"""Ports of the brokers for what comes through PrivateLink and signs with IAM, one a broker:
https://docs.aws.amazon.com/msk/latest/developerguide/mvpc-getting-started.html"""


class Topic(TypedDict):
    """How the events of one kind are kept."""

    partitions: NotRequired[int]
    """Parts that are read side by side, each in order. Default 3. They may become more, and never fewer."""
    retention_hours: NotRequired[int]
    """Hours that an event is kept. Default 168, a week."""
    compacted: NotRequired[bool]
    """Whether the last event of each key is kept for ever instead. Default False."""


class Feed(TypedDict):
    """What an EventArchive reads from: `KafkaCluster.feed`."""

    cluster_arn: pulumi.Input[str]
    """The cluster, once AWS's own services may connect to it."""


class KafkaClusterArgs(ZonedPlacement, Logging):
    topics: Mapping[str, Topic]
    """The topics, by name. No other is ever made."""
    brokers_per_zone: NotRequired[int]
    """Brokers in each of the three zones. Default 1. They may become more, which moves no partition by
    itself."""
    instance_type: NotRequired[str]
    """Default kafka.m7g.large: 2 Graviton vCPUs, 8 GiB, 1000 partitions."""
    kafka_version: NotRequired[str]
    """Default 3.9.x.kraft: without ZooKeeper, with AWS's own choice of the patch."""
    storage_gib: NotRequired[int]
    """First size of each broker's disk. Default 100. It grows by itself at 60 % and never shrinks."""
    most_storage_gib: NotRequired[int]
    """Size that the disks may grow to. Default: ten times the first, 16384 at most."""
    private_links: NotRequired[bool]
    """Whether Firehose may connect through PrivateLink, for an EventArchive: needs cidr_blocks, and no t3
    broker. Default False."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when it is not well. Default: none."""


class KafkaCluster(Server):
    """A Kafka cluster that a zone can be taken from: of every event there are three copies in three zones,
    and none is acknowledged to a producer that asks for all (acks=all) before two have it.

    TLS and IAM only (SASL/OAUTHBEARER or AWS_MSK_IAM). An arrow opens the way and lets its client's role
    read and write the topics, as a consumer group that has the client's own name:
    https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control.html
    """

    port = 9098
    arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    topic_arns: pulumi.Output[Mapping[str, str]]
    """Of each topic, by its name."""
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of its alarms, by what is wrong: "offline", "under-replicated", "disk"."""

    def __init__(self, name: str, args: KafkaClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        called = f"{pulumi.get_stack()}-{name}"
        check(self, args, called)

        group = aws.ec2.SecurityGroup(
            name, description=f"Brokers of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        self.security_group_id = group.id
        settings = aws.msk.Configuration(
            name,
            description=f"Settings of {name}",
            server_properties=_settings(),
            opts=self.child,
        )
        cluster = self._cluster(args, called, settings)
        topics = {topic: self._topic(topic, how, cluster, args) for topic, how in args["topics"].items()}
        self._grow(args, cluster)

        self.arn = cluster.arn
        self.cluster_name = cluster.cluster_name
        self.address = cluster.bootstrap_brokers_sasl_iam
        self.topic_arns = pulumi.Output.all(**{topic: made.arn for topic, made in topics.items()})
        self.alarm_arns = alarms(self, cluster.cluster_name, args.get("alarm_actions", []))
        self._topics = [made.arn for made in topics.values()]
        self._linked = self._link(args, cluster) if args.get("private_links", False) else None
        self.register_outputs(
            {
                "arn": self.arn,
                "cluster_name": self.cluster_name,
                "address": self.address,
                "security_group_id": self.security_group_id,
                "topic_arns": self.topic_arns,
                "alarm_arns": self.alarm_arns,
            }
        )

    @property
    def feed(self) -> Feed:
        """What an EventArchive needs to read it."""
        if self._linked is None:
            self.reject("private_links", False, "True, so that an archive can read it")
        return {"cluster_arn": self._linked}

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Connecting, and reading and writing its topics."""
        connecting = {
            "Sid": "Connect",
            "Effect": "Allow",
            "Action": [
                "kafka-cluster:Connect",
                "kafka-cluster:DescribeCluster",
                # A producer that repeats itself safely asks for it: the default of Kafka's own since 3.0.
                "kafka-cluster:WriteDataIdempotently",
            ],
            "Resource": self.arn,
        }
        topics = {
            "Sid": "Topics",
            "Effect": "Allow",
            "Action": [
                "kafka-cluster:DescribeTopic",
                "kafka-cluster:DescribeTopicDynamicConfiguration",
                "kafka-cluster:ReadData",
                "kafka-cluster:WriteData",
            ],
            "Resource": self._topics,
        }
        return [connecting, topics]

    def grants_for(self, client: Peer) -> Sequence[Mapping[str, Any]]:
        """Being the consumer group of the client's name."""
        groups = self.arn.apply(lambda arn: arn.replace(":cluster/", ":group/"))
        return [
            {
                "Sid": "Group",
                "Effect": "Allow",
                "Action": ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"],
                "Resource": pulumi.Output.format("{}/{}", groups, client.name),
            }
        ]

    def _cluster(
        self, args: KafkaClusterArgs, called: str, settings: aws.msk.Configuration
    ) -> aws.msk.Cluster:
        disposable, key = args.get("disposable", False), args.get("key_arn")
        logs = log_group(
            self,
            self.name,
            # The prefix spares the log's resource policy, as for every log that AWS delivers.
            group_name=f"/aws/vendedlogs/msk/{called}",
            days=args.get("log_retention_days", 365),
            key_arn=key,
        )
        connectivity: Any = {"public_access": {"type": "DISABLED"}}
        if args.get("private_links", False):
            connectivity["vpc_connectivity"] = {"client_authentication": {"sasl": {"iam": True}}}
        return aws.msk.Cluster(
            self.name,
            cluster_name=called,
            kafka_version=args.get("kafka_version", VERSION),
            number_of_broker_nodes=len(args["zones"]) * args.get("brokers_per_zone", 1),
            broker_node_group_info={
                "instance_type": args.get("instance_type", TYPE),
                "client_subnets": list(args["subnet_ids"]),
                "security_groups": [self.security_group_id],
                "storage_info": {"ebs_storage_info": {"volume_size": args.get("storage_gib", 100)}},
                "connectivity_info": connectivity,
            },
            configuration_info={"arn": settings.arn, "revision": settings.latest_revision},
            client_authentication={"sasl": {"iam": True}, "unauthenticated": False},
            encryption_info={
                "encryption_at_rest_kms_key_arn": key,
                "encryption_in_transit": {"client_broker": "TLS", "in_cluster": True},
            },
            enhanced_monitoring="PER_TOPIC_PER_BROKER",
            logging_info={"broker_logs": {"cloudwatch_logs": {"enabled": True, "log_group": logs.name}}},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=not disposable,
                ignore_changes=[STORAGE],  # it grows by itself
            ),
        )

    def _topic(
        self, topic: str, how: Topic, cluster: aws.msk.Cluster, args: KafkaClusterArgs
    ) -> aws.msk.Topic:
        compacted = how.get("compacted", False)
        kept = {"retention.ms": str(how.get("retention_hours", 168) * 3_600_000)}
        configs = {
            "cleanup.policy": "compact" if compacted else "delete",
            "min.insync.replicas": str(IN_SYNC),
            **({} if compacted else kept),
        }
        return aws.msk.Topic(
            f"{self.name}-{topic}",
            name=topic,
            cluster_arn=cluster.arn,
            partition_count=how.get("partitions", 3),
            replication_factor=COPIES,
            configs=json.dumps(configs, sort_keys=True),
            opts=pulumi.ResourceOptions(parent=self, protect=not args.get("disposable", False)),
        )

    def _grow(self, args: KafkaClusterArgs, cluster: aws.msk.Cluster) -> None:
        """Disks that grow, once in six hours at most."""
        first = args.get("storage_gib", 100)
        target = aws.appautoscaling.Target(
            self.name,
            service_namespace="kafka",
            scalable_dimension="kafka:broker-storage:VolumeSize",
            resource_id=cluster.arn,
            min_capacity=1,
            max_capacity=args.get("most_storage_gib", min(10 * first, KAFKA_STORAGE.most)),
            opts=self.child,
        )
        aws.appautoscaling.Policy(
            self.name,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {
                    "predefined_metric_type": "KafkaBrokerStorageUtilization"
                },
                "target_value": round(100 * KAFKA_USABLE),
                "disable_scale_in": True,
            },
            opts=self.child,
        )

    def _link(self, args: KafkaClusterArgs, cluster: aws.msk.Cluster) -> pulumi.Output[str]:
        """Let Firehose make a link: https://docs.aws.amazon.com/firehose/latest/dev/writing-with-msk.html"""
        open_links(self, args.get("cidr_blocks", []), *LINKS)
        linking = {
            "Sid": "Link",
            "Effect": "Allow",
            "Principal": {"Service": "firehose.amazonaws.com"},
            "Action": "kafka:CreateVpcConnection",
            "Resource": cluster.arn,
        }
        allowed = aws.msk.ClusterPolicy(
            self.name, cluster_arn=cluster.arn, policy=policy([linking]), opts=self.child
        )
        return pulumi.Output.all(cluster.arn, allowed.id).apply(lambda known: known[0])


def _settings() -> str:
    """The settings alone: AWS does not say that it takes a comment."""
    return "\n".join(line for line in SETTINGS.read_text().splitlines() if not line.startswith("#"))
