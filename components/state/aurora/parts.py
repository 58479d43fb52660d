"""What a cluster of Aurora MySQL is made of in any region: parameters, log groups, instances."""

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from components.component import Component
from components.logs import log_group
from components.state.aurora.checks import CLASS

EXPORTS = ("audit", "error", "slowquery")
PARAMETERS = {
    "require_secure_transport": "ON",
    "tls_version": "TLSv1.2,TLSv1.3",
    # Who came, and what they changed. Not QUERY: its text would put the data itself into the log.
    "server_audit_logging": "1",
    "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL",
    "slow_query_log": "1",
    "long_query_time": "1",
}
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Reference.ParameterGroups.html"""
CHANGES = {
    "aurora_enhanced_binlog": "1",
    "binlog_backup": "0",
    "binlog_format": "ROW",
    "binlog_replication_globaldb": "0",
    "binlog_row_image": "full",
    "binlog_row_metadata": "full",
}
"""What zero-ETL reads, written down as it wants it:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/zero-etl.setting-up.html"""


def parameters(owner: Component, more: Mapping[str, str]) -> aws.rds.ClusterParameterGroup:
    wanted = {**PARAMETERS, **more}
    return aws.rds.ClusterParameterGroup(
        owner.name,
        family="aurora-mysql8.0",
        description=f"TLS and logs of {owner.name}",
        # Some are read only at a start, and there is none before the first.
        parameters=[{"name": k, "value": v, "apply_method": "pending-reboot"} for k, v in wanted.items()],
        opts=owner.child,
    )


def logs(owner: Component, args: Mapping[str, Any], identifier: str) -> list[aws.cloudwatch.LogGroup]:
    """RDS would make them itowner, unencrypted and kept for ever."""
    return [
        log_group(
            owner,
            f"{owner.name}-{export}",
            group_name=f"/aws/rds/cluster/{identifier}/{export}",
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        for export in EXPORTS
    ]


def part_name(owner: Component, args: Mapping[str, Any]) -> str:
    """A copy stands on its primary, and Pulumi's mocks know a resource by its name and its parent's type
    alone: of the same name, the two would stand on each other."""
    return f"{owner.name}-copy" if "primary" in args else owner.name


def instances(
    owner: Component, cluster: aws.rds.Cluster, args: Mapping[str, Any]
) -> list[aws.rds.ClusterInstance]:
    """The first to exist is the writer; any of them may be later, so no name says which."""
    instance_class = args.get("instance_class", CLASS)
    insights = not instance_class.startswith("db.t")
    zones = args["zones"]
    made: list[aws.rds.ClusterInstance] = []
    for index in range(1 + args.get("replicas", 1)):
        zone = zones[index % len(zones)]
        one = aws.rds.ClusterInstance(
            f"{part_name(owner, args)}-{zone[-1]}{index // len(zones)}",
            cluster_identifier=cluster.id,
            engine=aws.rds.EngineType.AURORA_MYSQL,
            instance_class=instance_class,
            availability_zone=zone,
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            copy_tags_to_snapshot=True,
            performance_insights_enabled=insights,
            performance_insights_kms_key_id=args.get("key_arn") if insights else None,
            opts=owner.child,
        )
        made.append(one)
    return made
