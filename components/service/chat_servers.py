"""Chat servers: ejabberd, with a connection for every user."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server, open_among, open_way
from components.ejabberd.capacity import Capacity, capacity
from components.ejabberd.cluster import ErlangCluster
from components.ejabberd.fixed import ground, run
from components.ejabberd.machine import HOOK, Kind
from components.ejabberd.node import CLIENTS, DISTRIBUTION, DRAIN_SECONDS, FEDERATION, Node
from components.keeping import Logging
from components.placement import ZonedPlacement
from components.slots import Slot, zoned_slots
from components.system import System, system_of

LEAST_DRAIN, MOST_DRAIN = DRAIN_SECONDS + 60, 7200
"""Seconds of a lifecycle hook: clients are sent away in `DRAIN_SECONDS`, and a hook has two hours at most:
https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""

MOST_NAMED = 28
"""Servers that other regions know one by one. Each is counted as a rule of a security group, which has 60 in
each direction: room for two other regions, and for four ways within this one."""


class ChatServersArgs(ZonedPlacement, Logging, System, ErlangCluster):
    domain: str
    """XMPP domain of the region's users: "eu.chat.example.com". Other regions' are its siblings."""
    servers_per_zone: NotRequired[int]
    """Servers in each zone. Default 1."""
    connections_per_server: NotRequired[int]
    """Users that a server keeps connected. Default 1,000,000. Everything else follows from it."""
    instance_type: NotRequired[str]
    """Default r7g.8xlarge: 32 Graviton vCPUs, 256 GiB, which holds the default's connections."""
    proxies: int
    """Machines that the connections come from, one of which may be lost: StreamBalancer's minimum."""
    receive_buffer_bytes: NotRequired[int]
    """The most that one connection's receive buffer grows to. Default: as much as there is memory for, when
    all of them are full."""
    tracked_connections: NotRequired[int]
    """Connections that an instance of the type tracks, as someone has measured it. Default: unknown, and only
    an alarm says how many are left."""
    drain_seconds: NotRequired[int]
    """The longest that a server that is to end has to send its users away. Default 900."""


class ChatServers(Server):
    """A region's chat servers, each full at a number of connections that its machine holds: a user whose
    server is lost is back on another as soon as the phone asks again.

    Servers have fixed addresses, at which proxies and other regions find them. They keep nothing: users and
    waiting messages are MnesiaDatabase's, and an arrow to it lets the two speak in both directions, as nodes
    of one Erlang cluster. A server that is full says when to try again; one that is to end is drained.
    A new image or setting reaches a server when its instance is next replaced: one at a time.

    To start, servers need AWS's own services: connect(chat, network.endpoints). Other regions' servers are
    reached by open_between.
    """

    port = CLIENTS
    announced = False  # proxies have `servers` and `ports`
    among = MappingProxyType({"federation": FEDERATION})
    node_addresses: pulumi.Output[Mapping[str, str]]
    """The address of each server, by its name, "<chat>-<zone's letter><number>"."""
    group_names: pulumi.Output[Mapping[str, str]]
    """The Auto Scaling group of each server."""
    role_name: pulumi.Output[str]
    domain: pulumi.Output[str]
    metrics_namespace: pulumi.Output[str]
    """Where its servers tell their vitals."""
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: ChatServersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        system, instance_type = system_of(self, args), args.get("instance_type", "r7g.8xlarge")
        nodes = self._slots(args)
        self.capacity: Capacity = capacity(
            self,
            args.get("connections_per_server", 1_000_000),
            instance_type,
            proxies=args["proxies"],
            system=system,
            receive_buffer_bytes=args.get("receive_buffer_bytes"),
            tracked_connections=args.get("tracked_connections"),
            servers=len(nodes),
        )
        node = Node("", args["domain"], True, (), args["partitions"], self.capacity, system)
        kind = Kind(node, f"{pulumi.get_stack()}/{name}", drains=True, keeps=False)
        self.ports: Sequence[int] = node.ports

        on = ground(self, args, nodes)
        running = run(on, kind, args, instance_type, {})
        for server, group in running.groups.items():
            aws.autoscaling.LifecycleHook(
                server,
                name=HOOK,
                autoscaling_group_name=group.name,
                lifecycle_transition="autoscaling:EC2_INSTANCE_TERMINATING",
                heartbeat_timeout=args.get("drain_seconds", 900),
                default_result="CONTINUE",
                opts=self.child,
            )

        self.security_group_id = on.group.id
        open_among(self, {"distribution": DISTRIBUTION})
        self._addresses: Mapping[str, pulumi.Output[str]] = on.addresses
        self.servers: pulumi.Output[Sequence[str]] = pulumi.Output.all(*on.addresses.values())
        self.address = self.servers.apply(lambda ips: ",".join(f"{ip}:{self.port}" for ip in ips))
        self.node_addresses = pulumi.Output.all(**on.addresses)
        self.group_names = pulumi.Output.all(**{one: group.name for one, group in running.groups.items()})
        self.role_name = running.role.name
        self.domain = pulumi.Output.from_input(args["domain"])
        self.metrics_namespace = pulumi.Output.from_input(kind.namespace)
        self.log_group = on.logs.name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "node_addresses": self.node_addresses,
                "group_names": self.group_names,
                "role_name": self.role_name,
                "domain": self.domain,
                "metrics_namespace": self.metrics_namespace,
                "log_group": self.log_group,
            }
        )

    def let_in(self, name: str, client: Peer) -> None:
        """Proxies need all of its ports."""
        open_way(name, client, self, self.ports[0], self.ports[-1])

    @property
    def addresses(self) -> Mapping[str, pulumi.Output[str]]:
        """The address of each server, by its name, in an order that stays."""
        return self._addresses

    def open_to(self, name: str, server: Server) -> None:
        """Nodes of one cluster dial each other from either end."""
        super().open_to(name, server)
        if server.port == DISTRIBUTION:
            open_way(f"{name}-back", server, self, DISTRIBUTION)

    def dials_from(self) -> Mapping[str, pulumi.Input[str]]:
        """Its servers' fixed addresses, from which they dial as well, while other regions can know them one
        by one."""
        if len(self.addresses) > MOST_NAMED:
            return super().dials_from()
        return {server: pulumi.Output.format("{}/32", ip) for server, ip in self.addresses.items()}

    def _slots(self, args: ChatServersArgs) -> list[Slot]:
        if (servers := args.get("servers_per_zone", 1)) < 1:
            self.reject("servers_per_zone", servers, "at least 1")
        nodes = zoned_slots(self, args, servers, "one can be lost")
        if len(args["zones"]) < 2:
            self.reject("zones", list(args["zones"]), "two or more, so that one can be lost")
        drain = args.get("drain_seconds", 900)
        if not LEAST_DRAIN <= drain <= MOST_DRAIN:
            limits = f"from {LEAST_DRAIN} to {MOST_DRAIN}, so that all users have been sent away"
            self.reject("drain_seconds", drain, limits)
        return nodes
