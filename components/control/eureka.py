"""Service discovery: Eureka on machines of its own, at addresses that outlive them."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server, open_among
from components.artifact import Artifact, fetch_settings, fetch_statements
from components.control.discovery.machine import WAR, Seat, seats, user_data
from components.keeping import Logging
from components.logs import log_group, write_statement
from components.machine import Image, instance_profile, launch_template, pull_statements
from components.placement import ZonedPlacement
from components.policies import beside


class EurekaArgs(ZonedPlacement, Image, Artifact, Logging):
    servers_per_zone: NotRequired[int]
    """Servers, each with its Elastic IP address, in each zone. Default 1. AWS gives an account 5 addresses a
    region until it asks for more, and every zone's NAT gateway has one."""
    instance_type: NotRequired[str]
    """Default t4g.small: 2 Graviton vCPUs, 2 GiB."""


class Eureka(Server):
    """Servers that know which machine runs what, one or more in every zone, each copying to the others.

    There is an Elastic IP address for each server, and one Auto Scaling group: a new machine claims a free
    address of its zone (https://github.com/Netflix/eureka/wiki/Deploying-Eureka-Servers-in-EC2). Clients and
    peers are told the addresses' names, which Amazon's resolver answers with the private address of whoever
    has them, so calls stay inside the network. Only a public subnet takes such an address: `subnet_ids` are
    public ones, and the servers still open no port to the internet, for their security group lets in nobody
    but their peers and those that an arrow leads from.

    A server that stops answering restarts, and then gives its machine up. The registry is in memory: a new
    server gets it from a peer, and clients that lose one go on to the next of `address`.

    `image` is Tomcat 9 on Java 17, and the artifact the server's WAR (1.10), from a PackageCache. To start,
    servers need AWS's own services, and the cache: connect(eureka, network.endpoints).
    """

    port = 8080
    host_names: pulumi.Output[Mapping[str, str]]
    """The name of each address, by its seat, "<name>-<zone's letter><number>"."""
    group_name: pulumi.Output[str]
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: EurekaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        taken = self._seats(args)

        group = aws.ec2.SecurityGroup(
            name, description=f"Servers of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs = log_group(
            self,
            name,
            group_name=self.configuration_path(),
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        addresses = {
            seat.name: aws.ec2.Eip(seat.name, domain="vpc", tags={"Name": seat.name}, opts=self.child)
            for seat in taken
        }
        allowed = _statements(name, group.arn, [address.arn for address in addresses.values()])
        statements = [*allowed, write_statement(logs.arn), *fetch_statements(args), *pull_statements(args)]
        _, profile = instance_profile(self, group.arn, statements)
        names = {seat: address.public_dns for seat, address in addresses.items()}
        known = pulumi.Output.all(
            image=args["image"],
            arn=group.arn,
            log_group=logs.name,
            artifact=fetch_settings(args, WAR),
            allocations={seat: address.allocation_id for seat, address in addresses.items()},
            hosts=names,
        )
        template = launch_template(
            self,
            name,
            instance_type=args.get("instance_type", "t4g.small"),
            disk_gib=20,
            profile=profile,
            security_group_id=group.id,
            user_data=known.apply(lambda known: user_data(name, self.port, taken, known)),
        )
        fleet = self._fleet(args, len(taken), template)

        self.security_group_id = group.id
        open_among(self, {"peers": self.port})
        self.address = pulumi.Output.all(*names.values()).apply(
            lambda hosts: ",".join(f"{host}:{self.port}" for host in hosts)
        )
        self.host_names = pulumi.Output.all(**names)
        self.group_name = fleet.name
        self.log_group = logs.name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "host_names": self.host_names,
                "group_name": self.group_name,
                "log_group": self.log_group,
            }
        )

    def _seats(self, args: EurekaArgs) -> list[Seat]:
        zones, subnets = args["zones"], args["subnet_ids"]
        if not zones or len(set(zones)) < len(zones):
            self.reject("zones", list(zones), "one zone or more, each named once")
        if len(subnets) != len(zones):
            self.reject("subnet_ids", len(subnets), f"as many as zones, {len(zones)}")
        if (servers := args.get("servers_per_zone", 1)) < 1:
            self.reject("servers_per_zone", servers, "at least 1, so that each zone has its own")
        return seats(self.name, zones, servers)

    def _fleet(
        self, args: EurekaArgs, servers: int, template: aws.ec2.LaunchTemplate
    ) -> aws.autoscaling.Group:
        return aws.autoscaling.Group(
            self.name,
            min_size=servers,
            max_size=servers,
            desired_capacity=servers,
            vpc_zone_identifiers=args["subnet_ids"],
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            health_check_type="EC2",
            # One after the other: a new server needs the address that an old one has.
            instance_refresh={
                "strategy": "Rolling",
                "preferences": {
                    "min_healthy_percentage": 100 * (servers - 1) // servers,
                    "instance_warmup": "300",
                    "auto_rollback": True,
                },
            },
            enabled_metrics=[
                aws.autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES,
                aws.autoscaling.Metric.GROUP_DESIRED_CAPACITY,
            ],
            tags=[{"key": "Name", "value": self.name, "propagate_at_launch": True}],
            opts=self.child,
        )


def _statements(
    name: str, near: pulumi.Output[str], addresses: list[pulumi.Output[str]]
) -> list[dict[str, Any]]:
    """Giving a server's machines the servers' own addresses, and no other.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
    return [
        {"Sid": "Addresses", "Effect": "Allow", "Action": "ec2:AssociateAddress", "Resource": addresses},
        {
            "Sid": "Servers",
            "Effect": "Allow",
            "Action": "ec2:AssociateAddress",
            "Resource": [beside(near, "ec2", f"{what}/*") for what in ("instance", "network-interface")],
            "Condition": {"StringEquals": {"aws:ResourceTag/component": name}},
        },
        # It takes no resource.
        {"Sid": "WhoHasWhat", "Effect": "Allow", "Action": "ec2:DescribeAddresses", "Resource": "*"},
    ]
