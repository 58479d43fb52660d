"""What is done at times: EventBridge Scheduler, with a role of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import policy, trust_for


def scheduled(
    owner: Component,
    expression: str,
    *,
    arn: pulumi.Input[str],
    near: pulumi.Input[str],
    statements: Sequence[Mapping[str, Any]],
    description: str,
    input: pulumi.Input[str] | None = None,
    **target: Any,
) -> aws.scheduler.Schedule:
    """Have something called at the times of an expression, in UTC: "rate(1 day)", "cron(0 2 * * ? *)".
    `near`: ARN of what is in the same account. `statements`: what the schedule's role may do. `target`: more
    of its target."""
    name = f"{owner.name}-schedule"
    role = aws.iam.Role(name, assume_role_policy=trust_for("scheduler.amazonaws.com", near), opts=owner.child)
    allowed = aws.iam.RolePolicy(name, role=role.name, policy=policy(statements), opts=owner.child)
    called: Any = {
        "arn": arn,
        "role_arn": role.arn,
        "input": input,
        # A call that comes an hour late is made by the next one.
        "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 20},
        **target,
    }
    return aws.scheduler.Schedule(
        owner.name,
        description=description,
        schedule_expression=expression,
        schedule_expression_timezone="UTC",
        flexible_time_window={"mode": "OFF"},
        target=called,
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[allowed]),
    )
