"""Items of tables kept in memory, read in microseconds: DynamoDB Accelerator (DAX)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.keeping import Keeping
from components.placement import ZonedPlacement
from components.policies import policy, trust, use_key
from components.state.sizes import DAX_NODES

NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
LONGEST_NAME = 20
"""https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_CreateCluster.html"""
LEAST_NODES = 3
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.concepts.cluster.html"""
TYPE = "dax.r5.large"
NODE_TYPE = re.compile(r"dax\.[a-z][a-z0-9]*\.[a-z0-9]+")
ON_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
)


class DaxClusterArgs(ZonedPlacement, Keeping):
    table_arns: Sequence[pulumi.Input[str]]
    """The tables that it may read and write, DynamoTable's `arn`."""
    nodes: NotRequired[int]
    """Nodes over the zones, each with all that is kept, 3 to 11. Default 3: one writes, and all answer."""
    node_type: NotRequired[str]
    """Default dax.r5.large: 2 vCPUs, 16 GiB. A dax.t3 node is for trying."""
    item_seconds: NotRequired[int]
    """Seconds that an item is kept since it was read or written here. Default 300. What is written past it,
    such as by another region, shows as late."""
    query_seconds: NotRequired[int]
    """Seconds that the answer to a query is kept, whatever is written meanwhile. Default 300."""
    called: NotRequired[str]
    """What it is called at AWS, in 20 characters at most. Default "<stack>-<name>"."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when it fails. Default: none."""


class DaxCluster(Server):
    """An encrypted cache before tables that a zone can be taken from.

    TLS only. An arrow opens the way and lets its client's role read and write items through it: the cluster
    does so with a role of its own, which may use these tables alone (and their key, `key_arn`). The cache
    itself is encrypted with AWS's own key, for it takes no other. Reads are eventually consistent: what must
    be certain is asked of the table.
    """

    port = 9111
    arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    role_name: pulumi.Output[str]
    """The role that it uses the tables with."""
    alarm_arn: pulumi.Output[str]
    """Of the alarm for requests that it fails to answer."""

    def __init__(self, name: str, args: DaxClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        called = args.get("called", f"{pulumi.get_stack()}-{name}").lower()
        self._check(args, called)

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        subnets = aws.dax.SubnetGroup(name, subnet_ids=args["subnet_ids"], opts=self.child)
        kept = {"record": args.get("item_seconds", 300), "query": args.get("query_seconds", 300)}
        settings = aws.dax.ParameterGroup(
            name,
            parameters=[{"name": f"{k}-ttl-millis", "value": str(1000 * v)} for k, v in kept.items()],
            opts=self.child,
        )
        role = aws.iam.Role(name, assume_role_policy=trust("dax.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(name, role=role.name, policy=policy(_on_tables(args)), opts=self.child)
        cluster = aws.dax.Cluster(
            name,
            cluster_name=called,
            description=name,
            node_type=args.get("node_type", TYPE),
            replication_factor=args.get("nodes", LEAST_NODES),
            iam_role_arn=role.arn,
            server_side_encryption={"enabled": True},
            cluster_endpoint_encryption_type="TLS",
            parameter_group_name=settings.name,
            subnet_group_name=subnets.name,
            security_group_ids=[group.id],
            maintenance_window="sun:04:30-sun:05:30",
            opts=pulumi.ResourceOptions(
                parent=self, protect=not args.get("disposable", False), depends_on=[allowed]
            ),
        )

        self.security_group_id = group.id
        self.address = pulumi.Output.format("{}:{}", cluster.cluster_address, self.port)
        self.arn, self.cluster_name, self.role_name = cluster.arn, cluster.cluster_name, role.name
        self.alarm_arn = self._alarm(args, cluster.cluster_name).arn
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "arn": self.arn,
                "cluster_name": self.cluster_name,
                "role_name": self.role_name,
                "alarm_arn": self.alarm_arn,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading and writing items through it."""
        return [
            {
                "Sid": "Cache",
                "Effect": "Allow",
                "Action": [f"dax:{action}" for action in ON_ITEMS],
                "Resource": self.arn,
            }
        ]

    def _alarm(self, args: DaxClusterArgs, cluster_name: pulumi.Output[str]) -> aws.cloudwatch.MetricAlarm:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html"""
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-failing",
            alarm_description=f"{self.name} fails to answer requests",
            namespace="AWS/DAX",
            metric_name="FaultRequestCount",
            dimensions={"ClusterId": cluster_name},
            statistic="Sum",
            period=60,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            evaluation_periods=3,
            treat_missing_data="notBreaching",  # nobody asked
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

    def _check(self, args: DaxClusterArgs, called: str) -> None:
        zones, nodes = args["zones"], args.get("nodes", LEAST_NODES)
        if not NAME.fullmatch(called) or len(called) > LONGEST_NAME:
            wanted = (
                f"letters, digits and single hyphens, so that '<stack>-<name>' has {LONGEST_NAME} at most"
            )
            self.reject("name", self.name, f"{wanted} ('{called}' is of {len(called)})")
        if len(set(zones)) < 2:
            self.reject("zones", list(zones), "two or more different zones, so that one can be lost")
        if not LEAST_NODES <= nodes <= DAX_NODES.most:
            wanted = f"{LEAST_NODES} to {DAX_NODES.most}, so that one can be lost, and there are at most"
            self.reject("nodes", nodes, f"{wanted} {DAX_NODES}")
        if not NODE_TYPE.fullmatch(value := args.get("node_type", TYPE)):
            self.reject("node_type", value, f"a DAX node type, such as '{TYPE}'")
        if not args["table_arns"]:
            self.reject("table_arns", [], "one or more")
        for argument in ("item_seconds", "query_seconds"):
            if (seconds := args.get(argument, 300)) < 1:
                self.reject(argument, seconds, "at least 1")


def _on_tables(args: DaxClusterArgs) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DAX.access-control.html"""
    tables = list(args["table_arns"])
    actions = [f"dynamodb:{action}" for action in (*ON_ITEMS, "DescribeTable")]
    indexes = [pulumi.Output.format("{}/index/*", arn) for arn in tables]
    made: list[dict[str, Any]] = [
        {"Sid": "Items", "Effect": "Allow", "Action": actions, "Resource": tables},
        {"Sid": "Indexes", "Effect": "Allow", "Action": "dynamodb:Query", "Resource": indexes},
    ]
    if "key_arn" in args:
        made.append(use_key(args["key_arn"], "dynamodb", tables[0], "Decrypt", "DescribeKey"))
    return made
