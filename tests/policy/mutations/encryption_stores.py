"""Stores of the world, and what breaks each rule about their encryption."""

from tests.policy.world import Made, Ref, change

RDS_CLUSTER = "aws:rds/cluster:Cluster"
PARAMETERS = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
KAFKA = "aws:msk/cluster:Cluster"
SEARCH = "aws:opensearch/domain:Domain"
TABLE = "aws:dynamodb/table:Table"
DAX = "aws:dax/cluster:Cluster"
DAX_SUBNETS = "aws:dax/subnetGroup:SubnetGroup"
SUBNET = "aws:ec2/subnet:Subnet"
WAREHOUSE = "aws:redshift/cluster:Cluster"
WAREHOUSE_PARAMETERS = "aws:redshift/parameterGroup:ParameterGroup"
TAGS = {"owner": "shop", "stack": "shop-prod"}

WORLD = [
    Made(
        CACHE,
        "sessions",
        {
            "engine": "redis",
            "atRestEncryptionEnabled": True,
            "transitEncryptionEnabled": True,
            "transitEncryptionMode": "required",
            "replicasPerNodeGroup": 1,
            "automaticFailoverEnabled": True,
            "multiAzEnabled": True,
            "logDeliveryConfigurations": [
                {"logType": one, "destinationType": "cloudwatch-logs"} for one in ("slow-log", "engine-log")
            ],
            "tags": TAGS,
        },
        protect=True,
    ),
    Made(DAX_SUBNETS, "carts", {"subnetIds": [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"]}),
    Made(
        DAX,
        "carts",
        {
            "replicationFactor": 3,
            "subnetGroupName": Ref(DAX_SUBNETS, "carts", "name"),
            "serverSideEncryption": {"enabled": True},
            "clusterEndpointEncryptionType": "TLS",
            "tags": TAGS,
        },
    ),
    Made(
        WAREHOUSE_PARAMETERS,
        "facts",
        {
            "family": "redshift-1.0",
            "parameters": [
                {"name": "require_ssl", "value": "true"},
                {"name": "enable_user_activity_logging", "value": "true"},
            ],
            "tags": TAGS,
        },
    ),
]

MUTATIONS = {
    "a_database_is_encrypted": change(RDS_CLUSTER, "books", "storageEncrypted", None),
    "a_database_speaks_only_tls": change(
        PARAMETERS, "books", "parameters.0.value", "OFF", blame=(RDS_CLUSTER, "books")
    ),
    "a_cache_is_encrypted_at_rest": change(CACHE, "sessions", "atRestEncryptionEnabled", None),
    "nothing_reaches_a_cache_in_the_clear": change(CACHE, "sessions", "transitEncryptionMode", "preferred"),
    "nothing_reaches_kafka_in_the_clear": change(
        KAFKA, "events", "encryptionInfo.encryptionInTransit.clientBroker", "TLS_PLAINTEXT"
    ),
    "a_search_domain_is_encrypted": change(SEARCH, "find", "nodeToNodeEncryption.enabled", False),
    "a_search_domain_answers_over_modern_tls_alone": change(
        SEARCH, "find", "domainEndpointOptions.tlsSecurityPolicy", "Policy-Min-TLS-1-0-2019-07"
    ),
    "a_table_is_encrypted_with_a_key_that_is_logged": change(TABLE, "carts", "serverSideEncryption", None),
    "a_dax_cluster_is_encrypted": change(DAX, "carts", "clusterEndpointEncryptionType", None),
    "a_warehouse_is_encrypted": change(WAREHOUSE, "facts", "encrypted", False),
    "a_warehouse_speaks_only_tls": change(WAREHOUSE_PARAMETERS, "facts", "parameters.0.value", "false"),
}
