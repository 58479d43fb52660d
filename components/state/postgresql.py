"""One PostgreSQL database: Amazon RDS."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement
from components.policies import read_secret
from components.state.aurora.checks import IDENTIFIER, INSTANCE_CLASS

CLASS = "db.m7g.large"
VERSION = "17"
ENGINE_VERSION = re.compile(r"1[4-8](\.\d+)?")
DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
USER = "postgres"
EXPORTS = ("postgresql", "upgrade")
MOST_STORAGE = 65536
"""GiB: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html"""
PARAMETERS = {
    "rds.force_ssl": "1",
    "ssl_min_protocol_version": "TLSv1.2",
    # Who came, and what they changed of the schema. Not every statement: its text holds the data itself.
    "log_connections": "1",
    "log_disconnections": "1",
    "log_statement": "ddl",
}
"""https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Parameters.html"""


class PostgreSqlArgs(ZonedPlacement, Logging):
    standby: NotRequired[bool]
    """Whether a second instance in another zone has all that the first has, and takes its place within a
    minute or two when it, or its zone, is lost. Default True. False for what is to be a single point of
    failure: with its zone it is gone until somebody restores it elsewhere."""
    instance_class: NotRequired[str]
    """Default db.m7g.large: 2 Graviton vCPUs, 8 GiB. A db.t class, such as db.t4g.micro, gets no Performance
    Insights."""
    engine_version: NotRequired[str]
    """A major release of PostgreSQL, whose patches AWS puts in by itself in the maintenance window, or a
    patch of it. Default 17."""
    database: NotRequired[str]
    """The first database. Default: PostgreSQL's own, "postgres", alone."""
    storage_gib: NotRequired[int]
    """First size of the disk, 20 or more. Default 100. It grows by itself and never shrinks."""
    most_storage_gib: NotRequired[int]
    """Size that the disk may grow to. Default: ten times the first, 65536 at most."""
    rotation_days: NotRequired[int]
    """Days between two passwords of the master user, 1 to 1000. Default 7, AWS's own for such a secret."""
    backup_retention_days: NotRequired[int]
    """Days back that it can be restored to any second of but the last five minutes, 14 to 35. Default 14."""


