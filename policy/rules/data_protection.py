"""What must not be lost cannot be deleted by mistake, and comes back when it was."""

from typing import Any

from policy.resource import Resource, Stack
from policy.rule import HIGH, LOW, MEDIUM, Complaints, rule

BUCKET = "aws:s3/bucket:Bucket"
RDS_CLUSTER = "aws:rds/cluster:Cluster"
RDS_INSTANCE = "aws:rds/instance:Instance"
RDS_MEMBER = "aws:rds/clusterInstance:ClusterInstance"
GLOBAL = "aws:rds/globalCluster:GlobalCluster"
DOCUMENTS = "aws:docdb/cluster:Cluster"
NEPTUNE = "aws:neptune/cluster:Cluster"
WAREHOUSE = "aws:redshift/cluster:Cluster"
TABLE = "aws:dynamodb/table:Table"
USERS = "aws:cognito/userPool:UserPool"
SECRET = "aws:secretsmanager/secret:Secret"
KEY = "aws:kms/key:Key"
REPOSITORY = "aws:ecr/repository:Repository"
REGISTRY_SCAN = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
STORES = (
    BUCKET,
    RDS_CLUSTER,
    RDS_INSTANCE,
    GLOBAL,
    DOCUMENTS,
    NEPTUNE,
    WAREHOUSE,
    TABLE,
    USERS,
    "aws:backup/vault:Vault",
    "aws:ebs/volume:Volume",
    "aws:efs/fileSystem:FileSystem",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:kinesis/stream:Stream",
    "aws:memorydb/cluster:Cluster",
    "aws:msk/cluster:Cluster",
    "aws:opensearch/domain:Domain",
)
SWITCHES: dict[str, tuple[str, Any]] = {
    RDS_CLUSTER: ("deletionProtection", True),
    RDS_INSTANCE: ("deletionProtection", True),
    GLOBAL: ("deletionProtection", True),
    DOCUMENTS: ("deletionProtection", True),
    NEPTUNE: ("deletionProtection", True),
    TABLE: ("deletionProtectionEnabled", True),
    USERS: ("deletionProtection", "ACTIVE"),
}
"""What makes AWS refuse to delete a store, whoever asks."""
KEPT = {
    RDS_CLUSTER: ("backupRetentionPeriod", 1),
    RDS_INSTANCE: ("backupRetentionPeriod", 0),
    DOCUMENTS: ("backupRetentionPeriod", 1),
    NEPTUNE: ("backupRetentionPeriod", 1),
    WAREHOUSE: ("automatedSnapshotRetentionPeriod", 1),
    "aws:memorydb/cluster:Cluster": ("snapshotRetentionLimit", 0),
}
"""Where each says for how many days it keeps backups, and what it does when told nothing."""
WINDOWS = {SECRET: "recoveryWindowInDays", KEY: "deletionWindowInDays"}


@rule(
    STORES,
    severity=HIGH,
    frameworks=("WA REL09-BP01",),
    mend="give the resource the option protect=True",
    url="https://www.pulumi.com/docs/iac/concepts/resources/options/protect/",
)
def what_holds_data_is_protected(store: Resource) -> Complaints:
    """A renamed resource is a deleted one, with its data, unless Pulumi refuses."""
    if not store.protect:
        yield "holds data, and Pulumi would delete it without a word"


@rule(
    SWITCHES,
    severity=HIGH,
    frameworks=(
        "FSBP RDS.7",
        "FSBP RDS.8",
        "FSBP DynamoDB.6",
        "CKV_AWS_139",
        "CKV_AWS_293",
        "AwsSolutions-RDS10",
    ),
    mend="set deletionProtection to true (deletionProtectionEnabled of a table, ACTIVE of a user pool)",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-7",
    remediate=lambda store: {SWITCHES[store.type][0]: SWITCHES[store.type][1]},
)
def aws_itself_refuses_to_delete_a_store(store: Resource) -> Complaints:
    """Pulumi's protection binds Pulumi alone; consoles, scripts and stolen keys do not ask it."""
    key, value = SWITCHES[store.type]
    if store[key] != value and not store["replicateSourceDb"]:
        yield "can be deleted by one call"


@rule(
    (RDS_CLUSTER, RDS_INSTANCE, DOCUMENTS, NEPTUNE, WAREHOUSE),
    severity=HIGH,
    frameworks=("WA REL09-BP03",),
    mend="set skipFinalSnapshot to false, and finalSnapshotIdentifier",
    url="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",
)
def a_deleted_database_leaves_a_snapshot(database: Resource) -> Complaints:
    """Automated backups go with their database; a final snapshot stays."""
    if database["skipFinalSnapshot"] and not database["replicateSourceDb"]:
        yield "leaves nothing when it is deleted"


