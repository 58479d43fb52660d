"""One address for many machines, for connections that live for hours."""

from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.edge.load_balancer import LONGEST_NAME, TLS_POLICY
from components.keeping import Keeping
from components.placement import Placement

HEALTH_PATH = "/health"


class NetworkLoadBalancerArgs(Placement, Keeping):
    port: int
    """Port that clients call."""
    target_port: int
    """Port that the machines behind it listen on, for TCP."""
    health_check_port: int
    """Port on which a healthy machine answers HTTP requests for /health with 200."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of its region; with it clients speak TLS 1.2+. Default: plain TCP."""
    internet_facing: NotRequired[bool]
    """Whether it has public addresses (its subnets must be public). Who may call it is still for expose()
    to say. Default False."""
    draining_seconds: NotRequired[int]
    """Seconds that a leaving machine keeps its connections, before they are closed. Default 300."""


class NetworkLoadBalancer(Server):
    """A Network Load Balancer with one target group, which sees its clients' addresses; private unless
    asked.

    An idle connection is forgotten after 350 seconds: who speaks through it has to say something before.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/update-idle-timeout.html
    """

    arn: pulumi.Output[str]
    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    listener_arn: pulumi.Output[str]
    target_group_arn: pulumi.Output[str]
    dimension: pulumi.Output[str]
    """The value of its LoadBalancer dimension in CloudWatch."""
    target_group_dimension: pulumi.Output[str]
    """The value of its TargetGroup dimension in CloudWatch."""

    def __init__(
        self, name: str, args: NetworkLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if len(name) > LONGEST_NAME:
            self.reject(
                "its name", name, f"at most {LONGEST_NAME} characters, AWS's 32 less what Pulumi adds"
            )
        if not args["subnet_ids"]:
            self.reject("subnet_ids", [], "one subnet or more")
        if not 0 <= (draining := args.get("draining_seconds", 300)) <= 3600:
            self.reject("draining_seconds", draining, "0 to 3600")
        secure = "certificate_arn" in args
        self.port = args["port"]

        group = aws.ec2.SecurityGroup(
            name, description=f"Load balancer {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs: Any = {"bucket": args.get("log_bucket"), "prefix": f"balancers/{name}", "enabled": True}
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="network",
            internal=not args.get("internet_facing", False),
            subnets=args["subnet_ids"],
            security_groups=[group.id],
            enable_cross_zone_load_balancing=True,
            enable_deletion_protection=not args.get("disposable", False),
            # Only of TLS: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-access-logs.html
            access_logs=logs if secure and "log_bucket" in args else None,
            opts=self.child,
        )
        targets = aws.lb.TargetGroup(
            name,
            vpc_id=args["vpc_id"],
            port=args["target_port"],
            protocol="TCP",
            target_type="instance",
            preserve_client_ip="true",
            deregistration_delay=draining,
            connection_termination=True,
            health_check={
                "protocol": "HTTP",
                "port": str(args["health_check_port"]),
                "path": HEALTH_PATH,
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=self.child,
        )
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=self.port,
            protocol="TLS" if secure else "TCP",
            certificate_arn=args.get("certificate_arn"),
            ssl_policy=TLS_POLICY if secure else None,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            opts=self.child,
        )

        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.listener_arn = listener.arn
        self.target_group_arn = targets.arn
        self.dimension = balancer.arn_suffix
        self.target_group_dimension = targets.arn_suffix
        self.address = pulumi.Output.format("{}:{}", balancer.dns_name, self.port)
        self.security_group_id = group.id
        self.register_outputs(
            {
                "arn": self.arn,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "listener_arn": self.listener_arn,
                "target_group_arn": self.target_group_arn,
                "dimension": self.dimension,
                "target_group_dimension": self.target_group_dimension,
                "address": self.address,
                "security_group_id": self.security_group_id,
            }
        )
