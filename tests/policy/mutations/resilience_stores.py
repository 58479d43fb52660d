"""What breaks each rule about stores that a zone is taken from."""

from tests.policy.world import Made, Ref, change, remove

CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
DAX = "aws:dax/cluster:Cluster"
RDS_CLUSTER = "aws:rds/cluster:Cluster"
RDS_MEMBER = "aws:rds/clusterInstance:ClusterInstance"
SEARCH = "aws:opensearch/domain:Domain"
TABLE = "aws:dynamodb/table:Table"
STREAM = "aws:kinesis/stream:Stream"
VOLUME = "aws:ebs/volume:Volume"
SUBNET = "aws:ec2/subnet:Subnet"
TAGS = {"owner": "shop", "stack": "shop-prod", "cluster": "/shop-prod/pairs"}

WORLD = [
    Made(
        VOLUME,
        f"pair-{zone}",
        {
            "availabilityZone": Ref(SUBNET, f"net-{zone}", "availabilityZone"),
            "encrypted": True,
            "type": "gp3",
            "tags": TAGS,
        },
        protect=True,
    )
    for zone in "ab"
]

MUTATIONS = {
    "a_cache_survives_the_loss_of_a_zone": change(CACHE, "sessions", "multiAzEnabled", False),
    "dax_has_nodes_in_three_zones": change(DAX, "carts", "replicationFactor", 2),
    "a_database_has_a_standby_in_another_zone": remove(RDS_MEMBER, "books-1", blame=(RDS_CLUSTER, "books")),
    "a_search_domain_survives_the_loss_of_a_zone": change(
        SEARCH, "find", "clusterConfig.dedicatedMasterCount", 2
    ),
    "a_table_grows_with_its_load": change(TABLE, "carts", "billingMode", "PROVISIONED"),
    "a_stream_remembers_until_its_reader_is_mended": change(STREAM, "clicks", "retentionPeriod", 24),
    "the_disks_of_a_cluster_are_in_several_zones": change(
        VOLUME, "pair-b", "availabilityZone", "us-east-1a", blame=(VOLUME, "pair-a")
    ),
}
