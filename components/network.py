"""The network that everything else stands in."""

import ipaddress
from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.logs import log_group
from components.placement import Placement, ZonedPlacement
from components.policies import beside, policy, trust_for
from components.vpc_endpoints import BOOT_AND_LOG, VpcEndpoints, VpcEndpointsArgs

ZONE_SLOTS = 4
"""Zones that addresses are set aside for, so that adding one renumbers nothing (awsx #951, #1204; aws-cdk
#28644)."""


class NetworkArgs(ComponentArgs):
    cidr_block: NotRequired[str]
    """Addresses of the whole network, /16 to /22. Default 10.0.0.0/16."""
    zones: NotRequired[int]
    """Availability zones to spread over, 2 to 4. Default 3."""
    single_zone_egress: NotRequired[bool]
    """One NAT gateway and one zone's interface endpoints for all: cheaper, and lost with its zone. Default
    False."""
    closed: NotRequired[bool]
    """Whether nothing in it can get out: private subnets then have no NAT, and reach AWS through endpoints
    alone. Default False."""
    interface_endpoints: NotRequired[Sequence[str]]
    """AWS services reached without leaving the network. Default: what private instances need to boot, be
    reached and log (`vpc_endpoints.BOOT_AND_LOG`)."""
    package_bucket_arn: NotRequired[pulumi.Input[str]]
    """Bucket of a PackageCache, `bucket_arn`: instances then get its packages without leaving the network, by
    two interface endpoints more. Default: packages are out of their reach."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that flow logs are encrypted with. Default: CloudWatch's own."""
    log_retention_days: NotRequired[int]
    """Days that flow logs are kept. Default 365."""


