"""What the nodes of a ring may do."""

from typing import Any

import pulumi

from components.logs import write_statement
from components.policies import beside

MARK = "ring"
"""The tag of a ring's addresses, disks and instances. Its own, for the outermost component of a plane decides
what `component` says, and a root disk has that tag too."""
MOVED = ("instance", "network-interface", "volume")


def statements(
    ring: str,
    mark: str,
    near: pulumi.Output[str],
    log_group_arn: pulumi.Output[str],
    bucket_arn: pulumi.Output[str],
    key_arn: pulumi.Input[str] | None,
) -> list[dict[str, Any]]:
    """Taking the ring's own addresses and disks, writing its log, and writing and reading its snapshots.

    `mark`: what the `ring` tag of these says, in this account only of this ring. A list of them would outgrow
    a role's 10,240 characters at some 60 nodes. `near`: an ARN in the same region and account.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    """
    moves = [f"ec2:{verb}{what}" for verb in ("Attach", "Detach") for what in ("NetworkInterface", "Volume")]
    made: list[dict[str, Any]] = [
        {
            "Sid": "Slots",  # each call asks for what is moved, and for the instance
            "Effect": "Allow",
            "Action": moves,
            "Resource": [beside(near, "ec2", f"{what}/*") for what in MOVED],
            "Condition": {"StringEquals": {f"aws:ResourceTag/{MARK}": mark}},
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
