"""Clusters of several regions that are one global database.

https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.state.aurora.checks import VERSION
from components.state.aurora.master_password import USER, MasterPassword

FORWARDING = {"aurora_replica_read_consistency": "SESSION"}
"""Who writes through a reader sees what it wrote; without a value nothing is forwarded:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-mysql-write-forwarding-consistency.html"""
MOVED = ["engine_version", "global_cluster_identifier", "replication_source_identifier"]
"""What AWS changes in a cluster of a global database by itself: to write it back would take the cluster out
of it (hashicorp/terraform-provider-aws #40921, cloudposse/terraform-aws-rds-cluster #281)."""


def global_database(owner: Component, args: Mapping[str, Any], identifier: str) -> aws.rds.GlobalCluster:
    disposable = args.get("disposable", False)
    return aws.rds.GlobalCluster(
        owner.name,
        global_cluster_identifier=identifier,
        engine=aws.rds.EngineType.AURORA_MYSQL,
        engine_version=args.get("engine_version", VERSION),
        storage_encrypted=True,
        deletion_protection=not disposable,
        force_destroy=disposable,
        opts=pulumi.ResourceOptions(parent=owner, protect=not disposable, ignore_changes=["engine_version"]),
    )


def master(args: Mapping[str, Any], password: MasterPassword | None) -> dict[str, Any]:
    """The first database and the master user, which a copy has from its primary."""
    if "primary" in args:
        return {}
    own = {"database_name": args.get("database"), "master_username": USER}
    if password is not None:
        return {**own, "master_password": password.first}
    return {
        **own,
        "manage_master_user_password": True,
        "master_user_secret_kms_key_id": args.get("key_arn"),
    }


def membership(args: Mapping[str, Any], database: aws.rds.GlobalCluster | None) -> dict[str, Any]:
    """What each cluster of a global database has, so that any of them can be the primary."""
    if "primary" in args:
        source = pulumi.Output.from_input(args["primary"]["secret_arn"]).apply(lambda arn: arn.split(":")[3])
        joined = {"global_cluster_identifier": args["primary"]["global_cluster_id"], "source_region": source}
    elif database is not None:
        joined = {"global_cluster_identifier": database.id}
    else:
        return {}
    return {**joined, "enable_global_write_forwarding": True}


def copy_of(secret_arn: pulumi.Input[str], near: pulumi.Output[str]) -> pulumi.Output[str]:
    """A secret's copy in the region of another ARN: https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html"""
    path = pulumi.Output.from_input(secret_arn).apply(lambda arn: arn.split(":", 5)[5])
    return pulumi.Output.all(near, path).apply(
        lambda known: ":".join(
            [*known[0].split(":")[:2], "secretsmanager", *known[0].split(":")[3:5], known[1]]
        )
    )


def elsewhere(arn: pulumi.Output[str], region: pulumi.Input[str]) -> pulumi.Output[str]:
    """The ARN of a cluster of the same name in another region."""
    return pulumi.Output.all(arn, region).apply(
        lambda known: ":".join([*known[0].split(":")[:3], known[1], *known[0].split(":")[4:]])
    )
