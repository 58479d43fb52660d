"""Arrows. No security group rule is made anywhere else."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import ArgumentError, Component
from components.policies import policy


class Peer(Component):
    """A component that opens connections to others."""

    configured = False  # whether it reads the addresses of its servers under configuration_path()
    shares_group = False  # whether others are in its security group, which has what ways out they all need

    def __init__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._arrows = set[Component]()
        self._services = set[str]()  # that its machines are let out to
        # What else an arrow to it leads to, by role.
        self.prefix_list_ids: Mapping[str, pulumi.Input[str]] = {}

    def configuration_path(self) -> str:
        """Where its settings are in Parameter Store: "/shop-dev/user"."""
        return f"/{pulumi.get_stack()}/{self.name}"

    def caller(self) -> "Peer":
        """The part that opens the connections."""
        return self

    def source(self, server: "Server") -> dict[str, pulumi.Input[str]]:
        """Whom a server's ingress rule lets in: a security group, or a prefix list of the server's region."""
        raise NotImplementedError(f"{type(self).__name__} opens no connections")

    def door(self, server: "Server") -> "Server":
        """The part of a server that it opens connections to."""
        return server.entrance()

    def open_to(self, name: str, server: "Server") -> None:
        """Open the way of an arrow, from its machines to what listens."""
        server.let_in(name, self)

    def wants(self, server: "Server | Store | Site") -> Sequence[Mapping[str, Any]]:
        """The IAM statements that it needs for an arrow to a server."""
        return server.grants()

    def learn(self, arrow: str, server: "Server | Store | Site") -> None:
        """Take a server's address into its configuration."""
        if self.configured:
            aws.ssm.Parameter(
                arrow,
                name=f"{self.configuration_path()}/{server.name}",
                description=f"Where {self.name} finds {server.name}",
                type="String",
                insecure_value=server.address,
                opts=self.child,
            )


class Store(Component):
    """What is reached through IAM alone, at AWS's own address: a bucket, a table, a queue."""

    address: pulumi.Output[str]
    """What a client asks for: the bucket's name, the table's, the queue's URL."""

    announced = True  # whether its address is written into the configuration of its clients
    service = ""
    """Its service's name at AWS where a route leads to the service's own addresses: "dynamodb"."""

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """The least IAM statements that a client needs."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of who may do what")


class Site(Component):
    """What anyone reaches over the internet, at addresses that are not the stack's to know: a CDN."""

    address: pulumi.Output[str]
    """What a client dials: "host:port"."""

    port = 443
    announced = True  # whether its address is written into the configuration of its clients

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """The IAM statements that a client needs: none, where anyone may come."""
        return ()


class Server(Peer):
    """A peer that listens on one port."""

    security_group_id: pulumi.Output[str]
    """The group of its machines."""
    address: pulumi.Output[str]
    """What a client dials: "host:port", or several with commas between."""

    port = 0
    announced = True  # whether its address is written into the configuration of its clients
    among = MappingProxyType(dict[str, int]())
    """Ports on which its machines speak with each other, and with their like in another region, by role."""

    def __init__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._cidr_blocks: Sequence[str] = args.get("cidr_blocks", ())
        self.ways = set[str]()  # of clusters whose nodes may reach it, each for all of its pods

    def dialed_at(self) -> Mapping[str, pulumi.Input[str]]:
        """The addresses that its like in another region dials, as CIDRs, by a name. Default: its subnets'."""
        return self.dials_from()

    def dials_from(self) -> Mapping[str, pulumi.Input[str]]:
        """The addresses that it dials from, as CIDRs, by a name: those of its subnets."""
        return {f"subnet {number}": block for number, block in enumerate(self._cidr_blocks, 1)}

    def entrance(self) -> "Server":
        """The part that listens."""
        return self

    def let_in(self, name: str, client: Peer) -> None:
        """Open its own side of an arrow's way, and the client's."""
        open_way(name, client, self, self.port)

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """The IAM statements that a client needs besides the way: to read a password, for example."""
        return ()

    def grants_for(self, client: Peer) -> Sequence[Mapping[str, Any]]:
        """Those that one client alone needs: for what has the client's own name, for example."""
        return ()

    def source(self, server: "Server") -> dict[str, pulumi.Input[str]]:
        return {"referenced_security_group_id": self.security_group_id}


