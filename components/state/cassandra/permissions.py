"""What the nodes of a ring may do."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components.logs import write_statement
from components.policies import beside


def statements(
    ring: str,
    near: pulumi.Output[str],
    own: Sequence[pulumi.Output[str]],
    log_group_arn: pulumi.Output[str],
    bucket_arn: pulumi.Output[str],
    key_arn: pulumi.Input[str] | None,
) -> list[dict[str, Any]]:
    """Taking the ring's own addresses and disks, writing its log, and writing and reading its snapshots.

    `near`: an ARN in the same region and account. `own`: the ARNs of the ring's interfaces and volumes.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    moves = [f"ec2:{verb}{what}" for verb in ("Attach", "Detach") for what in ("NetworkInterface", "Volume")]
    made: list[dict[str, Any]] = [
        {"Sid": "Slots", "Effect": "Allow", "Action": moves, "Resource": list(own)},
        {
            "Sid": "Nodes",
            "Effect": "Allow",
            "Action": moves,
            "Resource": beside(near, "ec2", "instance/*"),
            "Condition": {"StringEquals": {"aws:ResourceTag/component": ring}},
        },
        {
            "Sid": "WhoHasWhat",  # these take no resource
            "Effect": "Allow",
            "Action": [f"ec2:Describe{what}" for what in ("Instances", "NetworkInterfaces", "Volumes")],
            "Resource": "*",
        },
        write_statement(log_group_arn),
        {
            "Sid": "Snapshots",
            "Effect": "Allow",
            "Action": ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
            "Resource": pulumi.Output.format("{}/{}/*", bucket_arn, ring),
        },
        {
            "Sid": "FindSnapshots",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": bucket_arn,
            "Condition": {"StringLike": {"s3:prefix": f"{ring}/*"}},
        },
    ]
    return [*made, *_key_statements(key_arn)] if key_arn is not None else made


def _key_statements(key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """Attaching an encrypted disk: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"""
    return [
        {
            "Sid": "Key",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            "Resource": key_arn,
        },
        {
            "Sid": "KeyForDisks",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": key_arn,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]
