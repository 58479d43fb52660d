"""What building an image takes."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.state.private_bucket import PrivateBucket

PUSHING = (
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "PutImage",
    "UploadLayerPart",
)
"""https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html"""


def building(
    args: Mapping[str, Any], repository: aws.ecr.Repository, bucket: PrivateBucket
) -> list[dict[str, Any]]:
    """Of the build itself: its sources, and its repository.

    https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html
    """
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Sources",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": pulumi.Output.format("{}/*", bucket.arn),
        },
        {
            "Sid": "SourcesBucket",
            "Effect": "Allow",
            "Action": ["s3:GetBucketAcl", "s3:GetBucketLocation"],
            "Resource": bucket.arn,
        },
        {
            "Sid": "Push",
            "Effect": "Allow",
            "Action": [f"ecr:{action}" for action in PUSHING],
            "Resource": repository.arn,
        },
        # It takes no resource.
        {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]
    if "key_arn" not in args:
        return statements
    region = repository.arn.apply(lambda arn: arn.split(":")[3])
    through = {"kms:ViaService": pulumi.Output.format("s3.{}.amazonaws.com", region)}
    key = {
        "Sid": "Key",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": args["key_arn"],
        "Condition": {"StringEquals": through},
    }
    return [*statements, key]


def asking(repository: aws.ecr.Repository, project: aws.codebuild.Project) -> list[dict[str, Any]]:
    """Of the function that has it built."""
    return [
        {
            "Sid": "Build",
            "Effect": "Allow",
            "Action": ["codebuild:StartBuild", "codebuild:BatchGetBuilds"],
            "Resource": project.arn,
        },
        {
            "Sid": "Image",
            "Effect": "Allow",
            "Action": "ecr:DescribeImages",
            "Resource": repository.arn,
        },
    ]