def connect(client: Peer, *servers: Server | Store | Site) -> None:
    """Let `client` use each of `servers`, and tell it their addresses.

    An arrow is a pair of security group rules for what listens, an IAM policy where the server asks for one,
    and, for a client that reads its configuration, a parameter "/<stack>/<client>/<server>". Raises
    ArgumentError for an arrow that is drawn twice, or to a store by a client that has no role.
    """
    for server in servers:
        arrow = f"{client.name}-to-{server.name}"
        if server in client._arrows:
            raise ArgumentError(f"connect: the arrow from '{client.name}' to '{server.name}' is drawn twice")
        client._arrows.add(server)  # another region's server may have the same name
        if isinstance(server, Server):
            caller = client.caller()
            caller.open_to(arrow, caller.door(server))
        if isinstance(server, Site):
            _let_out(arrow, client.caller(), server.port)
        if isinstance(server, Store) and server.service:
            _let_out_to(server.service, client.caller())
        own = server.grants_for(client) if isinstance(server, Server) else ()
        if grants := [*client.wants(server), *own]:
            _grant(arrow, client, grants)
        if server.announced:
            client.learn(arrow, server)


def _grant(arrow: str, client: Peer, grants: Sequence[Mapping[str, Any]]) -> None:
    role = getattr(client.caller(), "role_name", None)
    if role is None:
        raise ArgumentError(f"connect: '{client.name}' has no role to reach '{arrow.split('-to-')[-1]}' with")
    aws.iam.RolePolicy(arrow, role=role, policy=policy(grants), opts=client.child)


def _let_out(name: str, client: Peer, port: int) -> None:
    """Let a client's machines open connections to one port anywhere: a site's addresses change, and
    CloudFront's are too many for a group's rules:
    https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html."""
    if (group_id := _group_of(client)) is not None:
        aws.vpc.SecurityGroupEgressRule(
            name,
            security_group_id=group_id,
            cidr_ipv4="0.0.0.0/0",
            **_tcp(port, name),
            opts=client.child,
        )


def _let_out_to(service: str, client: Peer) -> None:
    """Let a client's machines open connections to the addresses that a service has in their region, once."""
    group_id = _group_of(client)
    if group_id is None or client.shares_group or service in client._services:
        return
    client._services.add(service)
    asked = pulumi.InvokeOutputOptions(parent=client)
    region = aws.get_region_output(region=client._region, opts=asked).region
    addresses = aws.ec2.get_managed_prefix_list_output(
        name=pulumi.Output.format("com.amazonaws.{}.{}", region, service), region=client._region, opts=asked
    )
    name = f"{client.name}-to-{service}"
    aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group_id,
        prefix_list_id=addresses.id,
        **_tcp(443, name),
        opts=client.child,
    )


def _group_of(client: Peer) -> pulumi.Output[str] | None:
    """The security group of what opens a client's connections; None where it stands in no network of ours."""
    return getattr(client, "security_group_id", None)


def open_way(name: str, client: Peer, server: Server, port: int, last: int | None = None) -> None:
    """The rules that let one client's machines reach one port of a server's, or all from `port` to `last`."""
    ports: Any = {**_tcp(port, name), "to_port": port if last is None else last}
    if (group_id := _group_of(client)) is not None:
        leaving: Any = {"security_group_id": group_id, **ports}
        aws.vpc.SecurityGroupEgressRule(
            name, referenced_security_group_id=server.security_group_id, **leaving, opts=client.child
        )
        for role, prefix_list_id in server.prefix_list_ids.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{role}", prefix_list_id=prefix_list_id, **leaving, opts=client.child
            )
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=server.security_group_id,
        **client.source(server),
        **ports,
        opts=server.child,
    )


def open_between(name: str, one: Server, other: Server) -> None:
    """Let the machines of two components that are one thing in two regions, such as the datacenters of a
    ring, reach each other on the ports that they speak on, `among`.

    A group of another region cannot be named in a rule, so each side has two prefix lists: the addresses that
    it dials over there, and those that it is dialed from. Their networks must be linked: `peer`. Each list
    counts as its entries against the 60 rules of a group:
    https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html. Raises ArgumentError where the
    ports differ or there are none, or an address is unknown.
    """
    if one.among != other.among or not one.among:
        raise ArgumentError(
            f"open_between: '{one.name}' and '{other.name}' must speak on the same ports, "
            f"got {dict(one.among)} and {dict(other.among)}"
        )
    for here, there in ((one, other), (other, one)):
        between = f"{here.name}-{name}"
        if not here.dials_from():
            raise ArgumentError(f"open_between: '{here.name}' needs cidr_blocks, so that others can name it")
        out = _addresses(here, f"{between}-out", there.dialed_at())
        into = _addresses(here, f"{between}-in", there.dials_from())
        for role, port in here.among.items():
            rule: Any = {
                "security_group_id": here.security_group_id,
                **_tcp(port, f"{between}-{role}"),
                "opts": here.child,
            }
            aws.vpc.SecurityGroupEgressRule(f"{between}-{role}", prefix_list_id=out.id, **rule)
            aws.vpc.SecurityGroupIngressRule(f"{between}-{role}", prefix_list_id=into.id, **rule)


