"""Calls that AWS makes at a time: EventBridge Scheduler."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.control.calendar import at
from components.control.state_machine import failed_queue
from components.policies import account_of, policy


@dataclass(frozen=True)
class Call:
    """One call."""

    name: str
    when: datetime
    arn: pulumi.Input[str]
    """A state machine's, or "arn:aws:scheduler:::aws-sdk:<service>:<action>"."""
    said: Mapping[str, Any]
    may: Mapping[str, Any]
    """The IAM statement that it needs."""


def make(owner: Component, calls: Sequence[Call], alarm_actions: Sequence[pulumi.Input[str]]) -> None:
    """The schedules of `owner`, in a group of their own, with a role that may do no more. What could not be
    done within an hour is parked in a queue, and alarmed."""
    name = f"{owner.name}-calls"
    failed = failed_queue(owner)
    here = {"StringEquals": {"aws:SourceAccount": account_of(failed.arn)}}
    trusted = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Condition": here,
    }
    park = {"Sid": "Park", "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": failed.arn}
    role = aws.iam.Role(name, assume_role_policy=policy([trusted]), opts=owner.child)
    allowed = aws.iam.RolePolicy(
        name, role=role.name, policy=policy([*(call.may for call in calls), park]), opts=owner.child
    )
    group = aws.scheduler.ScheduleGroup(
        owner.name, name=f"{pulumi.get_stack()}-{owner.name}", opts=owner.child
    )
    for call in calls:
        aws.scheduler.Schedule(
            f"{owner.name}-{call.name.replace('.', '-')}",
            name=call.name,
            group_name=group.name,
            schedule_expression=at(call.when),
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": call.arn,
                "role_arn": role.arn,
                "input": pulumi.Output.json_dumps(call.said),
                "dead_letter_config": {"arn": failed.arn},
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 60},
            },
            # The scheduler asks at once whether the role may be assumed.
            opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
        )
    aws.cloudwatch.MetricAlarm(
        f"{owner.name}-failed",
        alarm_description=f"{owner.name}: a call failed for an hour, or a table was that warm already",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": failed.name},
        statistic="Maximum",
        period=300,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        alarm_actions=alarm_actions,
        ok_actions=alarm_actions,
        opts=owner.child,
    )
