"""What the role of an experiment needs for each fault, and no more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pulumi

from components.policies import beside


class Copied(TypedDict):
    """A store whose bucket is copied to another region."""

    bucket_arn: pulumi.Input[str]
    """The bucket that is copied (ContentStore.arn)."""
    region: str
    """The region that it is copied to."""


@dataclass(frozen=True)
class Struck:
    """What may be broken, and for how long."""

    vpc_arn: pulumi.Input[str]
    stack: str
    fleets: Sequence[str]
    zone: str
    minutes: int
    delay_ms: int
    copies: Mapping[str, Copied] = field(default_factory=dict[str, Copied])
    """By the name of the store's component."""

    def machines(self, fleet: str) -> dict[str, str]:
        """The tags of a fleet's machines."""
        return {"stack": self.stack, "component": fleet}


def look() -> dict[str, Any]:
    """Finding targets; describing takes no resource."""
    actions = ["DescribeInstances", "DescribeNetworkAcls", "DescribeSubnets", "DescribeVpcs"]
    return {
        "Sid": "Look",
        "Effect": "Allow",
        "Action": [f"ec2:{action}" for action in actions],
        "Resource": "*",
    }


def terminate(struck: Struck) -> dict[str, Any]:
    return {
        "Sid": "Terminate",
        "Effect": "Allow",
        "Action": "ec2:TerminateInstances",
        "Resource": beside(struck.vpc_arn, "ec2", "instance/*"),
        "Condition": {"StringEquals": {"aws:ResourceTag/stack": struck.stack}},
    }


def disconnecting(struck: Struck) -> list[dict[str, Any]]:
    """FIS puts network ACLs of its own, tagged managedByFIS, in the place of the subnets', and those back.

    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSFaultInjectionSimulatorNetworkAccess.html
    """
    acls = beside(struck.vpc_arn, "ec2", "network-acl/*")
    asked = {"aws:RequestTag/managedByFIS": "true"}

    def allow(sid: str, actions: Sequence[str], resource: object, **equals: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [f"ec2:{action}" for action in actions],
            "Resource": resource,
        }
        return {**made, "Condition": {"StringEquals": equals}} if equals else made

    return [
        allow("MakeAcl", ["CreateNetworkAcl"], acls, **asked),
        allow("MakeAclThere", ["CreateNetworkAcl"], struck.vpc_arn),
        allow("TagAcl", ["CreateTags"], acls, **asked, **{"ec2:CreateAction": "CreateNetworkAcl"}),
        allow(
            "FillAcl",
            ["CreateNetworkAclEntry", "DeleteNetworkAcl"],
            acls,
            **{"aws:ResourceTag/managedByFIS": "true"},
        ),
        allow(
            "ReplaceAclOf",
            ["ReplaceNetworkAclAssociation"],
            beside(struck.vpc_arn, "ec2", "subnet/*"),
            **{"aws:ResourceTag/stack": struck.stack},
        ),
        allow("ReplaceAcl", ["ReplaceNetworkAclAssociation"], acls),
    ]


def pausing(struck: Struck) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html#bucket-pause-replication"""
    copies = list(struck.copies.values())
    buckets = [copied["bucket_arn"] for copied in copies]
    regions = sorted({copied["region"] for copied in copies})
    return [
        {
            "Sid": "Pause",
            "Effect": "Allow",
            "Action": "s3:PauseReplication",
            "Resource": buckets,
            "Condition": {"StringEquals": {"s3:DestinationRegion": regions}},
        },
        {
            "Sid": "PauseOnly",
            "Effect": "Allow",
            "Action": "s3:PutReplicationConfiguration",
            "Resource": buckets,
            "Condition": {"Bool": {"s3:isReplicationPauseRequest": "true"}},
        },
        {
            "Sid": "Copies",
            "Effect": "Allow",
            "Action": "s3:GetReplicationConfiguration",
            "Resource": buckets,
        },
        # These take no resource.
        {
            "Sid": "Buckets",
            "Effect": "Allow",
            "Action": ["s3:ListAllMyBuckets", "tag:GetResources"],
            "Resource": "*",
        },
    ]


def slowing(struck: Struck, document: pulumi.Input[str]) -> list[dict[str, Any]]:
    """Running a document on machines of the stack."""
    return [
        {
            "Sid": "SlowDown",
            "Effect": "Allow",
            "Action": "ssm:SendCommand",
            "Resource": beside(struck.vpc_arn, "ec2", "instance/*"),
            "Condition": {"StringEquals": {"aws:ResourceTag/stack": struck.stack}},
        },
        {"Sid": "Document", "Effect": "Allow", "Action": "ssm:SendCommand", "Resource": document},
        {
            # These take no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
            "Sid": "Commands",
            "Effect": "Allow",
            "Action": ["ssm:CancelCommand", "ssm:ListCommands"],
            "Resource": "*",
        },
    ]