@rule(
    KEPT,
    severity=HIGH,
    frameworks=("FSBP RDS.11", "FSBP Redshift.3", "CKV_AWS_133", "CKV_AWS_343", "AwsSolutions-RDS13"),
    mend="set backupRetentionPeriod to as many days as you may need to go back "
    "(automatedSnapshotRetentionPeriod of Redshift, snapshotRetentionLimit of MemoryDB)",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-11",
    parameters={"days": {"type": "integer", "minimum": 1, "maximum": 35, "default": 7}},
)
def a_database_can_go_back_in_time(database: Resource, days: int) -> Complaints:
    """A mistake is often noticed only days later, when a shorter backup holds it too."""
    key, default = KEPT[database.type]
    kept = default if database[key] is None else database[key]
    if kept < days and not database["replicateSourceDb"]:
        yield f"keeps backups for {kept:g} days; {days:g} are asked for"


@rule(
    TABLE,
    severity=HIGH,
    frameworks=("FSBP DynamoDB.2", "CKV_AWS_28", "CKV_AWS_165", "AwsSolutions-DDB3"),
    mend="set pointInTimeRecovery.enabled to true, and pointInTimeRecovery of each replica",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-2",
    remediate=lambda table: {
        "pointInTimeRecovery": {**(table["pointInTimeRecovery"] or {}), "enabled": True},
        **(
            {"replicas": [{**one, "pointInTimeRecovery": True} for one in table.many("replicas")]}
            if table["replicas"]
            else {}
        ),
    },
)
def a_table_can_go_back_in_time(table: Resource) -> Complaints:
    """A bug that writes nonsense into a table is undone by a copy of the second before."""
    if not table["pointInTimeRecovery.enabled"]:
        yield "has no point-in-time recovery"
    for one in table.many("replicas"):
        if not one.get("pointInTimeRecovery"):
            yield f"has none in {one.get('regionName')}, where its replica is"


@rule(
    (SECRET, KEY),
    severity=MEDIUM,
    frameworks=("FSBP KMS.3", "WA SEC08-BP01"),
    mend="set recoveryWindowInDays of the secret, or deletionWindowInDays of the key, to 30, the default",
    url="https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html",
    parameters={"days": {"type": "integer", "minimum": 7, "maximum": 30, "default": 14}},
)
def a_deleted_secret_or_key_can_be_called_back(thing: Resource, days: int) -> Complaints:
    """With a key goes all that it ever encrypted, and a missing one is noticed only when it is needed."""
    window = thing[WINDOWS[thing.type]]
    if window is not None and window < days:
        yield f"can be called back for {window:g} days after it was deleted; {days:g} are asked for"


@rule(
    (RDS_CLUSTER, RDS_INSTANCE, RDS_MEMBER),
    severity=LOW,
    frameworks=("FSBP RDS.16", "FSBP RDS.17", "CKV_AWS_313", "CKV2_AWS_60"),
    mend="set copyTagsToSnapshot to true",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/rds-controls.html#rds-16",
    remediate=lambda database: {"copyTagsToSnapshot": True},
)
def a_snapshot_says_whose_it_is(database: Resource) -> Complaints:
    """Who finds a snapshot in a year must know what it is of, and whether it may go."""
    if not database["copyTagsToSnapshot"]:
        yield "makes snapshots without its tags"


@rule(
    REPOSITORY,
    severity=MEDIUM,
    frameworks=("FSBP ECR.2", "CKV_AWS_51"),
    mend="set imageTagMutability to IMMUTABLE, and give each build a tag of its own",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
def an_image_stays_what_it_was(repository: Resource) -> Complaints:
    """A tag that was tested and is then pushed over is not what was tested."""
    if not str(repository["imageTagMutability"]).startswith("IMMUTABLE"):
        yield "lets tags be pushed over"


@rule(
    REPOSITORY,
    severity=MEDIUM,
    frameworks=("FSBP ECR.1", "CKV_AWS_163"),
    mend="set imageScanningConfiguration.scanOnPush to true, or add an aws.ecr.RegistryScanningConfiguration",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
)
def each_image_is_scanned(repository: Resource, stack: Stack) -> Complaints:
    """What is in an image was known to be safe on the day that it was built, at best."""
    if not repository.given("imageScanningConfiguration.scanOnPush") and not stack.all(REGISTRY_SCAN):
        yield "holds images that nobody scans"
