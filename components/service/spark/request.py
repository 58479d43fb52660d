"""What EMR Serverless is asked for when a job is to run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

WORKER_VCPUS, WORKER_GIB, HEAP_GIB = 4, 16, 14
"""A worker, and of its memory what Spark takes for itself; a tenth more is Python's and the system's:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark.html"""
DISK_GIB, SHUFFLE_GIB = 20, 200
"""A worker's disk, and that of a batch, which sorts what is more than its memory: the most of a standard
disk."""
KINESIS = "/usr/share/aws/kinesis/spark-sql-kinesis/lib/spark-streaming-sql-kinesis-connector.jar"
"""EMR's own, from 7.1 on:
https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/jobs-spark-streaming-connectors.html"""
STREAMING = {
    # What a stateful query remembers is on the disk, not in the heap.
    "spark.sql.streaming.stateStore.providerClass": (
        "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
    ),
    "spark.speculation": "false",
}


def request(known: Mapping[str, Any], executors: int, streaming: bool, name: str) -> dict[str, Any]:
    """The request of StartJobRun, but for its token: "<name>-<digest of all the rest>" is what the run is
    called, so that it can be told from one of other settings.

    `known`: application_id, role_arn, program (its address), arguments.
    """
    settings = {
        "spark.driver.cores": WORKER_VCPUS,
        "spark.driver.memory": f"{HEAP_GIB}g",
        "spark.executor.cores": WORKER_VCPUS,
        "spark.executor.memory": f"{HEAP_GIB}g",
        "spark.dynamicAllocation.maxExecutors": executors,
        **(STREAMING if streaming else {"spark.emr-serverless.executor.disk": f"{SHUFFLE_GIB}G"}),
    }
    parameters = " ".join(f"--conf {key}={value}" for key, value in settings.items())
    if streaming:
        parameters += f" --jars {KINESIS}"
    driver = {
        "entryPoint": known["program"],
        "entryPointArguments": list(known["arguments"]),
        "sparkSubmitParameters": parameters,
    }
    asked = {
        "applicationId": known["application_id"],
        "executionRoleArn": known["role_arn"],
        "jobDriver": {"sparkSubmit": driver},
        "mode": "STREAMING" if streaming else "BATCH",
        # A streaming job is tried again for ever, from its checkpoint, and in another zone where one is lost.
        "retryPolicy": {"maxFailedAttemptsPerHour": 5} if streaming else {"maxAttempts": 3},
        # 0 is without end.
        "executionTimeoutMinutes": 0 if streaming else 720,
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    return {**asked, "name": f"{name}-{digest[:12]}"}


def capacity(executors: int, streaming: bool) -> Any:
    """The most that a job's driver and executors take together."""
    workers = executors + 1
    return {
        "cpu": f"{workers * WORKER_VCPUS} vCPU",
        "memory": f"{workers * WORKER_GIB} GB",
        "disk": f"{DISK_GIB + executors * (DISK_GIB if streaming else SHUFFLE_GIB)} GB",
    }


def for_scheduler(asked: Mapping[str, Any]) -> str:
    """The same for EventBridge Scheduler, which writes keys with a capital, and a token for each start."""
    whole: dict[str, Sequence[Any] | Any] = {**asked, "clientToken": "<aws.scheduler.execution-id>"}
    return json.dumps(_capitals(whole), sort_keys=True)


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: _capitals(inner) for key, inner in value.items()}
    return value
