"""The four faults, as what an Experiment takes: whom, what, and what its role needs for it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from components.control.experiment import Action, Target
from components.control.fault_permissions import Struck, disconnecting, look, pausing, slowing, terminate
from components.policies import beside

INTERFACE = "ens5"
"""The first network interface of a Nitro machine of Amazon Linux 2023."""


class Fault(TypedDict):
    """An experiment without its alarms and its schedule."""

    fault: str
    targets: Mapping[str, Target]
    actions: Mapping[str, Action]
    statements: Sequence[Mapping[str, Any]]


def monkey(struck: Struck) -> Fault:
    """One machine of each fleet is terminated, by chance among those in a zone."""
    return {
        "fault": "monkey",
        "targets": {
            fleet: {
                "kind": "instances",
                "tags": struck.machines(fleet),
                "zone": struck.zone,
                "selection": "COUNT(1)",
            }
            for fleet in struck.fleets
        },
        "actions": {
            fleet: {"action": "aws:ec2:terminate-instances", "target": fleet} for fleet in struck.fleets
        },
        "statements": [look(), terminate(struck)],
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
        "statements": [look(), terminate(struck), *disconnecting(struck)],
    }


def kong(struck: Struck) -> Fault:
    """All private and data subnets of the region carry nothing, not even to other regions: its health checks
    fail, traffic goes elsewhere, and copies of what is stored here stop too.

    A region that lives but does not hear another is a different fault, "Cross-Region: Connectivity" in AWS's
    library. Closed subnets need no closed routes besides.
    """
    mine = {"stack": struck.stack}
    targets: dict[str, Target] = {
        tier: {"kind": "subnets", "tags": {**mine, "tier": tier}} for tier in ("private", "data")
    }
    actions = {f"disconnect-{tier}": _disconnect(struck, tier) for tier in targets}
    for store, copied in struck.copies.items():
        targets[store] = {"kind": "buckets", "tags": {**mine, "component": store}}
        actions[f"pause-{store}"] = {
            "action": "aws:s3:bucket-pause-replication",
            "target": store,
            "parameters": {"region": copied["region"], "duration": f"PT{struck.minutes}M"},
        }
    return {
        "fault": "kong",
        "targets": targets,
        "actions": actions,
        "statements": [look(), *disconnecting(struck), *(pausing(struck) if struck.copies else [])],
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
        "statements": [look(), *slowing(struck, document)],
    }


def _amazons(arn: str) -> str:
    """A document of Amazon's own, whose ARN has no account."""
    parts = arn.split(":")
    return ":".join([*parts[:4], "", *parts[5:]])


def _disconnect(struck: Struck, target: str) -> Action:
    return {
        "action": "aws:network:disrupt-connectivity",
        "target": target,
        "parameters": {"scope": "all", "duration": f"PT{struck.minutes}M"},
    }
