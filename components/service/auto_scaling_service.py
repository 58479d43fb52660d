"""A fleet that grows and shrinks with its load."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Server, open_way
from components.edge.load_balancer import Front, LoadBalancer, Tls
from components.keeping import Logging
from components.logs import log_group, write_statement
from components.machine import (
    BootFile,
    Container,
    Image,
    encoded,
    instance_profile,
    launch_template,
    pull_statements,
)
from components.placement import Placement
from components.policies import beside
from components.service import trace_agent
from components.service.forecast import Predictive, forecast

FRONT = (
    *("vpc_id", "subnet_ids", "health_check_path", "sticky_seconds", "log_bucket", "disposable"),
    *Tls.__annotations__,
)
"""What a service says of its load balancer too, unless `front` says otherwise."""


class Program(TypedDict):
    """How the container is run, where the defaults do not do."""

    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables, besides <SERVER>_ADDRESS for every arrow."""
    files: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Texts to put on each machine, by path; those under /usr/local/bin/ may be run."""
    mounts: NotRequired[Sequence[str]]
    """What the container sees of the machine, "/etc/x:/x:ro"."""
    packages: NotRequired[Sequence[str]]
    """Amazon Linux packages that the machine needs."""
    arguments: NotRequired[str]
    """Arguments of the container. Default: the image's own."""
    render: NotRequired[str]
    """Program that makes the service's files whenever the configuration has changed, before the service
    sees it."""
    reload: NotRequired[str]
    """Command in the container that makes it read its files again. Default: it is restarted."""


class AutoScalingServiceArgs(Placement, Image, Logging, Tls):
    port: int
    """Port that the container listens on."""
    calls: NotRequired[Sequence[str]]
    """Names of the servers that it needs to start: a machine waits until each has been connected. Default:
    none."""
    program: NotRequired[Program]
    """How the container is run. Default: as the image says."""
    instance_type: NotRequired[str]
    """Default t4g.small: 2 Graviton vCPUs, 2 GiB."""
    disk_gib: NotRequired[int]
    """Size of the root disk. Default 20."""
    minimum: NotRequired[int]
    """Instances kept when there is no load. Default: one in every subnet."""
    maximum: NotRequired[int]
    """Instances under the highest load. Default: four times the minimum."""
    cpu_percent: NotRequired[int]
    """Average CPU that the fleet is kept at. Default 50, so that the rest can carry a lost zone of three."""
    predictive: NotRequired[Predictive]
    """Whether it also grows ahead of what was to be expected. Default: it follows its load alone."""
    front: NotRequired[Front]
    """The load balancer before it. Default: a private one in the same subnets."""
    health_check_path: NotRequired[str]
    """Path that a healthy container answers with 200. Default "/health"."""
    sticky_seconds: NotRequired[int]
    """Seconds, from its last request, that a client stays with one machine, by a cookie of its balancer's.
    Default: it does not (Front.sticky_seconds)."""
    start_seconds: NotRequired[int]
    """Time that a machine has from its launch until it must be healthy. Default 300."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements of the machines' role. Default: none."""
    traced: NotRequired[bool]
    """Whether each machine has an agent, at AWS_XRAY_DAEMON_ADDRESS, that hands the container's segments to
    X-Ray, with the component's name, as SERVICE_NAME says: an arrow to a Tracing lets it. Default False."""


