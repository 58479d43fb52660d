"""Whoever gets hold of a disk or a wire of a store learns nothing."""

from policy.flags import on
from policy.resource import Resource, Stack
from policy.rule import HIGH, MEDIUM, Complaints, rule

RDS_CLUSTER = "aws:rds/cluster:Cluster"
RDS_INSTANCE = "aws:rds/instance:Instance"
CLUSTER_PARAMETERS = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
DATABASES = (
    RDS_CLUSTER,
    RDS_INSTANCE,
    "aws:rds/globalCluster:GlobalCluster",
    "aws:docdb/cluster:Cluster",
    "aws:neptune/cluster:Cluster",
)
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
KAFKA = "aws:msk/cluster:Cluster"
SEARCH = ("aws:opensearch/domain:Domain", "aws:elasticsearch/domain:Domain")
TABLE = "aws:dynamodb/table:Table"
DAX = "aws:dax/cluster:Cluster"
WAREHOUSE = "aws:redshift/cluster:Cluster"
WAREHOUSE_PARAMETERS = "aws:redshift/parameterGroup:ParameterGroup"

REQUIRES_TLS = {
    "mysql": "require_secure_transport",
    "mariadb": "require_secure_transport",
    "aurora-mysql": "require_secure_transport",
    "postgres": "rds.force_ssl",
    "aurora-postgresql": "rds.force_ssl",
}
BY_DEFAULT = {"postgres": 15, "aurora-postgresql": 17}
"""Since when an engine does by itself: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html"""
MODERN = "Policy-Min-TLS-1-2"


@rule(
    DATABASES,
    severity=HIGH,
    frameworks=("FSBP RDS.3", "FSBP RDS.27", "CIS 2.3.1", "CKV_AWS_16", "CKV_AWS_96", "AwsSolutions-RDS2"),
    mend="set storageEncrypted to true; a database that exists is restored from an encrypted snapshot",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-3",
)
def a_database_is_encrypted(database: Resource) -> Complaints:
    """Its snapshots and backups are as open as its disks, and are copied further."""
    copies = database["replicateSourceDb"] or database["engineMode"] == "serverless"
    if not copies and not database["storageEncrypted"]:
        yield "is not encrypted at rest"


@rule(
    (RDS_CLUSTER, RDS_INSTANCE),
    severity=HIGH,
    frameworks=("CKV2_AWS_69", "WA SEC09-BP02"),
    mend="give it a parameter group with require_secure_transport ON (MySQL, MariaDB) "
    "or rds.force_ssl 1 (PostgreSQL)",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html",
)
def a_database_speaks_only_tls(database: Resource, stack: Stack) -> Complaints:
    """A client that forgets TLS sends its password and every row in the clear, and nobody notices."""
    wanted = REQUIRES_TLS.get(str(database["engine"]), "")
    groups = stack.behind(database, "dbClusterParameterGroupName", CLUSTER_PARAMETERS)
    groups += stack.behind(database, "parameterGroupName", PARAMETERS)
    named = database.given("dbClusterParameterGroupName") or database.given("parameterGroupName")
    told = {one["name"]: one["value"] for group in groups for one in group.many("parameters")}
    if wanted and (groups or not named) and not on(told.get(wanted, _by_default(database))):
        yield f"lets clients in without TLS: {wanted} is not on"


def _by_default(database: Resource) -> bool:
    version = str(database.given("engineVersion") or "").partition(".")[0]
    return version.isdigit() and int(version) >= BY_DEFAULT.get(database["engine"], 1000)


@rule(
    CACHE,
    severity=MEDIUM,
    frameworks=("FSBP ElastiCache.4", "CKV_AWS_29", "AwsSolutions-AEC3"),
    mend="set atRestEncryptionEnabled to true",
    url="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html",
)
def a_cache_is_encrypted_at_rest(cache: Resource) -> Complaints:
    """Its snapshots and what it swaps hold what was meant for memory alone."""
    told = cache["atRestEncryptionEnabled"]
    if not (cache["engine"] == "valkey" if told is None else told):  # Valkey's default
        yield "is not encrypted at rest"


@rule(
    CACHE,
    severity=HIGH,
    frameworks=("FSBP ElastiCache.5", "CKV_AWS_30", "AwsSolutions-AEC3"),
    mend="set transitEncryptionEnabled to true and transitEncryptionMode to required",
    url="https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/in-transit-encryption.html",
)
def nothing_reaches_a_cache_in_the_clear(cache: Resource) -> Complaints:
    """Sessions and passwords pass through caches, and so does the password of the cache."""
    if not cache["transitEncryptionEnabled"]:
        yield "speaks without TLS"
    elif cache["transitEncryptionMode"] == "preferred":
        yield "still speaks without TLS to clients that do"


