"""MySQL that a zone can be taken from: Amazon Aurora."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement

IDENTIFIER = re.compile(r"(?=.{1,63}$)[a-z]([a-z0-9]|-(?=[a-z0-9]))*")
"""A cluster's: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"""
INSTANCE_CLASS = re.compile(r"db\.[a-z][a-z0-9-]*\.[a-z0-9]+")
ENGINE_VERSION = re.compile(r"8\.0\.mysql_aurora\.3\.\d+\.\d+")
CLASS = "db.r7g.large"
VERSION = "8.0.mysql_aurora.3.10.3"
"""A long-term release: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html"""
MOST_REPLICAS = 15
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Replication.html"""
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


class AuroraMySqlArgs(ZonedPlacement, Logging):
    replicas: NotRequired[int]
    """Instances beside the writer, in other zones: they answer reads, and one takes over when the writer is
    lost. Default 1. 0 only for a cluster that is disposable: the loss of a zone then stops it until a new
    writer has started, though no data is lost."""
    instance_class: NotRequired[str]
    """Class of the writer and the replicas. Default db.r7g.large: 2 Graviton vCPUs, 16 GiB. A db.t class,
    such as db.t4g.medium, gets no Performance Insights."""
    engine_version: NotRequired[str]
    """An Aurora MySQL 3 release. Default 8.0.mysql_aurora.3.10.3, a long-term one. AWS raises it by itself in
    the maintenance window; raise it here afterwards."""
    database: NotRequired[str]
    """The first database. Default: none is made."""
    rotation_days: NotRequired[int]
    """Days between two passwords of the master user, 1 to 1000. Default 7, AWS's own for such a secret."""
    backup_retention_days: NotRequired[int]
    """Days back that the cluster can be restored to any second of, 14 to 35. Default 14."""


