"""MySQL that a zone, or a region, can be taken from: Amazon Aurora."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.control.procedures import Database
from components.keeping import Logging
from components.placement import ZonedPlacement
from components.state.aurora.checks import VERSION, check
from components.state.aurora.global_database import (
    FORWARDING,
    MOVED,
    copy_of,
    elsewhere,
    global_database,
    master,
    membership,
)
from components.state.aurora.master_password import master_password, rotation
from components.state.aurora.parts import CHANGES, EXPORTS, instances, logs, parameters, part_name
from components.state.warehouse import Changes


class Primary(TypedDict):
    """A global database that another region's cluster can be a copy of: `AuroraMySql.primary`."""

    global_cluster_id: pulumi.Input[str]
    """The global database, once it has a writer."""
    secret_arn: pulumi.Input[str]
    """The secret of the master user, which has a copy in each region."""


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
    followed: NotRequired[bool]
    """Whether a Warehouse may follow what changes (zero-ETL), from `changes`: the writer then keeps a log of
    it. Default False. On a living cluster it begins with its next start."""
    replicated_to: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Other regions that have a cluster with a copy, of the same name and with this one's `primary`, and the
    key there that the copy of the password is encrypted with. Default: none. Chosen when the cluster is made:
    docs/aurora.md says how a living one is made global."""
    primary: NotRequired[Primary]
    """`primary` of the cluster in another region that this one has a copy of. Default: none."""
    writes: NotRequired[bool]
    """Whether the writer of a global database is here, and clients dial it; elsewhere they dial a reader,
    which forwards what they write. Default: where `primary` is not given. After a failover it is the other
    way around."""


class AuroraMySql(Server):
    """An encrypted MySQL 8.0 cluster whose writer moves to another zone when its own is lost.

    Only TLS connections are taken. The master user's password is RDS's own secret in Secrets Manager, which
    it rotates: an arrow lets its client read that secret, and no one sees the password otherwise. A client
    reads it again when a connection is refused. Users who come with an IAM token instead are made in SQL.

    Over two regions it is a global database: AuroraMySql("bills", {…, "replicated_to": {region: key}}), and
    over there AuroraMySql("bills", {…, "primary": bills.primary}). Each region reads its own copy; writes go
    to one writer. The secret is then one of our own, with a copy in each region.
    """

    port = 3306
    reader_address: pulumi.Output[str]
    """"host:port" of the replicas, the writer where there is none."""
    secret_arn: pulumi.Output[str]
    """The secret of the master user, JSON with `username` and `password`."""
    cluster_id: pulumi.Output[str]

    def __init__(self, name: str, args: AuroraMySqlArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        identifier = f"{pulumi.get_stack()}-{name}".lower()
        check(self, args, identifier)
        copies, joins = args.get("replicated_to", {}), args.get("primary")
        self._several = bool(copies) or joins is not None

        group = aws.ec2.SecurityGroup(
            name, description=f"Instances of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        subnets = aws.rds.SubnetGroup(
            name, description=f"Zones of {name}", subnet_ids=args["subnet_ids"], opts=self.child
        )
        followed = args.get("followed", False)
        more = {**(FORWARDING if self._several else {}), **(CHANGES if followed else {})}
        settings = parameters(self, more)
        database = global_database(self, args, identifier) if copies else None
        password = master_password(self, args, copies) if copies else None
        cluster = self._cluster(
            args,
            identifier,
            {"db_subnet_group_name": subnets.name, "vpc_security_group_ids": [group.id]},
            settings,
            {**master(args, password), **membership(args, database)},
            logs(self, args, identifier),
        )
        machines = instances(self, cluster, args)
        settled = pulumi.Output.all(*(one.id for one in machines))

        self._primary: Primary | None = None
        if joins is not None:
            self.secret_arn = copy_of(joins["secret_arn"], group.arn)
        elif password is not None and database is not None:
            self.secret_arn = password.secret.arn
            everywhere = {"": cluster.arn, **{r: elsewhere(cluster.arn, r) for r in copies}}
            rotation(self, args, password.secret, database, everywhere, copies, machines)
            self._primary = {
                "global_cluster_id": pulumi.Output.all(database.id, settled).apply(lambda known: known[0]),
                "secret_arn": self.secret_arn,
            }
        else:
            self.secret_arn = cluster.master_user_secrets[0].secret_arn
            self._rotated(self.secret_arn, args)

        self._key_arn = args.get("key_arn")
        self.security_group_id = group.id
        writes = args.get("writes", joins is None)
        dialed = cluster.endpoint if writes else cluster.reader_endpoint
        self.address = pulumi.Output.format("{}:{}", dialed, self.port)
        self.reader_address = pulumi.Output.format("{}:{}", cluster.reader_endpoint, self.port)
        self.cluster_id = cluster.cluster_identifier
        self._itself, self._joins = cluster, joins
        # A warehouse follows a cluster that has a writer.
        self._followed = (
            pulumi.Output.all(cluster.arn, settled).apply(lambda known: known[0]) if followed else None
        )
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "reader_address": self.reader_address,
                "secret_arn": self.secret_arn,
                "cluster_id": self.cluster_id,
            }
        )

    @property
    def copy(self) -> Database:
        """What a DatabaseFailover needs to promote this copy."""
        if self._joins is None:
            self.reject("primary", None, "given, so that this cluster is a copy that can be promoted")
        home = pulumi.Output.from_input(self._joins["secret_arn"]).apply(lambda arn: arn.split(":")[3])
        return {
            "global_cluster_id": self._joins["global_cluster_id"],
            "copy_id": self.cluster_id,
            "copy_arn": self._itself.arn,
            "writer_arn": elsewhere(self._itself.arn, home),
            "writer_address": pulumi.Output.format("{}:{}", self._itself.endpoint, self.port),
        }

    @property
    def primary(self) -> Primary:
        """What a cluster in another region needs to have a copy of this one."""
        if self._primary is None:
            self.reject("replicated_to", None, "the regions that have a copy")
        return self._primary

    @property
    def changes(self) -> Changes:
        """What a Warehouse needs to follow it."""
        if self._followed is None:
            self.reject("followed", False, "True, so that a warehouse can follow it")
        return {"cluster_arn": self._followed}

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

    def _cluster(
        self,
        args: AuroraMySqlArgs,
        identifier: str,
        place: Mapping[str, Any],
        settings: aws.rds.ClusterParameterGroup,
        role: Mapping[str, Any],
        before: list[aws.cloudwatch.LogGroup],
    ) -> aws.rds.Cluster:
        disposable = args.get("disposable", False)
        # The generated name: a second cluster of this name could not write over the first one's snapshot.
        final = None if disposable else pulumi.Output.format("{}-final", settings.name)
        keep = pulumi.ResourceOptions(
            parent=self,
            protect=not disposable,
            depends_on=before,
            ignore_changes=[*MOVED, "master_password"] if self._several else None,
        )
        return aws.rds.Cluster(
            part_name(self, args),
            cluster_identifier=identifier,
            engine=aws.rds.EngineType.AURORA_MYSQL,
            engine_version=args.get("engine_version", VERSION),
            iam_database_authentication_enabled=True,
            port=self.port,
            db_cluster_parameter_group_name=settings.name,
            storage_encrypted=True,
            kms_key_id=args.get("key_arn"),
            backup_retention_period=args.get("backup_retention_days", 14),
            copy_tags_to_snapshot=True,
            delete_automated_backups=disposable,
            deletion_protection=not disposable,
            skip_final_snapshot=disposable,
            final_snapshot_identifier=final,
            enabled_cloudwatch_logs_exports=list(EXPORTS),
            **place,
            **role,
            opts=keep,
        )

    def _rotated(self, secret_arn: pulumi.Output[str], args: AuroraMySqlArgs) -> None:
        """RDS's own secret."""
        aws.secretsmanager.SecretRotation(
            self.name,
            secret_id=secret_arn,
            rotation_rules={"automatically_after_days": args.get("rotation_days", 7)},
            rotate_immediately=False,
            # The schedule goes with the secret, and the secret with the cluster.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
