"""All that happened, for questions nobody thought of before: Amazon Redshift."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Logging
from components.logs import log_group
from components.placement import ZonedPlacement
from components.policies import beside, policy
from components.state.redshift.alarms import alarms
from components.state.redshift.checks import NODE_TYPE, check

USER = "warehouse"
LOGS = ("connectionlog", "userlog", "useractivitylog")
PARAMETERS = {
    "require_ssl": "true",
    "enable_user_activity_logging": "true",
    # Tables that come from MySQL may differ in it alone, and zero-ETL asks for it:
    # https://docs.aws.amazon.com/redshift/latest/mgmt/zero-etl.reqs-lims.html
    "enable_case_sensitive_identifier": "true",
}


class Changes(TypedDict):
    """A database whose changes the warehouse follows: AuroraMySql's `changes`."""

    cluster_arn: pulumi.Input[str]
    """The cluster, once it writes down what zero-ETL reads."""
    tables: NotRequired[str]
    """Which tables: "include: shop.*, exclude: shop.sessions". Default: all."""


class WarehouseArgs(ZonedPlacement, Logging):
    standby: NotRequired[bool]
    """Whether two zones have all nodes each, so that one can be lost while queries go on, for twice the
    price. Default True. False: AWS moves it to another zone when its own is lost, which takes a quarter of an
    hour or more; no data is lost."""
    nodes: NotRequired[int]
    """Nodes in each zone that has any. Default 2."""
    node_type: NotRequired[str]
    """An RA3 type, whose data is in three zones whatever becomes of the nodes. Default ra3.xlplus: 4 vCPUs,
    32 GiB, up to 32 TB."""
    terabytes: NotRequired[float]
    """What it is to hold, to check `nodes` by. Default: unknown."""
    database: NotRequired[str]
    """The first database. Default "analytics"."""
    sources: NotRequired[Mapping[str, Changes]]
    """Databases whose tables it follows within seconds (zero-ETL), by a name of one's own. Once, somebody
    makes each a database here: CREATE DATABASE … FROM INTEGRATION '…'. Default: none."""
    snapshot_days: NotRequired[int]
    """Days that its snapshots are kept, of which there is one every eight hours, 1 to 35. Default 14."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when it is not well. Default: none."""


