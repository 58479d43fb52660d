"""Has CodeBuild build a container image, unless its repository has it, and waits until it is there.

A failure, or a build that takes too long, is an error, which the deployment that asked shows; asked again, it
goes on from what is there by then.
"""

import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "5"))
SETTLING_SECONDS = float(os.environ.get("SETTLING_SECONDS", "60"))
"""How long a role that has just been made may lack its permissions."""
SPARE_MS = 15_000
"""Time that is kept for saying so."""


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    tag = event["tag"]
    if not built(tag):
        build = finished(start(), context)
        # Two that were started at once push one image, and the second is refused.
        if build["buildStatus"] != "SUCCEEDED" and not built(tag):
            log = build.get("logs", {}).get("deepLink", "CodeBuild's")
            raise RuntimeError(f"build {build['id']} of {tag}: {build['buildStatus']}; its log: {log}")
    return {"tag": tag}


def built(tag: str) -> bool:
    """Whether the repository has an image of a tag."""
    ecr = boto3.client("ecr")
    try:
        ecr.describe_images(repositoryName=os.environ["REPOSITORY"], imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    return True


def start() -> str:
    """The id of a build that has just begun."""
    codebuild, end = boto3.client("codebuild"), time.monotonic() + SETTLING_SECONDS
    while True:
        try:
            return codebuild.start_build(projectName=os.environ["PROJECT"])["build"]["id"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "AccessDeniedException" or time.monotonic() > end:
                raise
        time.sleep(POLL_SECONDS)


def look(id: str) -> dict[str, Any]:
    return boto3.client("codebuild").batch_get_builds(ids=[id])["builds"][0]


def finished(id: str, context: Any) -> dict[str, Any]:
    """A build when it is over. Raises TimeoutError where that takes longer than this function may."""
    while True:
        build = look(id)
        if build["buildStatus"] != "IN_PROGRESS":
            return build
        if context.get_remaining_time_in_millis() < SPARE_MS:
            raise TimeoutError(f"build {id} is still running: deploy again when it is over")
        time.sleep(POLL_SECONDS)
