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


def scripted(document: str, script: str) -> str:
    """An automation whose first step runs a script, which is a file of its own."""
    made: Any = yaml.safe_load((FOLDER / document).read_text(encoding="utf-8"))
    made["mainSteps"][0]["inputs"]["Script"] = (FOLDER / script).read_text(encoding="utf-8")
    return json.dumps(made, indent=1)  # JSON is YAML
