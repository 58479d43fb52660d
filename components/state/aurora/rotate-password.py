"""Gives a global database's master user a new password, in the four steps that Secrets Manager asks for.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
The primary may have moved to another region: it is asked for each time. A step may be run again at any time.
"""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError

POLL_SECONDS = float(os.environ.get("POLL_SECONDS", "5"))
LENGTH = 40
"""RDS takes 8 to 41 printable characters."""


def handler(event: dict[str, Any], context: Any) -> None:
    secrets = boto3.client("secretsmanager")
    secret, token = event["SecretId"], event["ClientRequestToken"]
    versions: dict[str, list[str]] = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
    if "AWSCURRENT" in versions.get(token, []):
        return
    if "AWSPENDING" not in versions.get(token, []):
        raise ValueError(f"version {token} is not the one that {secret} waits for")
    if event["Step"] == "createSecret":
        create(secrets, secret, token)
    elif event["Step"] == "setSecret":
        change(password(secrets, secret, token))
    elif event["Step"] == "testSecret":
        settle(context)
    elif event["Step"] == "finishSecret":
        current = next(version for version, stages in versions.items() if "AWSCURRENT" in stages)
        secrets.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
    else:
        raise ValueError(f"no step {event['Step']}")


def create(secrets: Any, secret: str, token: str) -> None:
    """A new password as the pending version, unless an earlier run has made it."""
    try:
        password(secrets, secret, token)
        return
    except secrets.exceptions.ResourceNotFoundException:
        pass  # pending, and without a value
    current = secrets.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")["SecretString"]
    made = secrets.get_random_password(PasswordLength=LENGTH, ExcludePunctuation=True)["RandomPassword"]
    secrets.put_secret_value(
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps({**json.loads(current), "password": made}),
        VersionStages=["AWSPENDING"],
    )


def password(secrets: Any, secret: str, token: str) -> str:
    found = secrets.get_secret_value(SecretId=secret, VersionId=token, VersionStage="AWSPENDING")
    return json.loads(found["SecretString"])["password"]


def change(new: str) -> None:
    rds, cluster = primary()
    try:
        rds.modify_db_cluster(DBClusterIdentifier=cluster, MasterUserPassword=new, ApplyImmediately=True)
    except ClientError as error:
        # Its text may hold the request, and that the password.
        raise RuntimeError(f"{cluster} refused: {error.response['Error']['Code']}") from None


def settle(context: Any) -> None:
    """Wait until the primary has taken the password: until then it is pending, or the cluster is changing."""
    rds, cluster = primary()
    while True:
        found = rds.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
        waiting = "MasterUserPassword" in (found.get("PendingModifiedValues") or {})
        if found["Status"] == "available" and not waiting:
            return
        if context.get_remaining_time_in_millis() < 2000 * POLL_SECONDS:
            raise TimeoutError(f"{cluster} is {found['Status']}, its new password not yet set")
        time.sleep(POLL_SECONDS)


def primary() -> tuple[Any, str]:
    """A client for the region that the writer is in, and its cluster's name."""
    rds = boto3.client("rds")
    found = rds.describe_global_clusters(GlobalClusterIdentifier=os.environ["GLOBAL_CLUSTER"])
    members = found["GlobalClusters"][0]["GlobalClusterMembers"]
    arn = next(member["DBClusterArn"] for member in members if member["IsWriter"])
    _, _, _, region, _, _, cluster = arn.split(":")
    return boto3.client("rds", region_name=region), cluster