@rule(
    KAFKA,
    severity=HIGH,
    frameworks=("FSBP MSK.1", "CKV_AWS_81", "AwsSolutions-MSK2", "AwsSolutions-MSK3"),
    mend="set encryptionInfo.encryptionInTransit.clientBroker to TLS and inCluster to true, both the default",
    url="https://docs.aws.amazon.com/msk/latest/developerguide/msk-encryption.html",
)
def nothing_reaches_kafka_in_the_clear(cluster: Resource) -> Complaints:
    """Events of the whole company pass through the brokers."""
    spoken = cluster["encryptionInfo.encryptionInTransit.clientBroker"]
    if spoken not in (None, "TLS"):
        yield f"speaks {spoken} to clients"
    if cluster["encryptionInfo.encryptionInTransit.inCluster"] is False:
        yield "has brokers that speak to each other without TLS"


@rule(
    SEARCH,
    severity=HIGH,
    frameworks=("CKV_AWS_5", "CKV_AWS_6", "AwsSolutions-OS8", "AwsSolutions-OS2"),
    mend="set encryptAtRest.enabled and nodeToNodeEncryption.enabled to true",
    url="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/ntn.html",
)
def a_search_domain_is_encrypted(domain: Resource) -> Complaints:
    """An index holds every word of what it makes findable, and its nodes send it to each other."""
    if not domain["encryptAtRest.enabled"]:
        yield "is not encrypted at rest"
    if not domain["nodeToNodeEncryption.enabled"]:
        yield "has nodes that speak to each other without TLS"


@rule(
    SEARCH,
    severity=MEDIUM,
    frameworks=("CKV_AWS_83", "CKV_AWS_228", "WA SEC09-BP02"),
    mend="set domainEndpointOptions.enforceHttps to true, and tlsSecurityPolicy to one of TLS 1.2 or later",
    url="https://docs.aws.amazon.com/opensearch-service/latest/developerguide/infrastructure-security.html",
    remediate=lambda domain: {
        "domainEndpointOptions": {
            **(domain["domainEndpointOptions"] or {}),
            "enforceHttps": True,
            "tlsSecurityPolicy": "Policy-Min-TLS-1-2-PFS-2023-10",
        }
    },
)
def a_search_domain_answers_over_modern_tls_alone(domain: Resource) -> Complaints:
    """Its default answers over plain HTTP, and over a TLS that can be broken."""
    if not domain["domainEndpointOptions.enforceHttps"]:
        yield "answers over plain HTTP"
    elif not str(domain["domainEndpointOptions.tlsSecurityPolicy"]).startswith(MODERN):
        yield "answers over TLS 1.0"


@rule(
    TABLE,
    severity=MEDIUM,
    frameworks=("CKV_AWS_119", "WA SEC08-BP02"),
    mend="set serverSideEncryption.enabled to true, with kmsKeyArn for a key of your own",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html",
    remediate=lambda table: {"serverSideEncryption": {"enabled": True}},
)
def a_table_is_encrypted_with_a_key_that_is_logged(table: Resource) -> Complaints:
    """DynamoDB's own key is not in the account: nobody sees in CloudTrail when it is used."""
    if not table["serverSideEncryption.enabled"]:
        yield "is encrypted with a key of DynamoDB's own"


@rule(
    DAX,
    severity=HIGH,
    frameworks=("FSBP DynamoDB.3", "FSBP DynamoDB.7", "CKV_AWS_47", "CKV_AWS_239", "AwsSolutions-DDB4"),
    mend="set serverSideEncryption.enabled to true and clusterEndpointEncryptionType to TLS, "
    "which only a new cluster can have",
    url="https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAXEncryptionInTransit.html",
)
def a_dax_cluster_is_encrypted(cluster: Resource) -> Complaints:
    """It holds what the table encrypts, and answers in the clear unless told otherwise."""
    if not cluster["serverSideEncryption.enabled"]:
        yield "is not encrypted at rest"
    if cluster["clusterEndpointEncryptionType"] != "TLS":
        yield "speaks without TLS"


@rule(
    WAREHOUSE,
    severity=HIGH,
    frameworks=("FSBP Redshift.10", "CKV_AWS_64", "AwsSolutions-RS6"),
    mend="set encrypted to true",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-10",
)
def a_warehouse_is_encrypted(warehouse: Resource) -> Complaints:
    """All that the company knows, in one place, and in every snapshot of it."""
    told = warehouse["encrypted"]
    if told is not None and not on(told):  # the default is true
        yield "is not encrypted at rest"


@rule(
    WAREHOUSE_PARAMETERS,
    severity=HIGH,
    frameworks=("FSBP Redshift.2", "CKV_AWS_105", "AwsSolutions-RS1"),
    mend="set the parameter require_ssl to true",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/redshift-controls.html#redshift-2",
)
def a_warehouse_speaks_only_tls(group: Resource) -> Complaints:
    """Analysts connect from anywhere, with whatever their tool does by default."""
    told = {one["name"]: one["value"] for one in group.many("parameters")}
    if not on(told.get("require_ssl")):
        yield "lets clients in without TLS: require_ssl is not on"
