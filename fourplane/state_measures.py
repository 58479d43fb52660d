"""How much of what AWS limits the data stores of a stack ask for: more of fourplane/measures.py."""

from collections import Counter
from collections.abc import Iterator

from fourplane.measures import KAFKA, Amount, Stock, measure

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
TOPIC = "aws:msk/topic:Topic"
TABLE = "aws:dynamodb/table:Table"
TARGET = "aws:appautoscaling/target:Target"
STREAM, READER = "aws:kinesis/stream:Stream", "aws:kinesis/streamConsumer:StreamConsumer"
ON_DEMAND_SHARDS = 4
"""What a stream on demand begins with."""


@measure
def kafka_brokers(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[str] = Counter()
    for cluster, values in stock.all(KAFKA):
        found[cluster.region] += int(values.get("numberOfBrokerNodes", 0))
    yield from ((region, "", number) for region, number in found.items())


@measure
def kafka_brokers_of_cluster(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for cluster, values in stock.all(KAFKA):
        yield cluster.region, stock.title(cluster), int(values.get("numberOfBrokerNodes", 0))


@measure
def kafka_partitions(stock: Stock, types: list[str]) -> Iterator[Amount]:
    """Kafka spreads them evenly."""
    found: Counter[str] = Counter()
    for _, values in stock.all(TOPIC):
        copies = int(values.get("replicationFactor", 1))
        found[str(values.get("clusterArn"))] += int(values.get("partitionCount", 0)) * copies
    for cluster, values in stock.all(KAFKA):
        if brokers := int(values.get("numberOfBrokerNodes", 0)):
            yield cluster.region, stock.title(cluster), found[str(values.get("arn"))] / brokers


@measure
def cache_nodes(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for group, values in stock.all(GROUP):
        copies = 1 + int(values.get("replicasPerNodeGroup") or 0)
        yield group.region, stock.title(group), int(values.get("numNodeGroups") or 1) * copies


def _units(stock: Stock, way: str) -> Iterator[Amount]:
    """The most that a table is made for: what is warm, what is paid for, or what that may grow to."""
    most: Counter[str] = Counter()
    for _, values in stock.all(TARGET):
        if values.get("scalableDimension") == f"dynamodb:table:{way.title()}CapacityUnits":
            most[str(values.get("resourceId"))] = int(values.get("maxCapacity", 0))
    for table, values in stock.all(TABLE):
        warm = values.get("warmThroughput") or {}
        fixed = int(values.get(f"{way}Capacity") or 0)
        named = most[f"table/{values.get('name')}"]
        used = max(int(warm.get(f"{way}UnitsPerSecond") or 0), fixed, named)
        yield table.region, stock.title(table), used


@measure
def table_reads(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _units(stock, "read")


@measure
def table_writes(stock: Stock, types: list[str]) -> Iterator[Amount]:
    yield from _units(stock, "write")


@measure
def table_indexes(stock: Stock, types: list[str]) -> Iterator[Amount]:
    for table, values in stock.all(TABLE):
        yield table.region, stock.title(table), len(values.get("globalSecondaryIndexes") or [])


@measure
def shards(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found: Counter[str] = Counter()
    for stream, values in stock.all(STREAM):
        found[stream.region] += int(values.get("shardCount") or ON_DEMAND_SHARDS)
    yield from ((region, "", number) for region, number in found.items())


@measure
def fan_out(stock: Stock, types: list[str]) -> Iterator[Amount]:
    found = Counter(str(values.get("streamArn")) for _, values in stock.all(READER))
    for stream, values in stock.all(STREAM):
        yield stream.region, stock.title(stream), found[str(values.get("arn"))]
