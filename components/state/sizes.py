"""How large data stores may be: the limits that decide whether a size can exist, and what a size needs.

Looked up on 2026-11-25. These are the limits of one cluster; what an account may have together is in
fourplane/limits.yaml. Terabytes are decimal, GiB are not.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from components.component import ArgumentError

GIB_IN_TERABYTE = 10**12 / 2**30


@dataclass(frozen=True)
class Limit:
    """The most of something, and the page that says so."""

    most: int
    of: str
    source: str

    def __str__(self) -> str:
        return f"{self.most} {self.of} ({self.source})"


KAFKA_QUOTA = "https://docs.aws.amazon.com/msk/latest/developerguide/limits.html"
KAFKA_PRACTICE = (
    "https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html#partitions-per-broker"
)
REDIS_NODES = Limit(
    500,
    "nodes a cluster, 90 before more are asked for",
    "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Replication.Redis.Groups.html",
)
AURORA_READERS = Limit(
    15,
    "readers a cluster",
    "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Replication.html",
)
REDIS_REPLICAS = Limit(5, "replicas a shard", REDIS_NODES.source)
KAFKA_BROKERS = Limit(60, "brokers a cluster that runs on KRaft, before more are asked for", KAFKA_QUOTA)
KAFKA_STORAGE = Limit(16384, "GiB a broker", KAFKA_QUOTA)
CASSANDRA_TERABYTES = Limit(
    2,
    "TB a node, more being slow to repair and to replace",
    "https://docs.datastax.com/en/planning/oss/oss-capacity-planning.html",
)
DYNAMO_THROUGHPUT = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
DYNAMO_QUOTA = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"
DYNAMO_READS = Limit(3000, "read units a second of one partition", DYNAMO_THROUGHPUT)
DYNAMO_WRITES = Limit(1000, "write units a second of one partition", DYNAMO_THROUGHPUT)
DYNAMO_INDEXES = Limit(20, "global indexes a table, before more are asked for", DYNAMO_QUOTA)
DAX_NODES = Limit(
    11,
    "nodes a cluster, the primary among them",
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.concepts.cluster.html",
)
KINESIS_QUOTA = "https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html"
SHARD_RECORDS = Limit(1000, "records a second into a shard", KINESIS_QUOTA)
SHARD_MEGABYTES_IN = Limit(1, "MB a second into a shard", KINESIS_QUOTA)
SHARD_MEGABYTES_OUT = Limit(2, "MB a second out of a shard, for all its readers together", KINESIS_QUOTA)
SHARDS = Limit(20000, "shards of an account in a large region, before more are asked for", KINESIS_QUOTA)
FAN_OUT = Limit(20, "readers of a stream with a way of their own", KINESIS_QUOTA)
REDSHIFT_TYPES = "https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-clusters.html"

# fmt: off
REDIS_GIB = {
    "t4g.micro": 0.5, "t4g.small": 1.37, "t4g.medium": 3.09,
    "m7g.large": 6.38, "m7g.xlarge": 12.93, "m7g.2xlarge": 26.04, "m7g.4xlarge": 52.26, "m7g.8xlarge": 103.68,
    "m7g.12xlarge": 157.12, "m7g.16xlarge": 209.55,
    "r7g.large": 13.07, "r7g.xlarge": 26.32, "r7g.2xlarge": 52.82, "r7g.4xlarge": 105.81,
    "r7g.8xlarge": 209.55, "r7g.12xlarge": 317.77, "r7g.16xlarge": 419.09,
}
"""Memory of a node, in GiB, by its type without "cache.": https://aws.amazon.com/elasticache/pricing/"""
KAFKA_PARTITIONS = {
    "t3.small": 300,
    "m5.large": 1000, "m5.xlarge": 1000, "m5.2xlarge": 2000, "m5.4xlarge": 4000, "m5.8xlarge": 4000,
    "m5.12xlarge": 4000, "m5.16xlarge": 4000, "m5.24xlarge": 4000,
    "m7g.large": 1000, "m7g.xlarge": 1000, "m7g.2xlarge": 2000, "m7g.4xlarge": 4000, "m7g.8xlarge": 4000,
    "m7g.12xlarge": 4000, "m7g.16xlarge": 4000,
}
"""Partitions of a broker, copies among them, by its type without "kafka.": KAFKA_PRACTICE."""
REDSHIFT = {
    "ra3.large": (16, 8), "ra3.xlplus": (16, 32), "ra3.4xlarge": (32, 128), "ra3.16xlarge": (128, 128),
}
"""Nodes that a cluster is made with at most, and terabytes of one, by their type: REDSHIFT_TYPES."""
# fmt: on
REDIS_USABLE = 0.75
"""A quarter is kept free for snapshots and failovers:
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/redis-memory-management.html"""
KAFKA_USABLE = 0.6
"""Disks grow when they are fuller:
https://docs.aws.amazon.com/msk/latest/developerguide/msk-autoexpand.html"""


def partitions_of_broker(instance_type: str) -> Limit:
    """The most partitions of a broker of a type, such as "kafka.m7g.large"."""
    kind = instance_type.removeprefix("kafka.")
    most = int(_known(KAFKA_PARTITIONS, "kafka.", kind))
    return Limit(most, f"partitions a kafka.{kind}, copies among them", KAFKA_PRACTICE)


def redis_terabytes(node_type: str, replicas: int) -> float:
    """The most that one cluster holds, a quarter of each node's memory being kept free."""
    return REDIS_NODES.most // (1 + replicas) * _redis_gib(node_type) / GIB_IN_TERABYTE


