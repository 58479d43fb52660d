"""One address for many machines."""

from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.edge.tokens import Tokens, check_tokens, leave_open, with_token
from components.placement import Placement

LONGEST_NAME = 24
LONGEST_STICKY = 604800
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#sticky-sessions"""
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.2 and 1.3: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html."""


class Tls(TypedDict):
    """What makes a load balancer speak TLS under a name that its certificate has (PrivateNames.tls)."""

    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of its region; with it the balancer speaks TLS 1.2+ on 443. Default: plain HTTP on
    80."""
    private_zone_id: NotRequired[pulumi.Input[str]]
    """Private Route 53 zone that gets its name. Default: it is called by AWS's name, which no certificate of
    ours has."""
    private_domain: NotRequired[str]
    """Domain of that zone. Needs `private_zone_id` and `certificate_arn`."""


class Front(Placement, Tls):
    """What a user may choose of a load balancer."""

    internet_facing: NotRequired[bool]
    """Whether it has public addresses (its subnets must be public). Who may call it is still for expose()
    to say. Default False."""
    health_check_path: NotRequired[str]
    """Path that a healthy machine answers with 200. Default "/health"."""
    draining_seconds: NotRequired[int]
    """Seconds that a leaving machine may finish its requests in. Default 30."""
    sticky_seconds: NotRequired[int]
    """Seconds, from its last request, that a client stays with one machine, by a cookie of the balancer's, 1
    to 604800: for machines that remember clients, or get in each other's way. Of balancers in a row only one
    may do so, for they give the cookie the same name; and a CDN before it must pass cookies. Default: each
    request goes to whichever machine has the least to do."""
    log_bucket: NotRequired[pulumi.Input[str]]
    """Bucket that takes the access logs, under balancers/<name>/ (LogArchive). Default: none are kept."""
    tokens: NotRequired[Tokens]
    """Whose access tokens it asks for, which needs a certificate (AppClients.tokens). Default: none, who
    asks is for the machines to find out."""
    disposable: NotRequired[bool]
    """Whether it may be deleted with the stack. Default False: deletion protection is on."""


class LoadBalancerArgs(Front):
    target_port: int
    """Port that the machines behind it listen on."""
    health_check_port: NotRequired[int]
    """Port that their health is asked on. Default: `target_port`."""
    label: NotRequired[str]
    """What it is called in `private_domain`. Default: its name."""


class LoadBalancer(Server):
    """An Application Load Balancer with one target group; private unless asked."""

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

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if len(args["subnet_ids"]) < 2:
            self.reject("subnet_ids", list(args["subnet_ids"]), "subnets of 2 zones or more, as AWS asks")
        if len(name) > LONGEST_NAME:
            self.reject(
                "its name", name, f"at most {LONGEST_NAME} characters, AWS's 32 less what Pulumi adds"
            )
        self._check_name(args)
        if not 1 <= (sticky := args.get("sticky_seconds", 1)) <= LONGEST_STICKY:
            self.reject("sticky_seconds", sticky, f"1 to {LONGEST_STICKY}, a week")
        secure, tokens = "certificate_arn" in args, args.get("tokens")
        check_tokens(self, tokens, secure)
        self.port = 443 if secure else 80

        group = aws.ec2.SecurityGroup(
            name, description=f"Load balancer {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs: Any = {"bucket": args.get("log_bucket"), "prefix": f"balancers/{name}", "enabled": True}
        balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=not args.get("internet_facing", False),
            subnets=args["subnet_ids"],
            security_groups=[group.id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="strictest",  # a CDN and programs send nothing that RFC 7230 bars
            enable_deletion_protection=not args.get("disposable", False),
            access_logs=logs if "log_bucket" in args else None,
            opts=self.child,
        )
        targets = aws.lb.TargetGroup(
            name,
            vpc_id=args["vpc_id"],
            port=args["target_port"],
            protocol="HTTP",
            target_type="instance",
            load_balancing_algorithm_type="least_outstanding_requests",
            deregistration_delay=args.get("draining_seconds", 30),
            stickiness=_stickiness(args.get("sticky_seconds")),
            health_check={
                "port": str(args["health_check_port"]) if "health_check_port" in args else None,
                "path": args.get("health_check_path", "/health"),
                "matcher": "200",
                "interval": 10,
                "timeout": 5,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
            opts=self.child,
        )
        forward: Any = {"type": "forward", "target_group_arn": targets.arn}
        listener = aws.lb.Listener(
            name,
            load_balancer_arn=balancer.arn,
            port=self.port,
            protocol="HTTPS" if secure else "HTTP",
            certificate_arn=args.get("certificate_arn"),
            ssl_policy=TLS_POLICY if secure else None,
            default_actions=with_token(tokens, forward),
            opts=self.child,
        )
        leave_open(self, listener.arn, tokens, forward)

        self.arn = balancer.arn
        self.dns_name = balancer.dns_name
        self.zone_id = balancer.zone_id
        self.listener_arn = listener.arn
        self.target_group_arn = targets.arn
        self.dimension = balancer.arn_suffix
        self.target_group_dimension = targets.arn_suffix
        host = self._private_name(balancer, args) if "private_domain" in args else balancer.dns_name
        self.address = pulumi.Output.format("{}:{}", host, self.port)
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

    def _check_name(self, args: LoadBalancerArgs) -> None:
        if "private_domain" not in args:
            return
        if "private_zone_id" not in args or "certificate_arn" not in args:
            self.reject(
                "private_domain", args["private_domain"], "given with private_zone_id and certificate_arn"
            )
        if args.get("internet_facing", False):
            self.reject("private_domain", args["private_domain"], "absent where it is internet-facing")

    def _private_name(self, balancer: aws.lb.LoadBalancer, args: LoadBalancerArgs) -> pulumi.Output[str]:
        """A name of its own, which leads to zones with healthy machines only."""
        name: Any = {"zone_id": args.get("private_zone_id"), "type": "A"}
        record = aws.route53.Record(
            self.name,
            **name,
            name=f"{args.get('label', self.name)}.{args.get('private_domain')}",
            aliases=[
                {
                    "name": balancer.dns_name,
                    "zone_id": balancer.zone_id,
                    "evaluate_target_health": True,
                }
            ],
            opts=self.child,
        )
        return record.fqdn


def _stickiness(seconds: int | None) -> Any:
    return None if seconds is None else {"type": "lb_cookie", "cookie_duration": seconds}
