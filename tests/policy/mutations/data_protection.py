"""Databases of the world, and what breaks each rule about not losing data."""

from tests.policy.world import Made, Ref, change, option

RDS_CLUSTER = "aws:rds/cluster:Cluster"
RDS_MEMBER = "aws:rds/clusterInstance:ClusterInstance"
PARAMETERS = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
TABLE = "aws:dynamodb/table:Table"
SECRET = "aws:secretsmanager/secret:Secret"
REPOSITORY = "aws:ecr/repository:Repository"
TAGS = {"owner": "shop", "stack": "shop-prod"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/data"

WORLD = [
    Made(
        PARAMETERS,
        "books",
        {
            "family": "aurora-mysql8.0",
            "parameters": [{"name": "require_secure_transport", "value": "ON"}],
            "tags": TAGS,
        },
    ),
    Made(
        RDS_CLUSTER,
        "books",
        {
            "engine": "aurora-mysql",
            "backupRetentionPeriod": 14,
            "copyTagsToSnapshot": True,
            "dbClusterParameterGroupName": Ref(PARAMETERS, "books", "name"),
            "deletionProtection": True,
            "enabledCloudwatchLogsExports": ["audit"],
            "finalSnapshotIdentifier": "books-final",
            "iamDatabaseAuthenticationEnabled": True,
            "storageEncrypted": True,
            "kmsKeyId": KEY,
            "tags": TAGS,
        },
        protect=True,
    ),
    Made(
        TABLE,
        "carts",
        {
            "billingMode": "PAY_PER_REQUEST",
            "deletionProtectionEnabled": True,
            "pointInTimeRecovery": {"enabled": True},
            "replicas": [{"regionName": "eu-west-1", "pointInTimeRecovery": True}],
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY},
            "tags": TAGS,
        },
        protect=True,
    ),
]

MUTATIONS = {
    "what_holds_data_is_protected": option(RDS_CLUSTER, "books", protect=False),
    "a_database_can_go_back_in_time": change(RDS_CLUSTER, "books", "backupRetentionPeriod", 1),
    "aws_itself_refuses_to_delete_a_store": change(TABLE, "carts", "deletionProtectionEnabled", False),
    "a_deleted_database_leaves_a_snapshot": change(RDS_CLUSTER, "books", "skipFinalSnapshot", True),
    "a_table_can_go_back_in_time": change(TABLE, "carts", "replicas.0.pointInTimeRecovery", False),
    "a_deleted_secret_or_key_can_be_called_back": change(SECRET, "till", "recoveryWindowInDays", 0),
    "a_snapshot_says_whose_it_is": change(RDS_MEMBER, "books-0", "copyTagsToSnapshot", None),
    "an_image_stays_what_it_was": change(REPOSITORY, "shop", "imageTagMutability", "MUTABLE"),
    "each_image_is_scanned": change(REPOSITORY, "shop", "imageScanningConfiguration.scanOnPush", False),
}
