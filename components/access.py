"""Arrows. No security group rule is made anywhere else."""

from typing import Any, Mapping

import pulumi
import pulumi_aws as aws

from components.component import ArgumentError, Component


class Peer(Component):
    """A component with a network identity of its own."""

    security_group_id: pulumi.Output[str]
    """The group of what it calls from, and, where nothing stands before it, of what listens."""

    configured = False  # whether it reads the addresses of its servers under configuration_path()

    def __init__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._arrows = set[str]()

    def configuration_path(self) -> str:
        """Where its settings are in Parameter Store: "/netflix-dev/user"."""
        return f"/{pulumi.get_stack()}/{self.name}"

    def caller(self) -> "Peer":
        """The part that opens connections."""
        return self

    def source(self) -> dict[str, Any]:
        """What a server's ingress rule says of it."""
        return {"referenced_security_group_id": self.security_group_id}


class Server(Peer):
    """A peer that listens on one port."""

    address: pulumi.Output[str]
    """What a client dials: "host:port"."""

    port = 0
    prefix_list_ids: Mapping[str, pulumi.Input[str]] = {}  # further places that an arrow to it leads to, by role

    def entrance(self) -> "Server":
        """The part that listens."""
        return self


def connect(client: Peer, *servers: Server) -> None:
    """Let `client` open TCP connections to each of `servers`, and tell it their addresses.

    An arrow is a pair of security group rules and, for a client that reads its configuration, a parameter
    "/<stack>/<client>/<server>" that holds the address. Raises ArgumentError for an arrow that is drawn twice.
    """
    for server in servers:
        arrow = f"{client.name}-to-{server.name}"
        if arrow in client._arrows:
            raise ArgumentError(f"connect: the arrow from '{client.name}' to '{server.name}' is drawn twice")
        client._arrows.add(arrow)
        open_way(arrow, client.caller(), server.entrance())
        if client.configured:
            aws.ssm.Parameter(
                arrow,
                name=f"{client.configuration_path()}/{server.name}",
                description=f"Where {client.name} finds {server.name}",
                type="String",
                value=server.address,
                opts=client.child,
            )


def open_way(name: str, client: Peer, server: Server) -> None:
    """The two rules between the security groups of a client and a server."""
    if "referenced_security_group_id" in client.source():
        aws.vpc.SecurityGroupEgressRule(
            name,
            description=name,
            security_group_id=client.security_group_id,
            referenced_security_group_id=server.security_group_id,
            ip_protocol="tcp",
            from_port=server.port,
            to_port=server.port,
            opts=client.child,
        )
        for role, prefix_list_id in server.prefix_list_ids.items():
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-{role}",
                description=f"{name}-{role}",
                security_group_id=client.security_group_id,
                prefix_list_id=prefix_list_id,
                ip_protocol="tcp",
                from_port=server.port,
                to_port=server.port,
                opts=client.child,
            )
    aws.vpc.SecurityGroupIngressRule(
        name,
        description=name,
        security_group_id=server.security_group_id,
        **client.source(),
        ip_protocol="tcp",
        from_port=server.port,
        to_port=server.port,
        opts=server.child,
    )


def open_among(peer: Peer, **ports: int) -> None:
    """Let the members of one component reach each other on some ports, each named by its role."""
    for role, port in ports.items():
        name = f"{peer.name}-among-{role}".replace("_", "-")
        between: dict[str, Any] = {
            "description": name,
            "security_group_id": peer.security_group_id,
            "referenced_security_group_id": peer.security_group_id,
            "ip_protocol": "tcp",
            "from_port": port,
            "to_port": port,
        }
        aws.vpc.SecurityGroupEgressRule(name, **between, opts=peer.child)
        aws.vpc.SecurityGroupIngressRule(name, **between, opts=peer.child)


def expose(server: Server) -> None:
    """Let anyone on the internet open TCP connections to `server`."""
    door = server.entrance()
    for family, cidr in (("ipv4", "0.0.0.0/0"), ("ipv6", "::/0")):
        aws.vpc.SecurityGroupIngressRule(
            f"internet-to-{server.name}-{family}",
            description=f"internet-to-{server.name}",
            security_group_id=door.security_group_id,
            **{f"cidr_{family}": cidr},
            ip_protocol="tcp",
            from_port=door.port,
            to_port=door.port,
            opts=door.child,
        )
