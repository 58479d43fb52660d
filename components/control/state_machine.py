"""Steps that AWS Step Functions does one after the other, tries again, and accounts for."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Logging
from components.logs import log_group
from components.policies import policy, trust, trust_for

KEPT_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message."""
LOG = (
    "CreateLogDelivery",
    "DeleteLogDelivery",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "GetLogDelivery",
    "ListLogDeliveries",
    "PutResourcePolicy",
    "UpdateLogDelivery",
)
TRACE = ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
ENDS = {"wrong": "ExecutionsFailed", "late": "ExecutionsTimedOut", "stopped": "ExecutionsAborted"}


class StateMachineArgs(Logging):
    definition: pulumi.Input[str]
    """The steps, in Amazon States Language."""
    functions: NotRequired[Mapping[str, pulumi.Input[str]]]
    """ARNs of the functions that it calls, by a name of one's own. Default: none."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements that its steps need. Default: none."""
    alarm_arns: NotRequired[Sequence[pulumi.Input[str]]]
    """Alarms that start it with their state change as its input: {"detail": {"state": {"value": "ALARM"}}},
    or "OK". Default: none."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when a run failed. Default: none."""


class StateMachine(Component):
    """A logged and traced state machine that alarms start, with an alarm of its own for runs that failed.

    A start that could not be made for a day is parked in a queue, and alarmed.
    """

    arn: pulumi.Output[str]
    failed_queue_url: pulumi.Output[str]
    """Where the starts are that could not be made."""

    def __init__(self, name: str, args: StateMachineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        statements = list(args.get("statements", ()))
        if functions := list(args.get("functions", {}).values()):
            call = {
                "Sid": "Call",
                "Effect": "Allow",
                "Action": "lambda:InvokeFunction",
                "Resource": functions,
            }
            statements.append(call)

        machine = machine_of(self, args, definition=args["definition"], statements=statements)
        failed = failed_queue(self)
        if alarms := args.get("alarm_arns"):
            changed = {
                "source": ["aws.cloudwatch"],
                "detail-type": ["CloudWatch Alarm State Change"],
                "resources": list(alarms),
                "detail": {"state": {"value": ["ALARM", "OK"]}},
            }
            start(self, machine, failed, changed, f"An alarm of {pulumi.get_stack()} changed")
        alarm(
            self,
            args.get("alarm_actions", []),
            machine,
            failed,
            f"A run of {name} failed",
            f"Starts of {name} wait in {name}-failed for somebody to look at them",
        )

        self.arn = machine.arn
        self.failed_queue_url = failed.url
        self.register_outputs({"arn": self.arn, "failed_queue_url": self.failed_queue_url})


def machine_of(
    owner: Component,
    args: Logging,
    *,
    definition: pulumi.Input[str],
    statements: Sequence[Mapping[str, Any]],
) -> aws.sfn.StateMachine:
    """The state machine of `owner`, with its log and its role, "<name>-machine"."""
    name = f"{owner.name}-machine"
    logs = log_group(
        owner,
        name,
        # The prefix spares the log's resource policy: https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html
        group_name=f"/aws/vendedlogs/states/{pulumi.get_stack()}-{owner.name}",
        days=args.get("log_retention_days", 365),
        key_arn=args.get("key_arn"),
    )
    role = aws.iam.Role(
        name, assume_role_policy=trust_for("states.amazonaws.com", logs.arn), opts=owner.child
    )
    watched = [
        # These take no resource: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
        _may("Log", [f"logs:{action}" for action in LOG], "*"),
        _may("Trace", [f"xray:{action}" for action in TRACE], "*"),
    ]
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy([*statements, *watched]), opts=owner.child
    )
    return aws.sfn.StateMachine(
        owner.name,
        role_arn=role.arn,
        definition=definition,
        logging_configuration={
            "level": "ALL",
            "include_execution_data": True,
            "log_destination": pulumi.Output.format("{}:*", logs.arn),
        },
        tracing_configuration={"enabled": True},
        # Step Functions refuses a log that the role may not deliver to.
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
    )


def failed_queue(owner: Component) -> aws.sqs.Queue:
    """Where a machine's owner parks what failed."""
    return aws.sqs.Queue(
        f"{owner.name}-failed",
        message_retention_seconds=KEPT_SECONDS,
        sqs_managed_sse_enabled=True,  # nothing secret is in it; EventBridge needs no key of ours for it
        opts=owner.child,
    )


def start(
    owner: Component,
    machine: aws.sfn.StateMachine,
    failed: aws.sqs.Queue,
    pattern: Mapping[str, Any],
    description: str,
) -> None:
    """Every event of a pattern starts the machine; a start that fails for a day is parked."""
    name = f"{owner.name}-start"
    rule = aws.cloudwatch.EventRule(
        owner.name,
        description=description,
        event_pattern=pulumi.Output.json_dumps(pattern),
        opts=owner.child,
    )
    role = aws.iam.Role(name, assume_role_policy=trust("events.amazonaws.com"), opts=owner.child)
    begin = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine.arn}
    aws.iam.RolePolicy(name, role=role.name, policy=policy([begin]), opts=owner.child)
    aws.sqs.QueuePolicy(
        f"{owner.name}-failed",
        queue_url=failed.url,
        policy=policy([_parking(rule.arn, failed.arn)]),
        opts=owner.child,
    )
    aws.cloudwatch.EventTarget(
        owner.name,
        rule=rule.name,
        arn=machine.arn,
        role_arn=role.arn,
        retry_policy={"maximum_event_age_in_seconds": 86400, "maximum_retry_attempts": 185},
        dead_letter_config={"arn": failed.arn},
        opts=owner.child,
    )


def alarm(
    owner: Component,
    actions: Sequence[pulumi.Input[str]],
    machine: aws.sfn.StateMachine,
    failed: aws.sqs.Queue,
    went_wrong: str,
    waiting: str,
) -> None:
    """Alarms for runs that did not end well, and for what waits in the queue, each with its description."""
    runs: Any = [
        *(_ended(id, metric, machine.arn) for id, metric in ENDS.items()),
        {
            "id": "failed",
            "expression": " + ".join(f"FILL({id}, 0)" for id in ENDS),
            "label": f"{owner.name}: runs that failed",
            "return_data": True,
        },
    ]
    shared: Any = {
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 0,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
        "alarm_actions": actions,
        "ok_actions": actions,
        "opts": owner.child,
    }
    aws.cloudwatch.MetricAlarm(owner.name, alarm_description=went_wrong, metric_queries=runs, **shared)
    aws.cloudwatch.MetricAlarm(
        f"{owner.name}-failed",
        alarm_description=waiting,
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": failed.name},
        statistic="Maximum",
        period=300,
        **shared,
    )


def _may(sid: str, actions: Sequence[str], resource: pulumi.Input[str]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def _parking(rule_arn: pulumi.Input[str], queue_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "Sid": "Undelivered",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }


def _ended(id: str, metric: str, machine_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/States",
            "metric_name": metric,
            "dimensions": {"StateMachineArn": machine_arn},
            "stat": "Sum",
            "period": 300,
        },
        "return_data": False,
    }
