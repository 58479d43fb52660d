"""Where clients' connections come in: a load balancer, and machines that know the servers."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server, open_way
from components.edge.network_load_balancer import NetworkLoadBalancer
from components.edge.stream.machine import user_data
from components.edge.stream.proxy import HEALTH_PORT, PORT, Proxy, proxy
from components.ejabberd.agent_permissions import telling
from components.ejabberd.capacity import TRACKED_SECONDS
from components.keeping import Logging
from components.logs import log_group
from components.machine import instance_profile, launch_template, pull_statements
from components.placement import Placement
from components.system import ROOT_DEVICES, System, system_image, system_of

TLS_PORT = 5223
START_SECONDS = 900
"""FreeBSD installs its packages and starts again before it serves."""


class StreamBalancerArgs(Placement, Logging, System):
    front: Placement
    """Subnets of its load balancer: public ones where it is internet-facing."""
    servers: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The servers' addresses."""
    server_count: int
    """How many they are."""
    ports: Sequence[int]
    """Ports that each of them listens on. More of them let more connections come from one machine."""
    connections_per_server: int
    """Connections that a server takes."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of its region. With it clients speak TLS, on 5223. Default: plain TCP on 5222, for a
    trial without a domain."""
    internet_facing: NotRequired[bool]
    """Whether its load balancer has public addresses, which needs a certificate. Who may call it is still
    for expose() to say. Default False."""
    instance_type: NotRequired[str]
    """Default r7g.2xlarge, 64 GiB: it hands on 2.6 million connections."""
    disk_gib: NotRequired[int]
    """Size of the root disk. Default 20."""
    minimum: NotRequired[int]
    """Machines kept when there is no load: they carry all connections when one of them is lost. Default 3."""
    maximum: NotRequired[int]
    """Machines under the highest load. Default: twice the minimum."""
    cpu_percent: NotRequired[int]
    """Average CPU that the machines are kept at. Default 50, so that the rest can carry a lost zone of
    three."""
    draining_seconds: NotRequired[int]
    """Seconds that a leaving machine keeps its connections, before they are closed. Default 300."""


