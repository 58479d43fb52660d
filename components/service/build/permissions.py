"""What any build takes."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.policies import use_key
from components.state.private_bucket import PrivateBucket


def reading(args: Mapping[str, Any], bucket: PrivateBucket) -> list[dict[str, Any]]:
    """Of the build itself: its sources. `args`: with the `key_arn` that they are encrypted with.

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
    ]
    if "key_arn" not in args:
        return statements
    return [*statements, use_key(args["key_arn"], "s3", args["key_arn"], "Decrypt")]


def asking(project: aws.codebuild.Project) -> dict[str, Any]:
    """Of the function that has it built."""
    return {
        "Sid": "Build",
        "Effect": "Allow",
        "Action": ["codebuild:StartBuild", "codebuild:BatchGetBuilds"],
        "Resource": project.arn,
    }
