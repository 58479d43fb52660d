"""Log groups: encrypted, and never kept for ever."""

from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

# fmt: off
RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)
# fmt: on
"""What CloudWatch takes:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html."""


def log_group(
    owner: Component,
    name: str,
    *,
    days: int,
    key_arn: pulumi.Input[str] | None = None,
    group_name: pulumi.Input[str] | None = None,
    region: str | None = None,
) -> aws.cloudwatch.LogGroup:
    """A log group of `owner` that is kept for some days. Rejects a number of days that CloudWatch does not
    take."""
    if days not in RETENTION_DAYS:
        owner.reject("log_retention_days", days, f"one of {', '.join(map(str, RETENTION_DAYS))}")
    return aws.cloudwatch.LogGroup(
        name, name=group_name, region=region, retention_in_days=days, kms_key_id=key_arn, opts=owner.child
    )


def write_statement(log_group_arn: pulumi.Input[str]) -> dict[str, Any]:
    """What a machine's role needs to write its streams of a log group, through Docker's awslogs driver."""
    return {
        "Sid": "Log",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": pulumi.Output.format("{}:log-stream:*", log_group_arn),
    }
