"""A fault that is done to running systems on purpose."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.logs import log_group
from components.policies import account_of, beside, policy

TARGETS = {
    "instances": ("aws:ec2:instance", "Instances"),
    "subnets": ("aws:ec2:subnet", "Subnets"),
    "buckets": ("aws:s3:bucket", "Buckets"),
}
"""https://docs.aws.amazon.com/fis/latest/userguide/targets.html, and what actions call them:
https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html"""
ZONE = {"instances": "Placement.AvailabilityZone", "subnets": "AvailabilityZone"}


class Target(TypedDict):
    """Whom a fault is done to: what has all the tags, and is in the zone."""

    kind: str
    """"instances", "subnets" or "buckets"."""
    tags: Mapping[str, str]
    """Tags that each of them has."""
    zone: NotRequired[str]
    """Zone that each of them is in; a bucket is in none. Default: any."""
    selection: NotRequired[str]
    """"ALL", "COUNT(1)" or "PERCENT(50)" of them, by chance. Default "ALL"."""


class Action(TypedDict):
    """What is done, by AWS's name for it."""

    action: str
    """"aws:ec2:terminate-instances", for example."""
    target: str
    """Name of the target."""
    parameters: NotRequired[Mapping[str, pulumi.Input[str]]]
    """The action's own parameters. Default: none."""
    after: NotRequired[Sequence[str]]
    """Actions that must be done first. Default: it begins at once."""


class ExperimentArgs(ComponentArgs):
    fault: str
    """The fault's name, the tag that it is found by."""
    targets: Mapping[str, Target]
    """Whom it is done to, by name."""
    actions: Mapping[str, Action]
    """What is done, by name."""
    statements: Sequence[Mapping[str, Any]]
    """The least IAM statements that the actions need."""
    stop_alarm_arns: Sequence[pulumi.Input[str]]
    """Alarms, any of which stops the experiment and undoes what can be undone."""
    schedule: NotRequired[str]
    """When it begins by itself, "cron(0 10 ? * MON-FRI *)". Default: never."""
    window_minutes: NotRequired[int]
    """It begins at a moment by chance within so many minutes. Default 300: 10:00 to 15:00."""
    time_zone: NotRequired[str]
    """Time zone of the schedule. Default UTC."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that its log is encrypted with. Default: CloudWatch's own."""
    log_retention_days: NotRequired[int]
    """Days that its log is kept. Default 365."""


