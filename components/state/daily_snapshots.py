"""Snapshots of disks, every day: Data Lifecycle Manager."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import beside, policy, trust_for

AT = "03:00"
"""UTC."""


def daily_snapshots(
    owner: Component, name: str, mark: tuple[str, str], near: pulumi.Input[str], *, days: int
) -> aws.dlm.LifecyclePolicy:
    """A snapshot a day of every disk that has a tag, `mark`, kept for some days. It is encrypted as its disk
    is, and has its tags. `near`: an ARN in the same region and account.

    Each is as a disk is after a loss of power, which what is on it must be made for anyway.
    """
    role = aws.iam.Role(name, assume_role_policy=trust_for("dlm.amazonaws.com", near), opts=owner.child)
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy(_statements(mark, near)), opts=owner.child
    )
    return aws.dlm.LifecyclePolicy(
        name,
        description=f"Daily snapshots of {owner.name}"[:500],
        execution_role_arn=role.arn,
        state="ENABLED",
        policy_details={
            "resource_types": ["VOLUME"],
            "target_tags": {mark[0]: mark[1]},
            "schedules": [
                {
                    "name": "daily",
                    "create_rule": {"interval": 24, "interval_unit": "HOURS", "times": AT},
                    "retain_rule": {"interval": days, "interval_unit": "DAYS"},
                    "copy_tags": True,
                }
            ],
        },
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
    )


def _statements(mark: tuple[str, str], near: pulumi.Input[str]) -> list[dict[str, Any]]:
    """What of AWSDataLifecycleManagerServiceRole, which is for every disk of an account, these take:
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSDataLifecycleManagerServiceRole.html"""
    marked = {"StringEquals": {f"aws:ResourceTag/{mark[0]}": mark[1]}}
    # A snapshot's ARN has no account: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
    snapshots = beside(near, "ec2", "snapshot/*").apply(_without_account)
    return [
        {
            "Sid": "OfDisks",
            "Effect": "Allow",
            "Action": "ec2:CreateSnapshot",
            "Resource": beside(near, "ec2", "volume/*"),
            "Condition": marked,
        },
        {
            "Sid": "Snapshots",
            "Effect": "Allow",
            "Action": ["ec2:CreateSnapshot", "ec2:CreateTags"],
            "Resource": snapshots,
        },
        {
            "Sid": "OldOnes",
            "Effect": "Allow",
            "Action": "ec2:DeleteSnapshot",
            "Resource": snapshots,
            "Condition": marked,
        },
        {
            "Sid": "WhatIsThere",  # these take no resource
            "Effect": "Allow",
            "Action": ["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"],
            "Resource": "*",
        },
    ]


def _without_account(arn: str) -> str:
    parts = arn.split(":", 5)
    return ":".join([*parts[:4], "", parts[5]])
