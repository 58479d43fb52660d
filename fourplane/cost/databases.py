"""Data stores of nodes: databases, caches, search, warehouses, brokers."""

from fourplane.cost.meters import HOURS, Meter, entries, first, meter

SERVERLESS = "db.serverless"
INCLUDED_IOPS, INCLUDED_THROUGHPUT = 3000, 125


@meter("aws:rds/instance:Instance")
def instance(m: Meter) -> None:
    """A standby costs what the one that it stands by for does, disk and all."""
    copies = 2 if m.values.get("multiAz") is True else 1
    engine = m.text("engine") or "postgres"
    m.hours(f"rds.{engine}.{m.text('instanceClass').removeprefix('db.')}", copies)
    m.charge(f"rds.{m.text('storageType') or 'gp2'}", m.number("allocatedStorage", 20) * copies)
    m.used("rds.backup_gb", "database_backup_gigabytes")


@meter("aws:rds/cluster:Cluster")
def cluster(m: Meter) -> None:
    """The disk of an Aurora cluster grows by itself, and is paid for once, however many nodes read it."""
    if not m.text("engine").startswith("aurora"):
        m.hours(f"rds.{m.text('engine')}.{m.text('dbClusterInstanceClass').removeprefix('db.')}", 3)
        m.charge(f"rds.{m.text('storageType') or 'io1'}", m.number("allocatedStorage") * 3)
        return
    if m.text("storageType") == "aurora-iopt1":
        m.used("aurora.io_optimised_gb", "database_gigabytes")
    else:
        m.used("aurora.gb", "database_gigabytes")
        m.used("aurora.million_io", "database_io_millions")
    m.used("aurora.backup_gb", "database_backup_gigabytes")


@meter("aws:rds/clusterInstance:ClusterInstance")
def node(m: Meter) -> None:
    if m.text("instanceClass") == SERVERLESS:
        m.used("aurora.serverless_hour", "database_units", HOURS)
    else:
        m.hours(f"aurora.{m.text('instanceClass').removeprefix('db.')}")


@meter("aws:rds/globalCluster:GlobalCluster")
def worldwide(m: Meter) -> None:
    m.region = m.region or m.ground.book.home
    m.used("aurora.million_replicated", "database_replicated_millions")
    m.used("transfer.region_gb", "database_replicated_gigabytes")


@meter("aws:rds/integration:Integration")
def integration(m: Meter) -> None:
    m.free = "AWS copies for nothing; what it reads and writes is counted at both ends"


@meter("aws:rds/proxy:Proxy")
def proxy(m: Meter) -> None:
    m.used("rds.proxy_vcpu_hour", "database_proxy_vcpus", HOURS)


@meter("aws:elasticache/replicationGroup:ReplicationGroup")
def cache(m: Meter) -> None:
    engine = "valkey" if m.text("engine") == "valkey" else "redis"
    shards, copies = m.number("numNodeGroups", 1), 1 + m.number("replicasPerNodeGroup")
    count = m.number("numCacheClusters") or shards * copies
    m.hours(f"{engine}.{m.text('nodeType').removeprefix('cache.')}", count)
    if m.number("snapshotRetentionLimit"):
        m.used("cache.backup_gb", "cache_backup_gigabytes")


@meter("aws:elasticache/cluster:Cluster")
def single_cache(m: Meter) -> None:
    if m.text("replicationGroupId"):
        m.free = "its replication group is billed"
        return
    m.hours(f"redis.{m.text('nodeType').removeprefix('cache.')}", m.number("numCacheNodes", 1))


@meter("aws:opensearch/domain:Domain")
def search(m: Meter) -> None:
    shape, disk = first(m.values.get("clusterConfig")), first(m.values.get("ebsOptions"))
    count = int(shape.get("instanceCount") or 1)
    m.hours(f"opensearch.{shape.get('instanceType')}", count)
    if shape.get("dedicatedMasterEnabled"):
        masters = int(shape.get("dedicatedMasterCount") or 3)
        m.hours(f"opensearch.{shape.get('dedicatedMasterType')}", masters)
    if shape.get("warmEnabled"):
        m.hours(f"opensearch.{shape.get('warmType')}", int(shape.get("warmCount") or 2))
    if disk.get("ebsEnabled"):
        kind = disk.get("volumeType") or "gp3"
        m.charge(f"opensearch.disk.{kind}", int(disk.get("volumeSize") or 0) * count)
        beyond = max(0, int(disk.get("iops") or 0) - INCLUDED_IOPS) if kind == "gp3" else 0
        m.charge("ebs.gp3_iops", beyond * count)


@meter("aws:redshift/cluster:Cluster")
def warehouse(m: Meter) -> None:
    """In two zones all of its machines stand twice; what they hold lies in S3, once."""
    zones = 2 if m.values.get("multiAz") in (True, "true") else 1
    m.hours(f"redshift.{m.text('nodeType')}", m.number("numberOfNodes", 1) * zones)
    m.used("redshift.managed_gb", "warehouse_gigabytes")


@meter("aws:msk/cluster:Cluster")
def brokers(m: Meter) -> None:
    count, shape = m.number("numberOfBrokerNodes"), first(m.values.get("brokerNodeGroupInfo"))
    m.hours(str(shape.get("instanceType")), count)
    disk = first(first(shape.get("storageInfo")).get("ebsStorageInfo"))
    m.charge("kafka.gb", int(disk.get("volumeSize") or 0) * count)
    ways = first(first(shape.get("connectivityInfo")).get("vpcConnectivity"))
    if _allowed(ways):
        m.hours("kafka.private_hour", _allowed(ways))
        m.used("kafka.private_gb", "kafka_private_gigabytes")
    if m.text("enhancedMonitoring") not in ("", "DEFAULT"):
        m.used("cloudwatch.metric", "kafka_metrics")


def _allowed(ways: object) -> int:
    """How many kinds of sign-in are switched on."""
    if isinstance(ways, dict):
        return sum(_allowed(one) for one in ways.values())
    return int(ways is True)


@meter("aws:dax/cluster:Cluster")
def accelerator(m: Meter) -> None:
    m.hours(m.text("nodeType"), m.number("replicationFactor", 1))


@meter("aws:mq/broker:Broker")
def broker(m: Meter) -> None:
    modes = {"ACTIVE_STANDBY_MULTI_AZ": 2, "CLUSTER_MULTI_AZ": 3}
    m.hours(m.text("hostInstanceType"), modes.get(m.text("deploymentMode"), 1))


@meter("aws:dynamodb/table:Table")
def table(m: Meter) -> None:
    """Every copy in another region is written as often, and holds as much."""
    copies = 1 + len(entries(m.values.get("replicas")))
    if m.text("billingMode") == "PAY_PER_REQUEST":
        m.used("dynamodb.million_reads", "table_reads_millions")
        m.used("dynamodb.million_writes", "table_writes_millions", copies)
    else:
        m.hours("dynamodb.read_hour", m.number("readCapacity"))
        m.hours("dynamodb.write_hour", m.number("writeCapacity") * copies)
    m.used("dynamodb.gb", "table_gigabytes", copies)
    if first(m.values.get("pointInTimeRecovery")).get("enabled"):
        m.used("dynamodb.recovery_gb", "table_gigabytes", copies)
    warm = first(m.values.get("warmThroughput"))
    m.charge("dynamodb.warm_read", int(warm.get("readUnitsPerSecond") or 0))
    m.charge("dynamodb.warm_write", int(warm.get("writeUnitsPerSecond") or 0) * copies)