class PostgreSql(Server):
    """An encrypted PostgreSQL database with a standby in another zone.

    Only TLS connections are taken. The master user's password is RDS's own secret in Secrets Manager, which
    it rotates: an arrow lets its client read that secret, and no one sees the password otherwise. A client
    reads it again when a connection is refused. Users who come with an IAM token instead are made in SQL.
    """

    port = 5432
    secret_arn: pulumi.Output[str]
    """The secret of the master user, JSON with `username` and `password`."""
    instance_id: pulumi.Output[str]

    def __init__(self, name: str, args: PostgreSqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        identifier = f"{pulumi.get_stack()}-{name}".lower()
        self._check(args, identifier)

        group = aws.ec2.SecurityGroup(
            name, description=f"Instances of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        subnets = aws.rds.SubnetGroup(
            name, description=f"Zones of {name}", subnet_ids=args["subnet_ids"], opts=self.child
        )
        settings = aws.rds.ParameterGroup(
            name,
            family=f"postgres{args.get('engine_version', VERSION).partition('.')[0]}",
            description=f"TLS and logs of {name}",
            # Some are read only at a start, and there is none before the first.
            parameters=[
                {"name": k, "value": v, "apply_method": "pending-reboot"} for k, v in PARAMETERS.items()
            ],
            opts=self.child,
        )
        place = {"db_subnet_group_name": subnets.name, "vpc_security_group_ids": [group.id]}
        instance = self._instance(args, identifier, place, settings, self._logs(args, identifier))
        self.secret_arn = instance.master_user_secrets[0].secret_arn
        aws.secretsmanager.SecretRotation(
            name,
            secret_id=self.secret_arn,
            rotation_rules={"automatically_after_days": args.get("rotation_days", 7)},
            rotate_immediately=False,
            # The schedule goes with the secret, and the secret with the instance.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

        self._key_arn = args.get("key_arn")
        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", instance.address, self.port)
        self.instance_id = instance.identifier
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "secret_arn": self.secret_arn,
                "instance_id": self.instance_id,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading the master user's secret, and the key that it is encrypted with."""
        return read_secret(self.secret_arn, self._key_arn)

    def _instance(
        self,
        args: PostgreSqlArgs,
        identifier: str,
        place: Mapping[str, Any],
        settings: aws.rds.ParameterGroup,
        before: list[aws.cloudwatch.LogGroup],
    ) -> aws.rds.Instance:
        disposable, standby = args.get("disposable", False), args.get("standby", True)
        kind, first, key = (
            args.get("instance_class", CLASS),
            args.get("storage_gib", 100),
            args.get("key_arn"),
        )
        insights = not kind.startswith("db.t")
        # The generated name: a second instance of this name could not write over the first one's snapshot.
        final = None if disposable else pulumi.Output.format("{}-final", settings.name)
        return aws.rds.Instance(
            self.name,
            identifier=identifier,
            engine="postgres",
            engine_version=args.get("engine_version", VERSION),
            instance_class=kind,
            multi_az=standby,
            availability_zone=None if standby else args["zones"][0],
            db_name=args.get("database"),
            username=USER,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=key,
            iam_database_authentication_enabled=True,
            port=self.port,
            publicly_accessible=False,
            parameter_group_name=settings.name,
            storage_type="gp3",
            allocated_storage=first,
            max_allocated_storage=args.get("most_storage_gib", min(10 * first, MOST_STORAGE)),
            storage_encrypted=True,
            kms_key_id=key,
            backup_retention_period=args.get("backup_retention_days", 14),
            backup_window="03:00-04:00",
            maintenance_window="sun:04:30-sun:05:30",
            auto_minor_version_upgrade=True,
            apply_immediately=False,
            copy_tags_to_snapshot=True,
            delete_automated_backups=disposable,
            deletion_protection=not disposable,
            skip_final_snapshot=disposable,
            final_snapshot_identifier=final,
            performance_insights_enabled=insights,
            performance_insights_kms_key_id=key if insights else None,
            enabled_cloudwatch_logs_exports=list(EXPORTS),
            **place,
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable, depends_on=before),
        )

    def _logs(self, args: PostgreSqlArgs, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        """RDS would make them itself, unencrypted and kept for ever."""
        return [
            log_group(
                self,
                f"{self.name}-{export}",
                group_name=f"/aws/rds/instance/{identifier}/{export}",
                days=args.get("log_retention_days", 365),
                key_arn=args.get("key_arn"),
            )
            for export in EXPORTS
        ]

    def _check(self, args: PostgreSqlArgs, identifier: str) -> None:
        zones, first = args["zones"], args.get("storage_gib", 100)
        if not IDENTIFIER.fullmatch(identifier):
            wanted = (
                "letters, digits and single hyphens, so that '<stack>-<name>' is a database's, of at most 63"
            )
            self.reject("name", self.name, wanted)
        if len(set(zones)) < 2 or len(set(zones)) < len(zones):
            wanted = (
                "two or more different zones, so that one can be lost; RDS wants two without a standby, too"
            )
            self.reject("zones", list(zones), wanted)
        if len(args["subnet_ids"]) != len(zones):
            self.reject("subnet_ids", len(args["subnet_ids"]), f"as many as zones, {len(zones)}")
        if not INSTANCE_CLASS.fullmatch(value := args.get("instance_class", CLASS)):
            self.reject("instance_class", value, f"a class, such as '{CLASS}'")
        if not ENGINE_VERSION.fullmatch(value := args.get("engine_version", VERSION)):
            self.reject("engine_version", value, f"a PostgreSQL release, such as '{VERSION}'")
        if not DATABASE.fullmatch(value := args.get("database", USER)):
            self.reject("database", value, "small letters, digits and underscores, a letter first")
        if not 20 <= first <= MOST_STORAGE:
            self.reject("storage_gib", first, f"20 to {MOST_STORAGE}")
        if not first < (most := args.get("most_storage_gib", MOST_STORAGE)) <= MOST_STORAGE:
            self.reject("most_storage_gib", most, f"more than {first}, and at most {MOST_STORAGE}")
        if not 1 <= (days := args.get("rotation_days", 7)) <= 1000:
            self.reject("rotation_days", days, "1 to 1000")
        if not 14 <= (days := args.get("backup_retention_days", 14)) <= 35:
            self.reject("backup_retention_days", days, "14 to 35")