class StreamBalancer(Server):
    """nginx behind a Network Load Balancer: each connection goes to the server that has the fewest, with its
    client's address in a PROXY protocol header; a client for whom no server has room is sent away at once.

    The load balancer knows machines and the machines know servers, so that a server can have more ports than
    one, which it needs to have a million connections from few machines. TLS ends at the load balancer.
    """

    group_name: pulumi.Output[str]
    role_name: pulumi.Output[str]
    log_group: pulumi.Output[str]
    metrics_namespace: pulumi.Output[str]
    """Where the machines tell what they have left, as `connections` and `conntrack_left` of Node <name>."""
    arn: pulumi.Output[str]
    """The load balancer's."""
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]

    def __init__(
        self, name: str, args: StreamBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = {**args, "ports": [*args["ports"]]}  # a range is no input
        super().__init__(name, args, opts)
        minimum = args.get("minimum", 3)
        maximum = args.get("maximum", 2 * minimum)
        self._check(args, minimum, maximum)
        system, instance_type = system_of(self, args), args.get("instance_type", "r7g.2xlarge")
        machine = proxy(
            self,
            instance_type=instance_type,
            system=system,
            machines=minimum,
            servers=args["server_count"],
            ports=len(args["ports"]),
            connections_per_server=args["connections_per_server"],
        )

        group = aws.ec2.SecurityGroup(
            name, description=f"Machines of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs = log_group(
            self,
            name,
            group_name=self.configuration_path(),
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        self.metrics_namespace = pulumi.Output.from_input(f"{pulumi.get_stack()}/{name}")
        told = telling(self.metrics_namespace, logs.arn)
        role, profile = instance_profile(self, group.arn, [*told, *pull_statements(args)])
        template = launch_template(
            self,
            name,
            instance_type=instance_type,
            disk_gib=args.get("disk_gib", 20),
            profile=profile,
            security_group_id=group.id,
            user_data=self._user_data(args, machine, group, logs),
            image_id=system_image(self, system, instance_type),
            root_device=ROOT_DEVICES[system],
            tracked_seconds=TRACKED_SECONDS,
        )
        balancer = NetworkLoadBalancer(f"{name}-balancer", self._front(args), self.child)
        fleet = self._fleet(args, template, balancer, minimum, maximum)

        self._balancer = balancer
        self.port = balancer.port
        self.address = balancer.address
        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.load_balancer_dimension = balancer.dimension
        self.target_group_dimension = balancer.target_group_dimension
        self.security_group_id = group.id
        self.group_name = fleet.name
        self.role_name = role.name
        self.log_group = logs.name
        open_way(f"{balancer.name}-to-{name}", balancer, self, PORT)
        open_way(f"{balancer.name}-to-{name}-health", balancer, self, HEALTH_PORT)
        self.register_outputs(
            {
                "address": self.address,
                "arn": self.arn,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "group_name": self.group_name,
                "role_name": self.role_name,
                "log_group": self.log_group,
                "metrics_namespace": self.metrics_namespace,
            }
        )

    def entrance(self) -> Server:
        return self._balancer

    def _check(self, args: StreamBalancerArgs, minimum: int, maximum: int) -> None:
        for argument in ("server_count", "connections_per_server"):
            if args[argument] < 1:
                self.reject(argument, args[argument], "at least 1")
        if not args["ports"]:
            self.reject("ports", [], "one port or more")
        if minimum < 1:
            self.reject("minimum", minimum, "at least 1")
        if maximum < minimum:
            self.reject("maximum", maximum, f"at least the minimum, {minimum}")
        if not 1 <= (percent := args.get("cpu_percent", 50)) <= 100:
            self.reject("cpu_percent", percent, "1 to 100")
        if args.get("internet_facing", False) and "certificate_arn" not in args:
            self.reject("internet_facing", True, "with a certificate_arn, so that nothing is read on its way")

    def _front(self, args: StreamBalancerArgs) -> Any:
        passed = ("certificate_arn", "internet_facing", "draining_seconds", "log_bucket", "disposable")
        given: Any = args
        return {
            "vpc_id": args["front"]["vpc_id"],
            "subnet_ids": args["front"]["subnet_ids"],
            "port": TLS_PORT if "certificate_arn" in args else PORT,
            "target_port": PORT,
            "health_check_port": HEALTH_PORT,
            **{key: given[key] for key in passed if key in given},
        }

    def _fleet(
        self,
        args: StreamBalancerArgs,
        template: aws.ec2.LaunchTemplate,
        balancer: NetworkLoadBalancer,
        minimum: int,
        maximum: int,
    ) -> aws.autoscaling.Group:
        fleet = aws.autoscaling.Group(
            self.name,
            min_size=minimum,
            max_size=maximum,
            vpc_zone_identifiers=args["subnet_ids"],
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            target_group_arns=[balancer.target_group_arn],
            health_check_type="ELB",
            health_check_grace_period=START_SECONDS,
            default_instance_warmup=180,
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": 100,
                    "max_healthy_percentage": 200,
                    "auto_rollback": True,
                },
            },
            enabled_metrics=[
                aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
                aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
                aws.autoscaling.Metric.GROUP_TOTAL_INSTANCES,
            ],
            tags=[{"key": "Name", "value": self.name, "propagate_at_launch": True}],
            opts=self.child,
        )
        aws.autoscaling.Policy(
            self.name,
            autoscaling_group_name=fleet.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
                "target_value": args.get("cpu_percent", 50),
            },
            opts=self.child,
        )
        return fleet

    def _user_data(
        self,
        args: StreamBalancerArgs,
        machine: Proxy,
        group: aws.ec2.SecurityGroup,
        logs: aws.cloudwatch.LogGroup,
    ) -> pulumi.Output[str]:
        return pulumi.Output.all(
            servers=args["servers"],
            arn=group.arn,
            log_group=logs.name,
            namespace=self.metrics_namespace,
            packages_url=args.get("packages_url", ""),
            image=args.get("image", ""),
        ).apply(lambda known: user_data(self.name, machine, args["ports"], known))