class AutoScalingService(Server):
    """One container on a fleet over all zones, replaced when it fails, rolled when it changes, and rolled
    back.

    Machines take their settings from Parameter Store under configuration_path(), where connect() writes the
    address of every server, wait for those named in `calls`, and follow what changes. There is no SSH:
    Session Manager is the way in.
    """

    configured = True
    group_name: pulumi.Output[str]
    role_name: pulumi.Output[str]
    log_group: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_arn: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]

    def __init__(
        self, name: str, args: AutoScalingServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        minimum = args.get("minimum", len(args["subnet_ids"]))
        maximum = args.get("maximum", 4 * minimum)
        self._check(args, minimum, maximum)

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
        statements = [*self._own_statements(group, logs), *pull_statements(args), *args.get("statements", ())]
        role, profile = instance_profile(self, group.arn, statements)
        template = launch_template(
            self,
            name,
            instance_type=args.get("instance_type", "t4g.small"),
            disk_gib=args.get("disk_gib", 20),
            profile=profile,
            security_group_id=group.id,
            user_data=self._user_data(args, group, logs),
        )
        ours = {key: value for key, value in args.items() if key in FRONT}
        front: Any = {**ours, **args.get("front", {}), "target_port": args["port"], "label": name}
        balancer = LoadBalancer(f"{name}-balancer", front, self.child)
        start_seconds = args.get("start_seconds", 300)
        fleet = aws.autoscaling.Group(
            name,
            min_size=minimum,
            max_size=maximum,
            vpc_zone_identifiers=args["subnet_ids"],
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            target_group_arns=[balancer.target_group_arn],
            health_check_type="ELB",
            health_check_grace_period=start_seconds,
            default_instance_warmup=min(start_seconds, 180),
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
            tags=[{"key": "Name", "value": name, "propagate_at_launch": True}],
            opts=self.child,
        )
        aws.autoscaling.Policy(
            name,
            autoscaling_group_name=fleet.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "ASGAverageCPUUtilization"},
                "target_value": args.get("cpu_percent", 50),
            },
            opts=self.child,
        )
        if "predictive" in args:
            forecast(self, fleet.name, args["predictive"], args.get("cpu_percent", 50))

        self._balancer = balancer
        self.port = balancer.port
        self.address = balancer.address
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.load_balancer_arn = balancer.arn
        self.listener_arn = balancer.listener_arn
        self.load_balancer_dimension = balancer.dimension
        self.target_group_dimension = balancer.target_group_dimension
        self.security_group_id = group.id
        self.group_name = fleet.name
        self.role_name = role.name
        self.log_group = logs.name
        open_way(f"{balancer.name}-to-{name}", balancer, self, args["port"])
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "load_balancer_arn": self.load_balancer_arn,
                "listener_arn": self.listener_arn,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "group_name": self.group_name,
                "role_name": self.role_name,
                "log_group": self.log_group,
            }
        )

    def entrance(self) -> Server:
        return self._balancer

    def _check(self, args: AutoScalingServiceArgs, minimum: int, maximum: int) -> None:
        if not args["subnet_ids"]:
            self.reject("subnet_ids", [], "one subnet or more")
        if not 1 <= args["port"] <= 65535:
            self.reject("port", args["port"], "1 to 65535")
        if minimum < 1:
            self.reject("minimum", minimum, "at least 1")
        if maximum < minimum:
            self.reject("maximum", maximum, f"at least the minimum, {minimum}")
        if not 1 <= (percent := args.get("cpu_percent", 50)) <= 100:
            self.reject("cpu_percent", percent, "1 to 100")

    def _own_statements(
        self, group: aws.ec2.SecurityGroup, logs: aws.cloudwatch.LogGroup
    ) -> list[dict[str, Any]]:
        """Reading its own settings and writing its own log: all that a machine may do before an arrow is
        drawn."""
        path = f"parameter{self.configuration_path()}"
        return [
            {
                "Sid": "Settings",
                "Effect": "Allow",
                "Action": "ssm:GetParametersByPath",
                "Resource": [beside(group.arn, "ssm", path), beside(group.arn, "ssm", f"{path}/*")],
            },
            write_statement(logs.arn),
        ]

    def _user_data(
        self, args: AutoScalingServiceArgs, group: aws.ec2.SecurityGroup, logs: aws.cloudwatch.LogGroup
    ) -> pulumi.Output[str]:
        program, traced = args.get("program", {}), args.get("traced", False)

        def user_data(known: Mapping[str, Any]) -> str:
            files = {
                path: BootFile(text, "0755" if path.startswith("/usr/local/bin/") else "0644")
                for path, text in known["files"].items()
            }
            return encoded(
                Container(
                    name=self.name,
                    image=known["image"],
                    region=known["arn"].split(":")[3],
                    log_group=known["log_group"],
                    configuration_path=self.configuration_path(),
                    calls=args.get("calls", ()),
                    environment={
                        "PORT": str(args["port"]),
                        **(trace_agent.environment(self.name) if traced else {}),
                        **known["environment"],
                    },
                    files={**files, **(trace_agent.FILES if traced else {})},
                    mounts=program.get("mounts", ()),
                    packages=[*program.get("packages", ()), *([trace_agent.PACKAGE] if traced else ())],
                    units=[trace_agent.UNIT] if traced else (),
                    arguments=program.get("arguments", ""),
                    render=program.get("render", ""),
                    reload=program.get("reload", ""),
                )
            )

        return pulumi.Output.all(
            image=args["image"],
            arn=group.arn,
            log_group=logs.name,
            environment=program.get("environment", {}),
            files=program.get("files", {}),
        ).apply(user_data)
