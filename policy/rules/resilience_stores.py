"""What holds data serves on when a zone goes, and has room for what comes."""

import functools

from policy.resource import Resource, Stack
from policy.rule import HIGH, MEDIUM, Complaints, rule
from policy.zones import zones

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
DAX = "aws:dax/cluster:Cluster"
DAX_SUBNETS = "aws:dax/subnetGroup:SubnetGroup"
CLUSTERS = {
    "aws:rds/cluster:Cluster": "aws:rds/clusterInstance:ClusterInstance",
    "aws:docdb/cluster:Cluster": "aws:docdb/clusterInstance:ClusterInstance",
    "aws:neptune/cluster:Cluster": "aws:neptune/clusterInstance:ClusterInstance",
}
"""Clusters, and the instances that somebody adds to each."""
STANDBYS = {"aws:rds/instance:Instance": "multiAz", "aws:redshift/cluster:Cluster": "multiAz"}
SEARCH = "aws:opensearch/domain:Domain"
TABLE = "aws:dynamodb/table:Table"
SCALED = "aws:appautoscaling/target:Target"
STREAM = "aws:kinesis/stream:Stream"
VOLUME = "aws:ebs/volume:Volume"


@rule(
    CACHE,
    severity=HIGH,
    frameworks=("FSBP ElastiCache.3", "CKV2_AWS_50", "AwsSolutions-AEC4"),
    mend="set automaticFailoverEnabled and multiAzEnabled to true, and replicasPerNodeGroup to 1 or more "
    "(or numCacheClusters to 2 or more)",
    url="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoFailover.html",
)
def a_cache_survives_the_loss_of_a_zone(cache: Resource) -> Complaints:
    """Everything behind it is asked at once when a cache is empty, which is when it is least ready."""
    nodes = max((cache["replicasPerNodeGroup"] or 0) + 1, cache["numCacheClusters"] or 1)
    if nodes < 2:
        yield "has no replica"
    elif missing := [key for key in ("automaticFailoverEnabled", "multiAzEnabled") if not cache[key]]:
        yield f"has replicas that do not take over: {', '.join(missing)} not set"


@rule(
    DAX,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="set replicationFactor to 3 or more, and give the subnet group a subnet in each of three zones",
    url="https://docs.aws.amazon.com/controltower/latest/controlreference/dax-rules.html",
    parameters={"nodes": {"type": "integer", "minimum": 1, "maximum": 11, "default": 3}},
)
def dax_has_nodes_in_three_zones(cluster: Resource, stack: Stack, nodes: int) -> Complaints:
    """With one of two nodes gone the other has twice the load, and nothing takes over when it is late."""
    if (has := cluster.given("replicationFactor") or 1) < nodes:
        yield f"has {has:g} nodes; {nodes} are asked for"
    groups = stack.behind(cluster, "subnetGroupName", DAX_SUBNETS)
    spanned = {zone for one in groups for zone in zones(one, stack, "subnetIds")}
    if spanned and len(spanned) < nodes:
        yield f"spans {len(spanned)} of {nodes} zones"


@rule(
    (*CLUSTERS, *STANDBYS),
    severity=HIGH,
    frameworks=("FSBP RDS.5", "FSBP RDS.15", "FSBP Redshift.18", "CKV_AWS_157", "AwsSolutions-N1"),
    mend="set multiAz to true; add an instance in another zone to an Aurora, DocumentDB or Neptune cluster",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html",
)
def a_database_has_a_standby_in_another_zone(database: Resource, stack: Stack) -> Complaints:
    """Without one it is made anew when its zone goes: ten minutes at best, where others have room."""
    if key := STANDBYS.get(database.type):
        if not database.given(key) and not database.given("replicateSourceDb"):
            yield "has no standby"
    elif not database.given("dbClusterInstanceClass"):  # whose three instances are in three zones
        members = stack.users(database, "clusterIdentifier", CLUSTERS[database.type])
        places = [one.given("availabilityZone") for one in members]
        if len(places) < 2 or (None not in places and len(set(places)) < 2):
            yield f"has {len(places)} instances in {len(set(places))} zones"


@rule(
    SEARCH,
    severity=HIGH,
    frameworks=("CKV_AWS_318", "CKV2_AWS_59", "AwsSolutions-OS4", "AwsSolutions-OS7"),
    mend="set zoneAwarenessEnabled, dedicatedMasterEnabled with dedicatedMasterCount 3, and an instanceCount "
    "of 2 or more in clusterConfig",
    url="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-multiaz.html",
)
def a_search_domain_survives_the_loss_of_a_zone(domain: Resource) -> Complaints:
    """Two masters cannot agree on who leads, and an index in one zone is gone with it."""
    if not domain["clusterConfig.zoneAwarenessEnabled"] or (domain["clusterConfig.instanceCount"] or 1) < 2:
        yield "keeps its index in one zone"
    masters = domain["clusterConfig.dedicatedMasterCount"] or 0
    if not domain["clusterConfig.dedicatedMasterEnabled"] or masters < 3:
        yield f"has {masters:g} machines that lead it; three are asked for"


@rule(
    TABLE,
    severity=MEDIUM,
    frameworks=("FSBP DynamoDB.1", "CKV2_AWS_16", "WA REL07-BP01"),
    mend="set billingMode to PAY_PER_REQUEST, or add an aws.appautoscaling.Target for reads and writes",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-1",
)
def a_table_grows_with_its_load(table: Resource, stack: Stack) -> Complaints:
    """Provisioned capacity throttles the first crowd that comes, which is the one that counts."""
    grows = table.given("billingMode") == "PAY_PER_REQUEST" or stack.users(table, "resourceId", SCALED)
    if not grows:
        yield "has a fixed capacity"


@rule(
    STREAM,
    severity=MEDIUM,
    frameworks=("FSBP Kinesis.3", "WA REL09-BP01"),
    mend="set retentionPeriod to as many hours or more",
    url="https://docs.aws.amazon.com/streams/latest/dev/kinesis-extended-retention.html",
    parameters={"hours": {"type": "integer", "minimum": 24, "maximum": 8760, "default": 168}},
)
def a_stream_remembers_until_its_reader_is_mended(stream: Resource, hours: int) -> Complaints:
    """A reader that stops on a Friday evening has lost records by Sunday."""
    if (kept := stream["retentionPeriod"] or 24) < hours:
        yield f"forgets after {kept:g} hours; {hours} are asked for"


@rule(
    VOLUME,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="make the cluster's disks in two zones or more, with a machine in each",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volumes.html",
    parameters={
        "tags": {"type": "array", "items": {"type": "string"}, "default": ["cluster", "ring"]},
    },
)
def the_disks_of_a_cluster_are_in_several_zones(
    volume: Resource, stack: Stack, tags: list[str]
) -> Complaints:
    """A disk cannot leave its zone: what a pair of nodes keeps twice in one zone is lost once."""
    for (_, mark), disks in _marked(stack, tuple(tags)).items():
        first = len(disks) > 1 and disks[0].urn == volume.urn
        if first and len({one["availabilityZone"] for one in disks}) < 2:
            yield f"and the {len(disks) - 1} other disks of {mark} are all in {volume['availabilityZone']}"


@functools.lru_cache(maxsize=1)
def _marked(stack: Stack, tags: tuple[str, ...]) -> dict[tuple[str, str], list[Resource]]:
    """The disks with each value of each of those tags."""
    found: dict[tuple[str, str], list[Resource]] = {}
    for volume in stack.all(VOLUME):
        for key in tags:
            if mark := (volume["tags"] or {}).get(key):
                found.setdefault((key, mark), []).append(volume)
    return found