class AuroraMySql(Server):
    """An encrypted MySQL 8.0 cluster whose writer moves to another zone when its own is lost.

    Only TLS connections are taken. The master user's password is RDS's own secret in Secrets Manager, which
    it rotates: an arrow lets its client read that secret, and no one sees the password otherwise. A client
    reads it again when a connection is refused. Users who come with an IAM token instead are made in SQL.
    """

    port = 3306
    reader_address: pulumi.Output[str]
    """"host:port" of the replicas, the writer where there is none."""
    secret_arn: pulumi.Output[str]
    """The secret of the master user, JSON with `username` and `password`."""
    cluster_id: pulumi.Output[str]

    def __init__(self, name: str, args: AuroraMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        disposable = args.get("disposable", False)
        identifier = f"{pulumi.get_stack()}-{name}".lower()
        self._check(args, identifier)

        group = aws.ec2.SecurityGroup(
            name, description=f"Instances of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        subnets = aws.rds.SubnetGroup(
            name, description=f"Zones of {name}", subnet_ids=args["subnet_ids"], opts=self.child
        )
        parameters = self._parameters()
        logs = self._logs(args, identifier)
        cluster = aws.rds.Cluster(
            name,
            cluster_identifier=identifier,
            engine=aws.rds.EngineType.AURORA_MYSQL,
            engine_version=args.get("engine_version", VERSION),
            database_name=args.get("database"),
            master_username="admin",
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.get("key_arn"),
            iam_database_authentication_enabled=True,
            port=self.port,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            db_cluster_parameter_group_name=parameters.name,
            storage_encrypted=True,
            kms_key_id=args.get("key_arn"),
            backup_retention_period=args.get("backup_retention_days", 14),
            copy_tags_to_snapshot=True,
            delete_automated_backups=disposable,
            deletion_protection=not disposable,
            skip_final_snapshot=disposable,
            # The generated name: a second cluster of this name could not write over the first one's snapshot.
            final_snapshot_identifier=None
            if disposable
            else pulumi.Output.format("{}-final", parameters.name),
            enabled_cloudwatch_logs_exports=list(EXPORTS),
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable, depends_on=logs),
        )
        self._instances(cluster, args)
        secret_arn = cluster.master_user_secrets[0].secret_arn
        aws.secretsmanager.SecretRotation(
            name,
            secret_id=secret_arn,
            rotation_rules={"automatically_after_days": args.get("rotation_days", 7)},
            rotate_immediately=False,
            # The schedule goes with the secret, and the secret with the cluster.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

        self._key_arn = args.get("key_arn")
        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", cluster.endpoint, self.port)
        self.reader_address = pulumi.Output.format("{}:{}", cluster.reader_endpoint, self.port)
        self.secret_arn = secret_arn
        self.cluster_id = cluster.cluster_identifier
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "reader_address": self.reader_address,
                "secret_arn": self.secret_arn,
                "cluster_id": self.cluster_id,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading the master user's secret, and the key that it is encrypted with."""
        secret = {
            "Sid": "Password",
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": self.secret_arn,
        }
        if self._key_arn is None:
            return [secret]
        region = self.secret_arn.apply(lambda arn: arn.split(":")[3])
        service = pulumi.Output.format("secretsmanager.{}.amazonaws.com", region)
        through = {
            "kms:ViaService": service,
            "kms:EncryptionContext:SecretARN": self.secret_arn,
        }
        key = {
            "Sid": "Key",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": self._key_arn,
            "Condition": {"StringEquals": through},
        }
        return [secret, key]

    def _check(self, args: AuroraMySqlArgs, identifier: str) -> None:
        zones, replicas = args["zones"], args.get("replicas", 1)
        if not IDENTIFIER.fullmatch(identifier):
            wanted = (
                "letters, digits and single hyphens, so that '<stack>-<name>' is a cluster's, of at most 63"
            )
            self.reject("name", self.name, wanted)
        if len(set(zones)) < 2 or len(set(zones)) < len(zones):
            self.reject("zones", list(zones), "two or more different zones, so that one can be lost")
        if len(args["subnet_ids"]) != len(zones):
            self.reject("subnet_ids", len(args["subnet_ids"]), f"as many as zones, {len(zones)}")
        if not 0 <= replicas <= MOST_REPLICAS:
            self.reject("replicas", replicas, f"1 to {MOST_REPLICAS}")
        if replicas == 0 and not args.get("disposable", False):
            wanted = "at least 1, so that a zone can be lost; a cluster that is disposable may have none"
            self.reject("replicas", replicas, wanted)
        if not INSTANCE_CLASS.fullmatch(value := args.get("instance_class", CLASS)):
            self.reject("instance_class", value, f"a provisioned class, such as '{CLASS}'")
        if not ENGINE_VERSION.fullmatch(value := args.get("engine_version", VERSION)):
            self.reject("engine_version", value, f"an Aurora MySQL 3 release, such as '{VERSION}'")
        if not 1 <= (days := args.get("rotation_days", 7)) <= 1000:
            self.reject("rotation_days", days, "1 to 1000")
        if not 14 <= (days := args.get("backup_retention_days", 14)) <= 35:
            self.reject("backup_retention_days", days, "14 to 35")

    def _parameters(self) -> aws.rds.ClusterParameterGroup:
        return aws.rds.ClusterParameterGroup(
            self.name,
            family="aurora-mysql8.0",
            description=f"TLS and logs of {self.name}",
            # Some are read only at a start, and there is none before the first.
            parameters=[
                {"name": k, "value": v, "apply_method": "pending-reboot"} for k, v in PARAMETERS.items()
            ],
            opts=self.child,
        )

    def _logs(self, args: AuroraMySqlArgs, identifier: str) -> list[aws.cloudwatch.LogGroup]:
        """RDS would make them itself, unencrypted and kept for ever."""
        return [
            log_group(
                self,
                f"{self.name}-{export}",
                group_name=f"/aws/rds/cluster/{identifier}/{export}",
                days=args.get("log_retention_days", 365),
                key_arn=args.get("key_arn"),
            )
            for export in EXPORTS
        ]

    def _instances(self, cluster: aws.rds.Cluster, args: AuroraMySqlArgs) -> None:
        """The first to exist is the writer; any of them may be later, so no name says which."""
        instance_class = args.get("instance_class", CLASS)
        insights = not instance_class.startswith("db.t")
        zones = args["zones"]
        for index in range(1 + args.get("replicas", 1)):
            zone = zones[index % len(zones)]
            aws.rds.ClusterInstance(
                f"{self.name}-{zone[-1]}{index // len(zones)}",
                cluster_identifier=cluster.id,
                engine=aws.rds.EngineType.AURORA_MYSQL,
                instance_class=instance_class,
                availability_zone=zone,
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                copy_tags_to_snapshot=True,
                performance_insights_enabled=insights,
                performance_insights_kms_key_id=args.get("key_arn") if insights else None,
                opts=self.child,
            )
