"""The procedures of runbooks, as what a Runbook takes: the automation, its parameters, and what it needs."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import pulumi
import yaml

from components.policies import beside

FOLDER = Path(__file__).parent / "runbook"


class Procedure(TypedDict):
    """A runbook without its alarms and its topic."""

    document: str
    parameters: Mapping[str, Sequence[pulumi.Input[str]]]
    statements: Sequence[Mapping[str, Any]]


class Database(TypedDict):
    """A copy of a global database (AuroraMySql.copy)."""

    global_cluster_id: pulumi.Input[str]
    """The global database."""
    copy_id: pulumi.Input[str]
    """The cluster in this region."""
    copy_arn: pulumi.Input[str]
    """Its ARN."""
    writer_arn: pulumi.Input[str]
    """ARN of the cluster that it is a copy of."""
    writer_address: pulumi.Input[str]
    """Where it is written once it is promoted, "host:port"."""


def roll_back(near: pulumi.Input[str], group_names: Sequence[pulumi.Input[str]]) -> Procedure:
    """Instance refreshes of some Auto Scaling groups that are in progress are rolled back.

    `near`: any ARN in the groups' region and account.
    """
    return {
        "document": (FOLDER / "roll-back.yaml").read_text(encoding="utf-8"),
        "parameters": {"Groups": group_names},
        "statements": [
            {
                "Sid": "RollBack",
                "Effect": "Allow",
                "Action": "autoscaling:RollbackInstanceRefresh",
                "Resource": [
                    pulumi.Output.from_input(group).apply(
                        lambda group: beside(
                            near, "autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{group}"
                        )
                    )
                    for group in group_names
                ],
            }
        ],
    }


def stand_down(near: pulumi.Input[str], template_ids: Sequence[pulumi.Input[str]]) -> Procedure:
    """Experiments of some templates that run are stopped, and the alarms that are on are told together.

    `near`: any ARN in the templates' region and account.
    """
    return {
        "document": scripted("stand-down.yaml", "stand-down.py"),
        "parameters": {"Templates": template_ids},
        "statements": [
            {
                "Sid": "StandDown",
                "Effect": "Allow",
                "Action": "fis:StopExperiment",
                "Resource": beside(near, "fis", "experiment/*"),
            },
            {
                # It takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsfaultinjectionservice.html
                "Sid": "Experiments",
                "Effect": "Allow",
                "Action": "fis:ListExperiments",
                "Resource": "*",
            },
            {
                # Composite alarms are told only to who may see all: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
                "Sid": "Look",
                "Effect": "Allow",
                "Action": "cloudwatch:DescribeAlarms",
                "Resource": "*",
            },
        ],
    }


def fail_over(database: Database, settings: Sequence[str]) -> Procedure:
    """A copy of a global database is promoted, and clients of its region are told where it is written.

    `settings`: names of the parameters in which they look for its address.
    """
    copy = pulumi.Output.from_input(database["copy_arn"])
    partition, account = (copy.apply(lambda arn, at=at: arn.split(":")[at]) for at in (1, 4))
    whole = pulumi.Output.format(
        "arn:{}:rds::{}:global-cluster:{}", partition, account, database["global_cluster_id"]
    )
    return {
        "document": scripted("fail-over.yaml", "fail-over.py"),
        "parameters": {
            "Database": [database["global_cluster_id"]],
            "Copy": [copy],
            "Writer": [database["writer_address"]],
            "Settings": settings,
        },
        "statements": [
            {
                # https://docs.aws.amazon.com/r53recovery/latest/dg/security_iam_region_switch_aurora.html
                "Sid": "FailOver",
                "Effect": "Allow",
                "Action": "rds:FailoverGlobalCluster",
                "Resource": [whole, database["writer_arn"], copy],
            },
            {
                "Sid": "Writer",
                "Effect": "Allow",
                "Action": "rds:DescribeGlobalClusters",
                "Resource": whole,
            },
            {
                "Sid": "Copy",
                "Effect": "Allow",
                "Action": "rds:DescribeDBClusters",
                "Resource": copy,
            },
            {
                "Sid": "Redirect",
                "Effect": "Allow",
                "Action": "ssm:PutParameter",
                "Resource": [beside(copy, "ssm", f"parameter{name}") for name in settings],
            },
        ],
    }


def scripted(document: str, script: str) -> str:
    """An automation whose first step runs a script, which is a file of its own."""
    made: Any = yaml.safe_load((FOLDER / document).read_text(encoding="utf-8"))
    made["mainSteps"][0]["inputs"]["Script"] = (FOLDER / script).read_text(encoding="utf-8")
    return json.dumps(made, indent=1)  # JSON is YAML
