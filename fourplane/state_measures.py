"""How much of what AWS limits the data stores of a stack ask for: more of fourplane/measures.py."""

from collections import Counter
from collections.abc import Iterator

from fourplane.measures import KAFKA, Amount, Stock, measure

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
TOPIC = "aws:msk/topic:Topic"


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