class Network(Component):
    """A VPC with public, private and data subnets in every zone; nothing in it is reachable until it is
    connected.

    Data subnets have no route to the internet, private ones have one out through NAT unless it is closed,
    public ones both ways.
    """

    vpc_id: pulumi.Output[str]
    vpc_arn: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    private_subnet_ids: pulumi.Output[Sequence[str]]
    data_subnet_ids: pulumi.Output[Sequence[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        cidr = self._cidr(args.get("cidr_block", "10.0.0.0/16"))
        self.zones = self._zones(args.get("zones", 3))
        ranges = subnet_ranges(cidr, len(self.zones))
        letters = {zone: zone.removeprefix(zone.rstrip("abcdefghijklmnopqrstuvwxyz")) for zone in self.zones}

        vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": name},
            opts=self.child,
        )
        aws.ec2.DefaultSecurityGroup(name, vpc_id=vpc.id, opts=self.child)  # closed: nothing uses it
        self._flow_logs(vpc, args)

        subnets: dict[str, dict[str, aws.ec2.Subnet]] = {
            tier: {
                zone: aws.ec2.Subnet(
                    f"{name}-{tier}-{letters[zone]}",
                    vpc_id=vpc.id,
                    cidr_block=str(block),
                    availability_zone=zone,
                    map_public_ip_on_launch=False,
                    tags={"Name": f"{name}-{tier}-{letters[zone]}", "tier": tier},
                    opts=self.child,
                )
                for zone, block in zip(self.zones, blocks, strict=True)
            }
            for tier, blocks in ranges.items()
        }
        self.cidr = cidr
        self.route_tables = self._routes(vpc, subnets, letters, self._ways_out(args))

        private = list(subnets["private"].values())
        reachable = private[:1] if args.get("single_zone_egress", False) else private
        inside: VpcEndpointsArgs = {
            "vpc_id": vpc.id,
            "vpc_arn": vpc.arn,
            "subnet_ids": [subnet.id for subnet in reachable],
            "route_table_ids": [
                table.id for tier in self.route_tables for table in self.route_tables[tier].values()
            ],
            "services": args.get("interface_endpoints", BOOT_AND_LOG),
        }
        if "package_bucket_arn" in args:
            inside["package_bucket_arn"] = args["package_bucket_arn"]
        self.endpoints = VpcEndpoints(f"{name}-endpoints", inside, self.child)

        ids = {tier: [subnet.id for subnet in by_zone.values()] for tier, by_zone in subnets.items()}
        here: dict[str, Placement] = {
            tier: {"vpc_id": vpc.id, "subnet_ids": ids[tier], "cidr_blocks": [str(one) for one in blocks]}
            for tier, blocks in ranges.items()
        }
        self.public, self.private = here["public"], here["private"]
        self.data: ZonedPlacement = {**here["data"], "zones": self.zones}
        self.vpc_id = vpc.id
        self.vpc_arn = vpc.arn
        self.public_subnet_ids = pulumi.Output.all(*ids["public"])
        self.private_subnet_ids = pulumi.Output.all(*ids["private"])
        self.data_subnet_ids = pulumi.Output.all(*ids["data"])
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "vpc_arn": self.vpc_arn,
                "public_subnet_ids": self.public_subnet_ids,
                "private_subnet_ids": self.private_subnet_ids,
                "data_subnet_ids": self.data_subnet_ids,
            }
        )

    def _cidr(self, text: str) -> ipaddress.IPv4Network:
        wanted = "a network of /16 to /22, so that each subnet of 4 zones has room for 59 addresses or more"
        try:
            cidr = ipaddress.IPv4Network(text)
        except ValueError:
            self.reject("cidr_block", text, wanted)
        if not 16 <= cidr.prefixlen <= 22:
            self.reject("cidr_block", text, wanted)
        return cidr

    def _zones(self, count: int) -> list[str]:
        if not 2 <= count <= ZONE_SLOTS:
            self.reject("zones", count, f"2 to {ZONE_SLOTS}, so that one can be lost")
        found = aws.get_availability_zones(
            state="available",
            region=self._region,
            filters=[{"name": "opt-in-status", "values": ["opt-in-not-required"]}],  # no local zones
            opts=pulumi.InvokeOptions(parent=self),
        )
        if len(found.names) < count:
            self.reject("zones", count, f"at most {len(found.names)}, as many as the region has")
        return sorted(found.names)[:count]

    def _flow_logs(self, vpc: aws.ec2.Vpc, args: NetworkArgs) -> None:
        name = f"{self.name}-flow"
        group = log_group(self, name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn"))
        role = aws.iam.Role(
            name, assume_role_policy=trust_for("vpc-flow-logs.amazonaws.com", vpc.arn), opts=self.child
        )
        aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=policy(
                [
                    {
                        "Effect": "Allow",
                        "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                        "Resource": pulumi.Output.format("{}:*", group.arn),
                    },
                    {
                        "Effect": "Allow",
                        "Action": "logs:DescribeLogGroups",
                        "Resource": beside(group.arn, "logs", "log-group:*"),
                    },
                ]
            ),
            opts=self.child,
        )
        aws.ec2.FlowLog(
            self.name,
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            opts=self.child,
        )

    def _ways_out(self, args: NetworkArgs) -> list[str]:
        """Zones with a NAT gateway."""
        if args.get("closed", False):
            return []
        return self.zones[:1] if args.get("single_zone_egress", False) else self.zones

    def _routes(
        self,
        vpc: aws.ec2.Vpc,
        subnets: dict[str, dict[str, aws.ec2.Subnet]],
        letters: dict[str, str],
        ways_out: Sequence[str],
    ) -> dict[str, dict[str, aws.ec2.RouteTable]]:
        """Route tables by tier and name: one public, one a zone that is private, one for data."""
        name = self.name
        internet = aws.ec2.InternetGateway(name, vpc_id=vpc.id, tags={"Name": name}, opts=self.child)
        public = self._table(vpc, f"{name}-public", subnets["public"], letters)
        aws.ec2.Route(
            f"{name}-public",
            route_table_id=public.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=internet.id,
            opts=self.child,
        )
        out: dict[str, aws.ec2.NatGateway] = {}
        for zone in ways_out:
            nat = f"{name}-{letters[zone]}"
            address = aws.ec2.Eip(nat, domain="vpc", tags={"Name": nat}, opts=self.child)
            out[zone] = aws.ec2.NatGateway(
                nat,
                allocation_id=address.id,
                subnet_id=subnets["public"][zone].id,
                tags={"Name": nat},
                opts=pulumi.ResourceOptions(parent=self, depends_on=[internet]),
            )
        private: dict[str, aws.ec2.RouteTable] = {}
        for zone in self.zones:
            tier = f"{name}-private-{letters[zone]}"
            table = self._table(vpc, tier, {zone: subnets["private"][zone]}, letters)
            if out:
                aws.ec2.Route(
                    tier,
                    route_table_id=table.id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=out.get(zone, out[self.zones[0]]).id,
                    opts=self.child,
                )
            private[tier] = table
        data = self._table(vpc, f"{name}-data", subnets["data"], letters)
        return {"public": {f"{name}-public": public}, "private": private, "data": {f"{name}-data": data}}

    def _table(
        self, vpc: aws.ec2.Vpc, name: str, subnets: dict[str, aws.ec2.Subnet], letters: dict[str, str]
    ) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(name, vpc_id=vpc.id, tags={"Name": name}, opts=self.child)
        for zone, subnet in subnets.items():
            association = name if name.endswith(f"-{letters[zone]}") else f"{name}-{letters[zone]}"
            aws.ec2.RouteTableAssociation(
                association, route_table_id=table.id, subnet_id=subnet.id, opts=self.child
            )
        return table


def subnet_ranges(cidr: ipaddress.IPv4Network, zones: int) -> dict[str, list[ipaddress.IPv4Network]]:
    """The subnets of each tier, one a zone: half of a zone's quarter is private, a quarter each data and
    public."""
    ranges: dict[str, list[ipaddress.IPv4Network]] = {"private": [], "data": [], "public": []}
    for quarter in list(cidr.subnets(prefixlen_diff=2))[:zones]:
        private, rest = quarter.subnets()
        data, public = rest.subnets()
        for tier, block in (("private", private), ("data", data), ("public", public)):
            ranges[tier].append(block)
    return ranges