def redis_shards(terabytes: float, node_type: str, replicas: int) -> int:
    """Shards that hold some terabytes, a quarter of each node's memory being kept free. Raises ArgumentError
    where one cluster cannot have so many nodes: then the data must be parted over several clusters."""
    shards = max(1, math.ceil(terabytes * GIB_IN_TERABYTE / _redis_gib(node_type)))
    if (nodes := shards * (1 + replicas)) > REDIS_NODES.most:
        holds = redis_terabytes(node_type, replicas)
        raise ArgumentError(
            f"redis_shards: {terabytes:g} TB in {node_type} with {replicas} replicas are {nodes} nodes, and "
            f"there are at most {REDIS_NODES}: one cluster holds {holds:.1f} TB"
        )
    return shards


def redis_shards_of_memory(terabytes: float, node_type: str, replicas: int) -> int:
    """Shards whose nodes have some terabytes of memory together, copies and what is kept free among it.
    Raises ArgumentError where one cluster cannot have so many nodes."""
    gib = _redis_gib(node_type) / REDIS_USABLE
    shards = max(1, math.ceil(terabytes * GIB_IN_TERABYTE / gib / (1 + replicas)))
    if (nodes := shards * (1 + replicas)) > REDIS_NODES.most:
        raise ArgumentError(
            f"redis_shards_of_memory: {terabytes:g} TB of {node_type} are {nodes} nodes, and there are at "
            f"most {REDIS_NODES}"
        )
    return shards


def kafka_brokers(
    partitions: int, terabytes: float, instance_type: str, zones: int = 3, copies: int = 3
) -> int:
    """Brokers that hold some partitions and terabytes, each kept `copies` times: as many in each zone.
    Raises ArgumentError where one cluster cannot have so many."""
    by_partitions = partitions * copies / partitions_of_broker(instance_type).most
    by_storage = terabytes * copies * GIB_IN_TERABYTE / (KAFKA_STORAGE.most * KAFKA_USABLE)
    brokers = zones * max(1, math.ceil(max(by_partitions, by_storage) / zones))
    if brokers > KAFKA_BROKERS.most:
        limit = partitions_of_broker(instance_type) if by_partitions >= by_storage else KAFKA_STORAGE
        raise ArgumentError(
            f"kafka_brokers: {partitions} partitions and {terabytes:g} TB, {copies} times, are {brokers} "
            f"brokers at {limit}, and there are at most {KAFKA_BROKERS}"
        )
    return brokers


def cassandra_nodes(terabytes: float, copies: int = 3, zones: int = 3) -> int:
    """Nodes that hold some terabytes, each row kept `copies` times: as many in each zone."""
    return zones * max(1, math.ceil(terabytes * copies / CASSANDRA_TERABYTES.most / zones))


def dynamo_partitions(reads: float, writes: float) -> int:
    """Partitions that take some read and write units a second, when all keys are asked for alike."""
    return max(1, math.ceil(reads / DYNAMO_READS.most + writes / DYNAMO_WRITES.most))


def kinesis_shards(records: float, megabytes: float, readers: int = 1) -> int:
    """Shards that take some records and megabytes a second, and give them to some readers, of which none has
    a way of its own. Raises ArgumentError where an account has not so many."""
    read = megabytes * readers / SHARD_MEGABYTES_OUT.most
    shards = max(1, math.ceil(max(records / SHARD_RECORDS.most, megabytes / SHARD_MEGABYTES_IN.most, read)))
    if shards > SHARDS.most:
        raise ArgumentError(
            f"kinesis_shards: {records:g} records and {megabytes:g} MB a second are {shards} shards, and "
            f"there are at most {SHARDS}"
        )
    return shards


def redshift_limits(node_type: str) -> tuple[Limit, Limit]:
    """The most nodes of a cluster of a type, such as "ra3.4xlarge", and the most terabytes of a node."""
    if node_type not in REDSHIFT:
        raise ArgumentError(f"components/state/sizes.py knows no {node_type}; it knows {', '.join(REDSHIFT)}")
    nodes, terabytes = REDSHIFT[node_type]
    return (
        Limit(nodes, f"nodes of {node_type} when a cluster is made", REDSHIFT_TYPES),
        Limit(terabytes, f"TB a node of {node_type}", REDSHIFT_TYPES),
    )


def redshift_nodes(terabytes: float, node_type: str) -> int:
    """Nodes that hold some terabytes. Raises ArgumentError where one cluster cannot have so many: then older
    data stays in S3, where Redshift reads it too, or is parted over several clusters."""
    most, each = redshift_limits(node_type)
    nodes = max(1, math.ceil(terabytes / each.most))
    if nodes > most.most:
        raise ArgumentError(
            f"redshift_nodes: {terabytes:g} TB are {nodes} nodes at {each}, and there are at most {most}: "
            f"one cluster holds {most.most * each.most} TB"
        )
    return nodes


def _redis_gib(node_type: str) -> float:
    return _known(REDIS_GIB, "cache.", node_type.removeprefix("cache.")) * REDIS_USABLE


def _known(table: Mapping[str, float], prefix: str, kind: str) -> float:
    if kind not in table:
        known = ", ".join(f"{prefix}{one}" for one in table)
        raise ArgumentError(f"components/state/sizes.py knows no {prefix}{kind}; it knows {known}")
    return table[kind]
