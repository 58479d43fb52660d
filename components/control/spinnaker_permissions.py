"""What Spinnaker's services may do at AWS."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.policies import beside

SEEN = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeScheduledActions",
    "ec2:DescribeAddresses",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
)
"""What clouddriver caches of an account. None of them has a resource level:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""
CHANGED = (
    "CancelInstanceRefresh",
    "ResumeProcesses",
    "RollbackInstanceRefresh",
    "SetDesiredCapacity",
    "StartInstanceRefresh",
    "SuspendProcesses",
    "TerminateInstanceInAutoScalingGroup",
    "UpdateAutoScalingGroup",
)


def deploying(near: pulumi.Input[str], tags: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Looking at the account, and changing the Auto Scaling groups that have these tags, by default the
    stack's. `near`: an ARN in the same region and account."""
    wanted = {"stack": pulumi.get_stack()} if tags is None else tags
    return [
        {"Sid": "See", "Effect": "Allow", "Action": list(SEEN), "Resource": "*"},
        {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Action": "cloudwatch:DescribeAlarms",
            "Resource": beside(near, "cloudwatch", "alarm:*"),
        },
        {
            "Sid": "Change",
            "Effect": "Allow",
            "Action": [f"autoscaling:{action}" for action in CHANGED],
            "Resource": beside(near, "autoscaling", "autoScalingGroup:*:autoScalingGroupName/*"),
            "Condition": {"StringEquals": {f"aws:ResourceTag/{key}": value for key, value in wanted.items()}},
        },
    ]


def keeping(bucket_arn: pulumi.Input[str], key_arn: pulumi.Input[str] | None) -> list[dict[str, Any]]:
    """Reading and writing versioned objects of one bucket, and its key through S3 alone."""
    arn = pulumi.Output.from_input(bucket_arn)
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Bucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": arn,
        },
        {
            "Sid": "Objects",
            "Effect": "Allow",
            "Action": ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            "Resource": pulumi.Output.format("{}/*", arn),
        },
    ]
    if key_arn is not None:
        region = pulumi.Output.from_input(key_arn).apply(lambda arn: arn.split(":")[3])
        statements.append(
            {
                "Sid": "Key",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": key_arn,
                "Condition": {
                    "StringEquals": {"kms:ViaService": pulumi.Output.format("s3.{}.amazonaws.com", region)}
                },
            }
        )
    return statements
