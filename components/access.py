"""Arrows. No security group rule is made anywhere else."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import ArgumentError, Component
from components.policies import policy


class Peer(Component):
    """A component that opens connections to others."""

    configured = False  # whether it reads the addresses of its servers under configuration_path()

    def __init__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._arrows = set[str]()
        # What else an arrow to it leads to, by role.
        self.prefix_list_ids: Mapping[str, pulumi.Input[str]] = {}

    def configuration_path(self) -> str:
        """Where its settings are in Parameter Store: "/shop-dev/user"."""
        return f"/{pulumi.get_stack()}/{self.name}"

    def caller(self) -> "Peer":
        """The part that opens the connections."""
        return self

    def source(self) -> dict[str, pulumi.Input[str]]:
        """Whom a server's ingress rule lets in: a security group, or a prefix list."""
        raise NotImplementedError(f"{type(self).__name__} opens no connections")


class Store(Component):
    """What is reached through IAM alone, at AWS's own address: a bucket, a table, a queue."""

    address: pulumi.Output[str]
    """What a client asks for: the bucket's name, the table's, the queue's URL."""

    announced = True  # whether its address is written into the configuration of its clients

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """The least IAM statements that a client needs."""
        raise NotImplementedError(f"{type(self).__name__} says nothing of who may do what")


class Server(Peer):
    """A peer that listens on one port."""

    security_group_id: pulumi.Output[str]
    """The group of its machines."""
    address: pulumi.Output[str]
    """What a client dials: "host:port", or several with commas between."""

    port = 0
    announced = True  # whether its address is written into the configuration of its clients

    def entrance(self) -> "Server":
        """The part that listens."""
        return self

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """The IAM statements that a client needs besides the way: to read a password, for example."""
        return ()

    def source(self) -> dict[str, pulumi.Input[str]]:
        return {"referenced_security_group_id": self.security_group_id}


def connect(client: Peer, *servers: Server | Store) -> None:
    """Let `client` use each of `servers`, and tell it their addresses.

    An arrow is a pair of security group rules for what listens, an IAM policy where the server asks for one,
    and, for a client that reads its configuration, a parameter "/<stack>/<client>/<server>". Raises
    ArgumentError for an arrow that is drawn twice, or to a store by a client that has no role.
    """
    for server in servers:
        arrow = f"{client.name}-to-{server.name}"
        if arrow in client._arrows:
            raise ArgumentError(f"connect: the arrow from '{client.name}' to '{server.name}' is drawn twice")
        client._arrows.add(arrow)
        if isinstance(server, Server):
            open_way(arrow, client.caller(), server.entrance(), server.entrance().port)
        if grants := server.grants():
            _grant(arrow, client, grants)
        if client.configured and server.announced:
            aws.ssm.Parameter(
                arrow,
                name=f"{client.configuration_path()}/{server.name}",
                description=f"Where {client.name} finds {server.name}",
                type="String",
                insecure_value=server.address,
                opts=client.child,
            )


def _grant(arrow: str, client: Peer, grants: Sequence[Mapping[str, Any]]) -> None:
    role = getattr(client.caller(), "role_name", None)
    if role is None:
        raise ArgumentError(f"connect: '{client.name}' has no role to reach '{arrow.split('-to-')[-1]}' with")
    aws.iam.RolePolicy(arrow, role=role, policy=policy(grants), opts=client.child)


def open_way(name: str, client: Peer, server: Server, port: int) -> None:
    """The rules that let one client's machines reach one port of a server's."""
    if isinstance(client, Server):
        leaving: Any = {"security_group_id": client.security_group_id, **_tcp(port, name)}
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
        **client.source(),
        **_tcp(port, name),
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


def _tcp(port: int, description: str) -> dict[str, Any]:
    return {"ip_protocol": "tcp", "from_port": port, "to_port": port, "description": description}
