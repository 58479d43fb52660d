"""Keeps one run of a streaming job alive, and only one: what is asked each minute whether it still is.

The event is the request of StartJobRun. Its name says which program and settings it is of: a run of another
name is of an older deployment, is ended at its leisure, and followed by the new one once it is gone, since
two would read and write the same.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import boto3

ALIVE = ("SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING")
GRACE_SECONDS = 120
"""For what a run has begun: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-run-cancel.html"""


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    client = boto3.client("emr-serverless")
    application = event["applicationId"]
    runs = list(_runs(client, application))
    alive = [run for run in runs if run["state"] in ALIVE]
    for run in alive:
        if run["name"] != event["name"] and run["state"] != "CANCELLING":
            client.cancel_job_run(
                applicationId=application, jobRunId=run["id"], shutdownGracePeriodInSeconds=GRACE_SECONDS
            )
    if alive:
        return {"alive": [run["id"] for run in alive]}
    # Two that ask at once start one run: both know the same runs before it.
    known = ",".join(sorted(run["id"] for run in runs))
    token = hashlib.sha256(f"{event['name']} {known}".encode()).hexdigest()[:64]
    return {"started": client.start_job_run(clientToken=token, **event)["jobRunId"]}


def _runs(client: Any, application: str) -> Any:
    for page in client.get_paginator("list_job_runs").paginate(applicationId=application):
        yield from page["jobRuns"]
