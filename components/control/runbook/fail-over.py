"""Promotes the copy of a global database, sends its clients there, and tells a topic. Runs in SSM Automation.

Only services of its own region are asked. It may be run again at any time: what is done is left as it is.
"""

import time
from typing import Any

import boto3

POLL_SECONDS = 10
TRIES = 54  # SSM ends a script after ten minutes


def fail_over(events: dict[str, Any], context: dict[str, Any]) -> None:
    told: list[str] = []
    try:
        told.append(promote(boto3.client("rds"), events["Database"], events["Copy"]))
        told += redirect(events["Settings"], events["Writer"])
    except Exception as error:
        told.append(f"Not done: {error}")
        raise
    finally:
        boto3.client("sns").publish(
            TopicArn=events["Topic"], Subject="Runbook done: fail over", Message="\n".join(told)
        )


def promote(rds: Any, database: str, copy: str) -> str:
    """Make a copy the writer, and wait until it is."""
    whole = look(rds, database)
    if writer(whole) == copy:
        return f"{copy} was the writer already"
    if not coming(whole, copy):
        rds.failover_global_cluster(
            GlobalClusterIdentifier=database, TargetDbClusterIdentifier=copy, AllowDataLoss=True
        )
    for _ in range(TRIES):
        if writer(look(rds, database)) == copy and available(rds, copy):
            return f"{copy} was promoted: what was written in the moments before the loss may be missing"
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"{copy} was asked to take over, and does not write yet")


def look(rds: Any, database: str) -> dict[str, Any]:
    return rds.describe_global_clusters(GlobalClusterIdentifier=database)["GlobalClusters"][0]


def writer(whole: dict[str, Any]) -> str:
    return next((one["DBClusterArn"] for one in whole["GlobalClusterMembers"] if one["IsWriter"]), "")


def coming(whole: dict[str, Any], copy: str) -> bool:
    """Whether somebody has asked for it already."""
    state = whole.get("FailoverState") or {}
    return state.get("Status") in ("pending", "failing-over") and state.get("ToDbClusterArn") == copy


def available(rds: Any, cluster: str) -> bool:
    return rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]["Status"] == "available"


def redirect(settings: list[str], address: str) -> list[str]:
    """Write the writer's address where clients look for it; each follows what is there."""
    ssm = boto3.client("ssm")
    told: list[str] = []
    for name in settings:
        try:
            ssm.put_parameter(Name=name, Value=address, Type="String", Overwrite=True)
            told.append(f"{name} is {address}")
        except ssm.exceptions.ClientError as error:  # the others are told nevertheless
            told.append(f"{name} is not {address}: {error}")
    return told
