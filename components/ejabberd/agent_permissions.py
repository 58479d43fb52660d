"""What the agent that stands beside ejabberd may do."""

from typing import Any

import pulumi

from components.logs import write_statement
from components.policies import beside


def statements(
    near: pulumi.Input[str],
    namespace: str,
    log_group_arn: pulumi.Input[str],
    tag: str,
    mark: str,
) -> list[dict[str, Any]]:
    """Telling metrics of one namespace, writing the streams of a log group (`write_statement`, which a role
    cannot have twice), and letting instances end in the Auto Scaling groups whose tag `tag` says `mark`: a
    role stands before its groups, and cannot name them. `near`: an ARN in the same region and account.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
    """
    return [
        *telling(namespace, log_group_arn),
        {
            "Sid": "Drained",
            "Effect": "Allow",
            "Action": "autoscaling:CompleteLifecycleAction",
            "Resource": beside(near, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/*"),
            "Condition": {"StringEquals": {f"autoscaling:ResourceTag/{tag}": mark}},
        },
    ]


def telling(namespace: pulumi.Input[str], log_group_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """The first two of them, for a machine that the agent does not drain."""
    # It takes no resource: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
    vitals = {
        "Sid": "Vitals",
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": namespace}},
    }
    return [vitals, write_statement(log_group_arn)]
