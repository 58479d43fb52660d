"""Copies of a bucket's objects in a bucket of another region."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import policy, trust
from components.state.private_bucket import PrivateBucket

COPY_MINUTES = 15
"""S3 promises 99.9 % of copies in it, and takes no other number:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""


@dataclass(frozen=True)
class Side:
    """A bucket, and the key that its objects are encrypted with."""

    bucket: PrivateBucket
    key_arn: pulumi.Input[str] | None = None


def replicate(owner: Component, name: str, source: Side, copy: Side) -> None:
    """A role and a rule that copy what is written to one bucket, and deletions, to another, which does the
    same: a change of a copy's tags or lock comes back."""
    role = aws.iam.Role(name, assume_role_policy=trust("s3.amazonaws.com"), opts=owner.child)
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy(_copying(source, copy)), opts=owner.child
    )
    destination: aws.s3.BucketReplicationConfigRuleDestinationArgsDict = {
        "bucket": copy.bucket.arn,
        "metrics": {"status": "Enabled", "event_threshold": {"minutes": COPY_MINUTES}},
        "replication_time": {"status": "Enabled", "time": {"minutes": COPY_MINUTES}},
    }
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html
    chosen: aws.s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgsDict = {
        "replica_modifications": {"status": "Enabled"}
    }
    if copy.key_arn is not None:
        destination["encryption_configuration"] = {"replica_kms_key_id": copy.key_arn}
        chosen["sse_kms_encrypted_objects"] = {"status": "Enabled"}
    rule: aws.s3.BucketReplicationConfigRuleArgsDict = {
        "id": "everything",
        "status": "Enabled",
        "priority": 0,
        "filter": {"prefix": ""},
        "delete_marker_replication": {"status": "Enabled"},
        "destination": destination,
        "source_selection_criteria": chosen,
    }
    aws.s3.BucketReplicationConfig(
        name,
        bucket=source.bucket.bucket,
        role=role.arn,
        rules=[rule],
        # S3 refuses it before both buckets keep versions.
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[source.bucket, copy.bucket, allowed]),
    )


def _copying(source: Side, copy: Side) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"""
    here, there = source.bucket.arn, copy.bucket.arn
    versions = [f"s3:GetObjectVersion{what}" for what in ("Acl", "ForReplication", "Tagging")]
    allowed: list[dict[str, Any]] = [
        {
            "Sid": "Bucket",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": here,
        },
        {
            "Sid": "Versions",
            "Effect": "Allow",
            "Action": versions,
            "Resource": pulumi.Output.format("{}/*", here),
        },
        {
            "Sid": "Copies",
            "Effect": "Allow",
            "Action": ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": pulumi.Output.format("{}/*", there),
        },
    ]
    if source.key_arn is not None and copy.key_arn is not None:
        allowed.append(key_statement("Key", ["kms:Decrypt"], source.key_arn, here))
        allowed.append(
            key_statement("ReplicaKey", ["kms:Encrypt", "kms:GenerateDataKey"], copy.key_arn, there)
        )
    return allowed


def key_statement(
    sid: str, uses: list[str], key_arn: pulumi.Input[str], bucket: pulumi.Output[str]
) -> dict[str, Any]:
    """A key, for one bucket's objects alone. S3 says whose: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""
    region = pulumi.Output.from_input(key_arn).apply(lambda arn: arn.split(":")[3])
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": uses,
        "Resource": key_arn,
        "Condition": {
            "StringEquals": {"kms:ViaService": pulumi.Output.format("s3.{}.amazonaws.com", region)},
            # The bucket's own key, or an object's where its writer asked for none of the bucket's.
            "StringLike": {
                "kms:EncryptionContext:aws:s3:arn": [bucket, pulumi.Output.format("{}/*", bucket)],
            },
        },
    }
