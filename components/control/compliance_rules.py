"""What is asked of everything in an account, as AWS Config's own rules have it, and how it is mended."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Permission(NamedTuple):
    """What one of Systems Manager's own documents does in a role's name."""

    actions: Sequence[str]
    service: str = ""
    """Whose resources it does it to, as in ARNs; "" where the actions take none."""
    path: str = ""
    """Of which of them."""


class Remedy(NamedTuple):
    """One of Systems Manager's own documents:
    https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/automation-runbook-reference.html."""

    document: str
    parameter: str
    """What it calls the resource that it mends."""
    permissions: Sequence[Permission]
    given: Mapping[str, str] = {}
    """More of its parameters."""


class Rule(NamedTuple):
    """One of AWS Config's own rules:
    https://docs.aws.amazon.com/config/latest/developerguide/managed-rules-by-aws-config.html."""

    identifier: str
    kind: str
    """Type of the resources that it is asked of."""
    given: Mapping[str, str] = {}
    """Its parameters."""
    recorded: bool = True
    """Whether Config records those resources; else the rule looks for itself, once a day."""
    remedy: Remedy | None = None


def _bucket(document: str, *actions: str, given: Mapping[str, str] | None = None) -> Remedy:
    return Remedy(document, "BucketName", [Permission(actions, "s3", "*")], given or {})


RULES: Mapping[str, Rule] = {
    "buckets-are-encrypted": Rule(
        "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",
        "AWS::S3::Bucket",
        remedy=_bucket(
            "AWS-EnableS3BucketEncryption", "s3:PutEncryptionConfiguration", given={"SSEAlgorithm": "AES256"}
        ),
    ),
    "buckets-are-private": Rule(
        "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED",
        "AWS::S3::Bucket",
        remedy=_bucket(
            "AWSConfigRemediation-ConfigureS3BucketPublicAccessBlock",
            "s3:GetBucketPublicAccessBlock",
            "s3:PutBucketPublicAccessBlock",
        ),
    ),
    "buckets-are-versioned": Rule(
        "S3_BUCKET_VERSIONING_ENABLED",
        "AWS::S3::Bucket",
        remedy=_bucket(
            "AWS-ConfigureS3BucketVersioning", "s3:PutBucketVersioning", given={"VersioningState": "Enabled"}
        ),
    ),
    "buckets-speak-tls": Rule("S3_BUCKET_SSL_REQUESTS_ONLY", "AWS::S3::Bucket"),
    "databases-are-encrypted": Rule("RDS_STORAGE_ENCRYPTED", "AWS::RDS::DBInstance"),
    "databases-are-private": Rule("RDS_INSTANCE_PUBLIC_ACCESS_CHECK", "AWS::RDS::DBInstance"),
    "keys-rotate": Rule(
        "CMK_BACKING_KEY_ROTATION_ENABLED",
        "AWS::KMS::Key",
        remedy=Remedy(
            "AWSConfigRemediation-EnableKeyRotation",
            "KeyId",
            [Permission(["kms:EnableKeyRotation", "kms:GetKeyRotationStatus"], "kms", "key/*")],
        ),
    ),
    "logs-are-kept": Rule(
        "CW_LOGGROUP_RETENTION_PERIOD_CHECK", "AWS::Logs::LogGroup", {"MinRetentionTime": "1"}, recorded=False
    ),
    "machines-hide-their-keys": Rule(
        "EC2_IMDSV2_CHECK",
        "AWS::EC2::Instance",
        remedy=Remedy(
            "AWSConfigRemediation-EnforceEC2InstanceIMDSv2",
            "InstanceId",
            [
                Permission(["ec2:ModifyInstanceMetadataOptions"], "ec2", "instance/*"),
                Permission(["ec2:DescribeInstances"]),
            ],
        ),
    ),
    "policies-are-narrow": Rule("IAM_POLICY_NO_STATEMENTS_WITH_ADMIN_ACCESS", "AWS::IAM::Policy"),
    "searches-are-encrypted": Rule("OPENSEARCH_ENCRYPTED_AT_REST", "AWS::OpenSearch::Domain"),
    "ssh-is-closed": Rule("INCOMING_SSH_DISABLED", "AWS::EC2::SecurityGroup"),
    "tables-can-be-recovered": Rule(
        "DYNAMODB_PITR_ENABLED",
        "AWS::DynamoDB::Table",
        remedy=Remedy(
            "AWSConfigRemediation-EnablePITRForDynamoDbTable",
            "TableName",
            [
                Permission(
                    ["dynamodb:DescribeContinuousBackups", "dynamodb:UpdateContinuousBackups"],
                    "dynamodb",
                    "table/*",
                )
            ],
        ),
    ),
    "volumes-are-encrypted": Rule("ENCRYPTED_VOLUMES", "AWS::EC2::Volume"),
    "warehouses-are-private": Rule("REDSHIFT_CLUSTER_PUBLIC_ACCESS_CHECK", "AWS::Redshift::Cluster"),
}
"""By a name of ours."""
KINDS = sorted({rule.kind for rule in RULES.values() if rule.recorded})
"""What has to be recorded for them."""
