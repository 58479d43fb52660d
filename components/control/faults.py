"""The four faults, as what an Experiment takes: whom, what, and what its role needs for it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

import pulumi

from components.control.experiment import Action, Target
from components.policies import beside

INTERFACE = "ens5"
"""The first network interface of a Nitro machine of Amazon Linux 2023."""


@dataclass(frozen=True)
class Struck:
    """What may be broken, and for how long."""

    vpc_arn: pulumi.Input[str]
    stack: str
    fleets: Sequence[str]
    zone: str
    minutes: int
    delay_ms: int

    def machines(self, fleet: str) -> dict[str, str]:
        """The tags of a fleet's machines."""
        return {"stack": self.stack, "component": fleet}


class Fault(TypedDict):
    """An experiment without its alarms and its schedule."""

    fault: str
    targets: Mapping[str, Target]
    actions: Mapping[str, Action]
    statements: Sequence[Mapping[str, Any]]


def monkey(struck: Struck) -> Fault:
    """One machine of each fleet is terminated."""
    return {
        "fault": "monkey",
        "targets": {
            fleet: {"kind": "instances", "tags": struck.machines(fleet), "selection": "COUNT(1)"}
            for fleet in struck.fleets
        },
        "actions": {
            fleet: {"action": "aws:ec2:terminate-instances", "target": fleet} for fleet in struck.fleets
        },
        "statements": [_look(), _terminate(struck)],
    }


def gorilla(struck: Struck) -> Fault:
    """A zone's subnets carry nothing, and its machines are terminated."""
    mine = {"stack": struck.stack}
    return {
        "fault": "gorilla",
        "targets": {
            "subnets": {"kind": "subnets", "tags": mine, "zone": struck.zone},
            "machines": {"kind": "instances", "tags": mine, "zone": struck.zone},
        },
        "actions": {
            "disconnect": _disconnect(struck, "subnets"),
            "terminate": {"action": "aws:ec2:terminate-instances", "target": "machines"},
        },
        "statements": [_look(), _terminate(struck), *_disconnecting(struck)],
    }


def kong(struck: Struck) -> Fault:
    """All private subnets of the region carry nothing: its health checks fail, and traffic goes elsewhere."""
    return {
        "fault": "kong",
        "targets": {"subnets": {"kind": "subnets", "tags": {"stack": struck.stack, "tier": "private"}}},
        "actions": {"disconnect": _disconnect(struck, "subnets")},
        "statements": [_look(), *_disconnecting(struck)],
    }


def latency(struck: Struck) -> Fault:
    """Half of each fleet's machines in a zone send every packet late.

    Half, because AWS slows 5 machines of an experiment by default:
    https://docs.aws.amazon.com/fis/latest/userguide/fis-quotas.html
    """
    document = beside(struck.vpc_arn, "ssm", "document/AWSFIS-Run-Network-Latency").apply(_amazons)
    settings = {
        "DurationSeconds": str(60 * struck.minutes),
        "DelayMilliseconds": str(struck.delay_ms),
        "Interface": INTERFACE,
        "InstallDependencies": "True",
    }
    slow: Action = {
        "action": "aws:ssm:send-command",
        "target": "",
        "parameters": {
            "documentArn": document,
            "documentParameters": json.dumps(settings),
            "duration": f"PT{struck.minutes}M",
        },
    }
    return {
        "fault": "latency",
        "targets": {
            fleet: {
                "kind": "instances",
                "tags": struck.machines(fleet),
                "zone": struck.zone,
                "selection": "PERCENT(50)",
            }
            for fleet in struck.fleets
        },
        "actions": {fleet: {**slow, "target": fleet} for fleet in struck.fleets},
        "statements": [
            _look(),
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
        ],
    }


def _amazons(arn: str) -> str:
    """A document of Amazon's own, whose ARN has no account."""
    parts = arn.split(":")
    return ":".join([*parts[:4], "", *parts[5:]])


def _look() -> dict[str, Any]:
    """Finding targets; describing takes no resource."""
    actions = ["DescribeInstances", "DescribeNetworkAcls", "DescribeSubnets", "DescribeVpcs"]
    return {
        "Sid": "Look",
        "Effect": "Allow",
        "Action": [f"ec2:{action}" for action in actions],
        "Resource": "*",
    }


def _terminate(struck: Struck) -> dict[str, Any]:
    return {
        "Sid": "Terminate",
        "Effect": "Allow",
        "Action": "ec2:TerminateInstances",
        "Resource": beside(struck.vpc_arn, "ec2", "instance/*"),
        "Condition": {"StringEquals": {"aws:ResourceTag/stack": struck.stack}},
    }


def _disconnect(struck: Struck, target: str) -> Action:
    return {
        "action": "aws:network:disrupt-connectivity",
        "target": target,
        "parameters": {"scope": "all", "duration": f"PT{struck.minutes}M"},
    }


def _disconnecting(struck: Struck) -> list[dict[str, Any]]:
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
