"""The master user's password of a global database: RDS keeps none for those, so here is a secret of our own.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html#rds-secrets-manager-limitations
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.policies import account_of
from components.service.function import lambda_function

USER = "admin"
LENGTH = 40
HANDLER = Path(__file__).parent / "rotate-password.py"
SECONDS = 900
"""The longest that Lambda runs: a cluster takes a password within minutes."""


@dataclass(frozen=True)
class MasterPassword:
    """A secret, JSON with `username` and `password`, and the first password."""

    secret: aws.secretsmanager.Secret
    first: pulumi.Output[str]


def master_password(
    owner: Component, args: Mapping[str, Any], copies: Mapping[str, pulumi.Input[str]]
) -> MasterPassword:
    """A secret with a password that nobody has chosen, and copies of it by region, each with its key."""
    name = f"{owner.name}-password"
    secret = aws.secretsmanager.Secret(
        name,
        description=f"Master user of {owner.name}",
        kms_key_id=args.get("key_arn"),
        replicas=[{"region": region, "kms_key_id": key} for region, key in copies.items()],
        recovery_window_in_days=0 if args.get("disposable", False) else 30,
        opts=owner.child,
    )
    made = aws.secretsmanager.get_random_password_output(
        password_length=LENGTH,
        exclude_punctuation=True,
        require_each_included_type=True,
        region=owner._region,
        opts=pulumi.InvokeOutputOptions(parent=owner),
    ).random_password
    version = aws.secretsmanager.SecretVersion(
        name,
        secret_id=secret.id,
        secret_string=pulumi.Output.secret(pulumi.Output.json_dumps({"username": USER, "password": made})),
        # The second label keeps the version for ever: a refresh that missed it would make another.
        version_stages=["AWSCURRENT", "initial"],
        opts=pulumi.ResourceOptions(parent=owner, ignore_changes=["secret_string", "version_stages"]),
    )
    known = pulumi.Output.secret(version.secret_string)
    return MasterPassword(secret, known.apply(lambda text: json.loads(text or "{}").get("password", "")))


def rotation(
    owner: Component,
    args: Mapping[str, Any],
    secret: aws.secretsmanager.Secret,
    database: aws.rds.GlobalCluster,
    clusters: Mapping[str, pulumi.Output[str]],
    copies: Mapping[str, pulumi.Input[str]],
    after: Sequence[pulumi.Resource],
) -> None:
    """A function that changes the password on a schedule, and at once: the first one is in the stack's state.

    `clusters`: the ARN of the database's cluster in each region, any of which may be the primary. `after`:
    what the database needs before it takes a password.
    """
    name = f"{owner.name}-password"
    function, _ = lambda_function(
        owner,
        name,
        args,
        handler="rotate_password.handler",
        code=pulumi.AssetArchive({"rotate_password.py": pulumi.FileAsset(str(HANDLER))}),
        statements=_statements(args, secret.arn, database.arn, clusters, copies),
        description=f"Gives the master user of {owner.name} a new password",
        timeout=SECONDS,
        environment={"variables": {"GLOBAL_CLUSTER": database.global_cluster_identifier}},
    )
    permitted = aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="secretsmanager.amazonaws.com",
        source_arn=secret.arn,
        source_account=account_of(secret.arn),
        opts=owner.child,
    )
    aws.secretsmanager.SecretRotation(
        owner.name,
        secret_id=secret.id,
        rotation_lambda_arn=function.arn,
        rotation_rules={"automatically_after_days": args.get("rotation_days", 7)},
        opts=pulumi.ResourceOptions(parent=owner, depends_on=[permitted, *after]),
    )


def _statements(
    args: Mapping[str, Any],
    secret: pulumi.Output[str],
    database: pulumi.Output[str],
    clusters: Mapping[str, pulumi.Output[str]],
    copies: Mapping[str, pulumi.Input[str]],
) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html"""
    keeping = ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
    made: list[dict[str, Any]] = [
        {
            "Sid": "Secret",
            "Effect": "Allow",
            "Action": [f"secretsmanager:{action}" for action in keeping],
            "Resource": secret,
        },
        # It takes no resource.
        {
            "Sid": "Random",
            "Effect": "Allow",
            "Action": "secretsmanager:GetRandomPassword",
            "Resource": "*",
        },
        {
            "Sid": "Primary",
            "Effect": "Allow",
            "Action": "rds:DescribeGlobalClusters",
            "Resource": database,
        },
        {
            "Sid": "Clusters",
            "Effect": "Allow",
            "Action": ["rds:DescribeDBClusters", "rds:ModifyDBCluster"],
            "Resource": list(clusters.values()),
        },
    ]
    if "key_arn" in args:
        made.append(_key("Key", ["Decrypt", "GenerateDataKey"], args["key_arn"]))
    # A copy is written in the name of who changes the secret:
    # https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets_troubleshoot.html
    for number, key in enumerate(copies.values(), 1):
        made.append(_key(f"CopyKey{number}", ["Encrypt", "GenerateDataKey"], key))
    return made


def _key(sid: str, uses: Sequence[str], key: pulumi.Input[str]) -> dict[str, Any]:
    region = pulumi.Output.from_input(key).apply(lambda arn: arn.split(":")[3])
    service = pulumi.Output.format("secretsmanager.{}.amazonaws.com", region)
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": [f"kms:{use}" for use in uses],
        "Resource": key,
        "Condition": {"StringEquals": {"kms:ViaService": service}},
    }
