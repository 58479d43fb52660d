"""What is done when an alarm goes off, before anybody is awake."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.policies import beside, policy, trust, trust_for


class RunbookArgs(ComponentArgs):
    alarm_arns: Mapping[str, pulumi.Input[str]]
    """Alarms that start it, metric or composite, by a name of one's own."""
    state: NotRequired[str]
    """The state of an alarm that starts it, ALARM or OK. Default ALARM."""
    document: str
    """The automation, as SSM's YAML (procedures.roll_back, for example)."""
    parameters: Mapping[str, Sequence[pulumi.Input[str]]]
    """The automation's parameters, but for AutomationAssumeRole and Topic."""
    statements: Sequence[Mapping[str, Any]]
    """The least IAM statements that its steps need, but for telling the topic."""
    topic_arn: pulumi.Input[str]
    """Topic that it tells what it did (Alerts)."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that the topic is encrypted with. Default: none."""


class Runbook(Component):
    """An SSM automation that an alarm starts, and that tells a topic what it did.

    Its role may do what its steps do and publish to that topic, nothing else.
    """

    document_name: pulumi.Output[str]

    def __init__(self, name: str, args: RunbookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not args["alarm_arns"]:
            self.reject("alarm_arns", {}, "one or more")
        if (state := args.get("state", "ALARM")) not in ("ALARM", "OK"):
            self.reject("state", state, "ALARM or OK")

        document = aws.ssm.Document(
            name,
            document_type="Automation",
            document_format="YAML",
            content=args["document"],
            opts=self.child,
        )
        role = aws.iam.Role(
            name, assume_role_policy=trust_for("ssm.amazonaws.com", args["topic_arn"]), opts=self.child
        )
        tell = {"Sid": "Tell", "Effect": "Allow", "Action": "sns:Publish", "Resource": args["topic_arn"]}
        statements: list[Mapping[str, Any]] = [*args["statements"], tell]
        if "key_arn" in args:
            actions = ["kms:Decrypt", "kms:GenerateDataKey"]
            statements.append(
                {"Sid": "Key", "Effect": "Allow", "Action": actions, "Resource": args["key_arn"]}
            )
        aws.iam.RolePolicy(name, role=role.name, policy=policy(statements), opts=self.child)
        self._start(name, args, document, role)

        self.document_name = document.name
        self.register_outputs({"document_name": self.document_name})

    def _start(self, name: str, args: RunbookArgs, document: aws.ssm.Document, role: aws.iam.Role) -> None:
        automation = document.name.apply(
            lambda document: beside(args["topic_arn"], "ssm", f"automation-definition/{document}:$DEFAULT")
        )
        starter = aws.iam.Role(
            f"{name}-start", assume_role_policy=trust("events.amazonaws.com"), opts=self.child
        )
        aws.iam.RolePolicy(
            f"{name}-start",
            role=starter.name,
            policy=policy(
                [
                    {"Effect": "Allow", "Action": "ssm:StartAutomationExecution", "Resource": automation},
                    {
                        "Effect": "Allow",
                        "Action": "iam:PassRole",
                        "Resource": role.arn,
                        "Condition": {"StringEquals": {"iam:PassedToService": "ssm.amazonaws.com"}},
                    },
                ]
            ),
            opts=self.child,
        )
        rule = aws.cloudwatch.EventRule(
            name,
            description=f"An alarm of {pulumi.get_stack()} went off"
            if args.get("state", "ALARM") == "ALARM"
            else f"An alarm of {pulumi.get_stack()} is over",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.cloudwatch"],
                    "detail-type": ["CloudWatch Alarm State Change"],
                    "resources": list(args["alarm_arns"].values()),
                    "detail": {"state": {"value": [args.get("state", "ALARM")]}},
                }
            ),
            opts=self.child,
        )
        given = {**args["parameters"], "AutomationAssumeRole": [role.arn], "Topic": [args["topic_arn"]]}
        aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=automation,
            role_arn=starter.arn,
            input=pulumi.Output.json_dumps(given),
            opts=self.child,
        )
