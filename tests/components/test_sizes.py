"""What a size needs, and the sizes that cannot be."""

import pytest

from components.component import ArgumentError
from components.state.redis_cluster import RedisCluster
from components.state.sizes import (
    cassandra_nodes,
    dynamo_partitions,
    kafka_brokers,
    kinesis_shards,
    redis_shards,
    redis_terabytes,
    redshift_nodes,
)


def test_a_quarter_of_a_cache_s_memory_is_kept_free():
    assert redis_shards(0.01, "cache.r7g.large", 2) == 1  # 9.3 GiB of 9.8
    assert redis_shards(0.011, "cache.r7g.large", 2) == 2
    assert redis_shards(40, "cache.r7g.16xlarge", 2) == 119
    assert redis_shards(redis_terabytes("cache.r7g.16xlarge", 2), "cache.r7g.16xlarge", 2) == 166


def test_brokers_are_as_many_in_each_zone_as_partitions_or_disks_need():
    assert kafka_brokers(10, 1, "kafka.m7g.large") == 3
    assert kafka_brokers(10_000, 1, "kafka.m7g.4xlarge") == 9
    assert kafka_brokers(10, 100, "kafka.m7g.large") == 30  # 300 TB on disks of 17.6, full to 60 %


def test_a_node_of_cassandra_holds_two_terabytes():
    assert cassandra_nodes(500) == 750 and cassandra_nodes(0.1) == 3


def test_a_shard_takes_a_thousand_events_or_a_megabyte_and_gives_two():
    assert kinesis_shards(610_000_000 / 3600, 170) == 170  # an hour's 610 million events
    assert kinesis_shards(100, 40) == 40
    assert kinesis_shards(100, 40, readers=3) == 60


def test_a_partition_takes_reads_and_writes_together():
    assert dynamo_partitions(3000, 1000) == 2 and dynamo_partitions(10, 10) == 1


def test_a_warehouse_has_nodes_for_its_terabytes():
    assert redshift_nodes(100, "ra3.xlplus") == 4 and redshift_nodes(16384, "ra3.16xlarge") == 128


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (lambda: kinesis_shards(30_000_000, 1), "30000 shards, and there are at most 20000 shards"),
        (lambda: redshift_nodes(100_000, "ra3.16xlarge"), "782 nodes at .*one cluster holds 16384 TB"),
        (lambda: redis_shards(100, "cache.r7g.16xlarge", 2), "891 nodes, and there are at most 500 nodes"),
        (lambda: kafka_brokers(100_000, 1, "kafka.m7g.large"), "300 brokers at 1000 partitions"),
        (lambda: kafka_brokers(1, 500, "kafka.m7g.large"), "144 brokers at 16384 GiB a broker"),
    ],
)
def test_rejects_a_size_that_cannot_be_and_names_the_limit_and_its_source(size, said):
    with pytest.raises(ArgumentError, match=said) as raised:
        size()
    assert "https://docs.aws.amazon.com/" in str(raised.value)


def test_rejects_a_type_that_the_table_does_not_have():
    with pytest.raises(ArgumentError, match=r"knows no cache\.r2d2; it knows cache\.t4g\.micro"):
        redis_shards(1, "cache.r2d2", 1)


def test_a_cache_is_held_to_the_same_table(preview):
    data = {"vpc_id": "vpc-1", "subnet_ids": ["a", "b", "c"], "zones": ["z-a", "z-b", "z-c"]}
    with pytest.raises(Exception, match=r"shards must be 1 to 166.*500 nodes a cluster.*https://"):
        preview(lambda: RedisCluster("cache", {**data, "shards": 167}))
