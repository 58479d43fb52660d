"""Has a container image built, unless its repository has it, and waits until it is there."""

import os
from typing import Any

import boto3

from components.service.build.await_build import complete


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    tag = event["tag"]
    complete(tag, lambda: built(tag), context)
    return {"tag": tag}


def built(tag: str) -> bool:
    """Whether the repository has an image of a tag."""
    ecr = boto3.client("ecr")
    try:
        ecr.describe_images(repositoryName=os.environ["REPOSITORY"], imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True