def _addresses(owner: Server, name: str, cidrs: Mapping[str, pulumi.Input[str]]) -> aws.ec2.ManagedPrefixList:
    return aws.ec2.ManagedPrefixList(
        name,
        address_family="IPv4",
        max_entries=len(cidrs),
        entries=[{"cidr": cidr, "description": what} for what, cidr in cidrs.items()],
        opts=owner.child,
    )


def open_from(name: str, group_id: pulumi.Input[str], server: Server, port: int) -> None:
    """The rules that let machines that are known by their group alone, those under a cluster's pods, reach
    one port of a server's."""
    leaving: Any = {"security_group_id": group_id, **_tcp(port, name), "opts": server.child}
    aws.vpc.SecurityGroupEgressRule(name, referenced_security_group_id=server.security_group_id, **leaving)
    for role, prefix_list_id in server.prefix_list_ids.items():
        aws.vpc.SecurityGroupEgressRule(f"{name}-{role}", prefix_list_id=prefix_list_id, **leaving)
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=server.security_group_id,
        referenced_security_group_id=group_id,
        **_tcp(port, name),
        opts=server.child,
    )


def open_within(peer: Server) -> None:
    """Let the members of one component say anything to each other, where something else decides who may
    speak: a cluster's network policies."""
    name = f"{peer.name}-within"
    everything: Any = {
        "security_group_id": peer.security_group_id,
        "referenced_security_group_id": peer.security_group_id,
        "ip_protocol": "-1",
        "description": name,
    }
    aws.vpc.SecurityGroupEgressRule(name, **everything, opts=peer.child)
    aws.vpc.SecurityGroupIngressRule(name, **everything, opts=peer.child)


def let_out(client: Peer, port: int = 443) -> None:
    """Let the machines of `client` open connections to one port of anyone on the internet, through NAT."""
    _let_out(f"{client.name}-to-internet", client, port)


def open_links(server: Server, cidr_blocks: Sequence[str], first: int, last: int) -> None:
    """Let what comes through PrivateLink reach some ports of `server`: it comes from the link's own addresses
    in the server's subnets, and whoever made the link stays unseen:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html."""
    for number, block in enumerate(cidr_blocks, 1):
        name = f"{server.name}-links-{number}"
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=server.security_group_id,
            cidr_ipv4=block,
            ip_protocol="tcp",
            from_port=first,
            to_port=last,
            description=name,
            opts=server.child,
        )


def open_among(peer: Server, ports: Mapping[str, int]) -> None:
    """Let the members of one component reach each other on some ports, each named by its role."""
    for role, port in ports.items():
        name = f"{peer.name}-among-{role}"
        between: Any = {
            "security_group_id": peer.security_group_id,
            "referenced_security_group_id": peer.security_group_id,
            **_tcp(port, name),
        }
        aws.vpc.SecurityGroupEgressRule(name, **between, opts=peer.child)
        aws.vpc.SecurityGroupIngressRule(name, **between, opts=peer.child)


def expose(server: Server) -> None:
    """Let anyone on the internet open TCP connections to `server`."""
    door = server.entrance()
    for family, everyone in (("ipv4", "0.0.0.0/0"), ("ipv6", "::/0")):
        name = f"internet-to-{server.name}-{family}"
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=door.security_group_id,
            **{f"cidr_{family}": everyone},
            **_tcp(door.port, name),
            opts=door.child,
        )


def expose_to(server: Server, cidr_blocks: Sequence[str]) -> None:
    """Let some networks of the internet, IPv4 as CIDRs, open TCP connections to `server`."""
    door = server.entrance()
    for block in cidr_blocks:
        name = f"{server.name}-from-{block.replace('.', '-').replace('/', '-')}"
        aws.vpc.SecurityGroupIngressRule(
            name,
            security_group_id=door.security_group_id,
            cidr_ipv4=block,
            **_tcp(door.port, name),
            opts=door.child,
        )


def _tcp(port: int, description: str) -> dict[str, Any]:
    return {"ip_protocol": "tcp", "from_port": port, "to_port": port, "description": description}
