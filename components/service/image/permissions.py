"""What building an image takes besides what any build does."""

from typing import Any

import pulumi_aws as aws

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


def pushing(repository: aws.ecr.Repository) -> list[dict[str, Any]]:
    """Of the build itself: its repository."""
    return [
        {
            "Sid": "Push",
            "Effect": "Allow",
            "Action": [f"ecr:{action}" for action in PUSHING],
            "Resource": repository.arn,
        },
        # It takes no resource.
        {"Sid": "LogIn", "Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
    ]


def looking(repository: aws.ecr.Repository) -> dict[str, Any]:
    """Of the function that has it built."""
    return {
        "Sid": "Image",
        "Effect": "Allow",
        "Action": "ecr:DescribeImages",
        "Resource": repository.arn,
    }
