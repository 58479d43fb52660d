"""Has CodeBuild build something, unless it is there, and waits until it is.

A failure, or a build that takes too long, is an error, which the deployment that asked shows; asked again, it
goes on from what is there by then.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "5"))
SETTLING_SECONDS = float(os.environ.get("SETTLING_SECONDS", "60"))
"""How long a role that has just been made may lack its permissions."""
SPARE_MS = 15_000
"""Time that is kept for saying so."""


def complete(
    what: str, there: Callable[[], bool], context: Any, why: Callable[[str], str] = lambda id: ""
) -> None:
    """Return when it is there. `why`: what the build of an id says of its failure, where it says anything."""
    if there():
        return
    build = finished(start(), context)
    # Two that were started at once make one thing, and the second may be refused.
    if build["buildStatus"] != "SUCCEEDED" and not there():
        log = build.get("logs", {}).get("deepLink", "CodeBuild's")
        said = why(build["id"])
        status = f"{build['buildStatus']}: {said}" if said else build["buildStatus"]
        raise RuntimeError(f"build {build['id']} of {what}: {status}; its log: {log}")


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