class Experiment(Component):
    """An AWS FIS experiment that ends by itself as soon as an alarm says that users notice.

    Its role may do what the actions need and nothing else. On a schedule it runs unattended, so there is no
    experiment without an alarm that stops it.
    """

    template_id: pulumi.Output[str]
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: ExperimentArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        logs = log_group(self, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
        role = aws.iam.Role(name, assume_role_policy=_trust("fis", logs.arn), opts=self.child)
        aws.iam.RolePolicy(
            name, role=role.name, policy=policy([*args["statements"], DELIVER_LOGS]), opts=self.child
        )
        template = aws.fis.ExperimentTemplate(
            name,
            description=f"{args['fault']} of {pulumi.get_stack()}",
            role_arn=role.arn,
            targets=[_target(key, target) for key, target in args["targets"].items()],
            actions=[_action(key, action, args["targets"]) for key, action in args["actions"].items()],
            stop_conditions=[
                {"source": "aws:cloudwatch:alarm", "value": arn} for arn in args["stop_alarm_arns"]
            ],
            experiment_options={
                "account_targeting": "single-account",
                "empty_target_resolution_mode": "fail",  # a fault that hits nothing proves nothing
            },
            log_configuration={
                "log_schema_version": 2,
                "cloudwatch_logs_configuration": {"log_group_arn": pulumi.Output.format("{}:*", logs.arn)},
            },
            tags={"Name": name, "stack": pulumi.get_stack(), "fault": args["fault"]},
            opts=self.child,
        )
        if "schedule" in args:
            self._schedule(args, template, logs)

        self.template_id = template.id
        self.log_group = logs.name
        self.register_outputs({"template_id": self.template_id, "log_group": self.log_group})

    def _check(self, args: ExperimentArgs) -> None:
        if not args["stop_alarm_arns"]:
            self.reject("stop_alarm_arns", [], "one alarm or more, so that it stops when users notice")
        for key, target in args["targets"].items():
            if target["kind"] not in TARGETS:
                self.reject(f"targets['{key}'].kind", target["kind"], " or ".join(TARGETS))
            if not target["tags"]:
                self.reject(f"targets['{key}'].tags", {}, "one tag or more, so that it finds only its own")
            if "zone" in target and target["kind"] not in ZONE:
                self.reject(f"targets['{key}'].zone", target["zone"], "left out: a bucket is in no zone")
        for key, action in args["actions"].items():
            if action["target"] not in args["targets"]:
                known = ", ".join(args["targets"])
                self.reject(f"actions['{key}'].target", action["target"], f"one of the targets, {known}")
        if not 1 <= (minutes := args.get("window_minutes", 300)) <= 1440:
            self.reject("window_minutes", minutes, "1 to 1440")

    def _schedule(
        self, args: ExperimentArgs, template: aws.fis.ExperimentTemplate, logs: aws.cloudwatch.LogGroup
    ) -> None:
        begun_by = f"{self.name}-schedule"
        role = aws.iam.Role(begun_by, assume_role_policy=_trust("scheduler", logs.arn), opts=self.child)
        aws.iam.RolePolicy(
            begun_by,
            role=role.name,
            policy=policy(
                [
                    {
                        "Effect": "Allow",
                        "Action": "fis:StartExperiment",
                        "Resource": [
                            template.id.apply(
                                lambda id: beside(logs.arn, "fis", f"experiment-template/{id}")
                            ),
                            beside(logs.arn, "fis", "experiment/*"),
                        ],
                    }
                ]
            ),
            opts=self.child,
        )
        aws.scheduler.Schedule(
            self.name,
            description=f"{args['fault']} of {pulumi.get_stack()}",
            schedule_expression=args.get("schedule", ""),
            schedule_expression_timezone=args.get("time_zone", "UTC"),
            flexible_time_window={
                "mode": "FLEXIBLE",
                "maximum_window_in_minutes": args.get("window_minutes", 300),
            },
            target={
                "arn": "arn:aws:scheduler:::aws-sdk:fis:startExperiment",
                "role_arn": role.arn,
                "input": pulumi.Output.json_dumps(
                    {
                        "ExperimentTemplateId": template.id,
                        "ClientToken": "<aws.scheduler.execution-id>",
                    }
                ),
                "retry_policy": {"maximum_retry_attempts": 0},  # a fault that is late is not wanted any more
            },
            opts=self.child,
        )


def _target(name: str, target: Target) -> Any:
    kind = target["kind"]
    filters: list[dict[str, Any]] = []
    if "zone" in target:
        filters.append({"path": ZONE[kind], "values": [target["zone"]]})
    if kind == "instances":
        filters.append({"path": "State.Name", "values": ["running"]})
    return {
        "name": name,
        "resource_type": TARGETS[kind][0],
        "selection_mode": target.get("selection", "ALL"),
        "resource_tags": [{"key": key, "value": value} for key, value in target["tags"].items()],
        "filters": filters,
    }


def _action(name: str, action: Action, targets: Mapping[str, Target]) -> Any:
    return {
        "name": name,
        "action_id": action["action"],
        "parameters": [{"key": k, "value": v} for k, v in action.get("parameters", {}).items()],
        "start_afters": list(action.get("after", ())),
        "target": {"key": TARGETS[targets[action["target"]]["kind"]][1], "value": action["target"]},
    }


def _trust(service: str, near: pulumi.Input[str]) -> pulumi.Output[str]:
    """Lets a service assume a role, for this account's sake alone."""
    return policy(
        [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": f"{service}.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": account_of(near)}},
            }
        ]
    )


DELIVER_LOGS = {
    # These take no resource: https://docs.aws.amazon.com/fis/latest/userguide/monitoring-logging.html
    "Sid": "Log",
    "Effect": "Allow",
    "Action": [
        "logs:CreateLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:PutResourcePolicy",
    ],
    "Resource": "*",
}