class Warehouse(Server):
    """An encrypted, private data warehouse over two zones that databases flow into by themselves.

    TLS only. An arrow opens the way and lets its client's role log in as a database user of its own
    (GetClusterCredentialsWithIAM), who may do what SQL grants it. The admin's password is a secret of
    Redshift's own, which it rotates, and which no arrow gives away.
    """

    port = 5439
    arn: pulumi.Output[str]
    cluster_id: pulumi.Output[str]
    secret_arn: pulumi.Output[str]
    """The admin's secret, JSON with `username` and `password`."""
    integration_arns: pulumi.Output[Mapping[str, str]]
    """Of what flows in, by the names of `sources`."""
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of its alarms, by what is wrong: "unwell", "disk"."""

    def __init__(self, name: str, args: WarehouseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        called = f"{pulumi.get_stack()}-{name}".lower()
        check(self, args, called)
        self._database = args.get("database", "analytics")

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        cluster = self._cluster(args, called, group.id)
        self._log(args, called, cluster)
        flows = self._follow(args, cluster)

        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", cluster.dns_name, self.port)
        self.arn, self.cluster_id = cluster.arn, cluster.cluster_identifier
        self.secret_arn = cluster.master_password_secret_arn
        self.integration_arns = pulumi.Output.all(**{source: made.arn for source, made in flows.items()})
        self.alarm_arns = alarms(self, cluster.cluster_identifier, args.get("alarm_actions", []))
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "arn": self.arn,
                "cluster_id": self.cluster_id,
                "secret_arn": self.secret_arn,
                "integration_arns": self.integration_arns,
                "alarm_arns": self.alarm_arns,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Logging in to its database."""
        database = pulumi.Output.format("dbname:{}/{}", self.cluster_id, self._database)
        arn = pulumi.Output.all(self.arn, database).apply(
            lambda known: beside(known[0], "redshift", known[1])
        )
        return [
            {
                "Sid": "LogIn",
                "Effect": "Allow",
                "Action": "redshift:GetClusterCredentialsWithIAM",
                "Resource": arn,
            }
        ]

    def _cluster(
        self, args: WarehouseArgs, called: str, group_id: pulumi.Output[str]
    ) -> aws.redshift.Cluster:
        disposable, standby, nodes = (
            args.get("disposable", False),
            args.get("standby", True),
            args.get("nodes", 2),
        )
        subnets = aws.redshift.SubnetGroup(
            self.name, description=f"Zones of {self.name}", subnet_ids=args["subnet_ids"], opts=self.child
        )
        settings = aws.redshift.ParameterGroup(
            self.name,
            family="redshift-1.0",
            description=f"TLS and logs of {self.name}",
            parameters=[{"name": k, "value": v} for k, v in PARAMETERS.items()],
            opts=self.child,
        )
        return aws.redshift.Cluster(
            self.name,
            cluster_identifier=called,
            node_type=args.get("node_type", NODE_TYPE),
            cluster_type="single-node" if nodes == 1 else "multi-node",
            number_of_nodes=None if nodes == 1 else nodes,
            multi_az=standby,
            availability_zone_relocation_enabled=not standby,
            database_name=self._database,
            master_username=USER,
            manage_master_password=True,
            master_password_secret_kms_key_id=args.get("key_arn"),
            port=self.port,
            publicly_accessible=False,
            # What flows in by itself comes from outside of the network:
            # https://docs.aws.amazon.com/redshift/latest/mgmt/zero-etl.reqs-lims.html
            enhanced_vpc_routing=not args.get("sources"),
            cluster_subnet_group_name=subnets.name,
            cluster_parameter_group_name=settings.name,
            vpc_security_group_ids=[group_id],
            encrypted="true",
            kms_key_id=args.get("key_arn"),
            automated_snapshot_retention_period=args.get("snapshot_days", 14),
            skip_final_snapshot=disposable,
            # The generated name: a second cluster of this name could not write over the first one's snapshot.
            final_snapshot_identifier=None if disposable else pulumi.Output.format("{}-final", settings.name),
            preferred_maintenance_window="sun:04:30-sun:05:30",
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable),
        )

    def _log(self, args: WarehouseArgs, called: str, cluster: aws.redshift.Cluster) -> None:
        """Redshift would make the groups itself, unencrypted and kept for ever."""
        groups = [
            log_group(
                self,
                f"{self.name}-{log}",
                group_name=f"/aws/redshift/cluster/{called}/{log}",
                days=args.get("log_retention_days", 365),
                key_arn=args.get("key_arn"),
            )
            for log in LOGS
        ]
        aws.redshift.Logging(
            self.name,
            cluster_identifier=cluster.cluster_identifier,
            log_destination_type="cloudwatch",
            log_exports=list(LOGS),
            opts=pulumi.ResourceOptions(parent=self, depends_on=groups),
        )

    def _follow(self, args: WarehouseArgs, cluster: aws.redshift.Cluster) -> dict[str, aws.rds.Integration]:
        """https://docs.aws.amazon.com/redshift/latest/mgmt/zero-etl-using.redshift-iam.html"""
        sources = args.get("sources", {})
        if not sources:
            return {}
        let_in = {
            "Effect": "Allow",
            "Principal": {"Service": "redshift.amazonaws.com"},
            "Action": "redshift:AuthorizeInboundIntegration",
            "Condition": {
                "StringEquals": {"aws:SourceArn": [source["cluster_arn"] for source in sources.values()]}
            },
        }
        allowed = aws.redshift.ResourcePolicy(
            self.name,
            resource_arn=cluster.cluster_namespace_arn,
            policy=policy([let_in]),
            opts=self.child,
        )
        return {
            name: aws.rds.Integration(
                f"{self.name}-{name}",
                integration_name=f"{pulumi.get_stack()}-{self.name}-{name}".lower(),
                source_arn=source["cluster_arn"],
                target_arn=cluster.cluster_namespace_arn,
                data_filter=source.get("tables"),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
            )
            for name, source in sources.items()
        }
