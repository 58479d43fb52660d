"""A region's messages: a connection for every user, and what waits for those who are away."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi

from components.access import connect, expose
from components.component import Component
from components.control.chat_objectives import ChatObjectives
from components.control.freebsd_packages import FreeBsdPackages
from components.edge.stream import machine as proxy
from components.edge.stream_balancer import StreamBalancer
from components.ejabberd import machine as node
from components.ejabberd.node import image_files
from components.keeping import Logging
from components.machine import architecture
from components.placement import Placement, ZonedPlacement
from components.service.chat_servers import ChatServers
from components.service.service_image import ServiceImage
from components.state.mnesia_database import MnesiaDatabase
from components.system import FREEBSD, LINUX, SYSTEMS, System

TYPES = {"server_type": "r7g.8xlarge", "store_type": "r7g.large", "proxy_type": "r7g.2xlarge"}


class MessagingArgs(Logging):
    domain: str
    """XMPP domain of the region's users: "eu.chat.example.com". Other regions' are its siblings."""
    public: Placement
    """Public subnets, of the load balancer that has a certificate."""
    private: Placement
    """Private subnets, of nginx."""
    data: ZonedPlacement
    """Subnets without a way to the internet, of chat servers and what they keep."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate of the region for the domain. With it anyone may come in, over TLS. Default: the load
    balancer is private, for a trial without a domain."""
    system: NotRequired[str]
    """What machines run, "freebsd" or "linux". Default "freebsd"."""
    endpoint_id: pulumi.Input[str]
    """The network's way to S3 (VpcEndpoints.s3_endpoint_id), by which FreeBSD's packages come."""
    connections_per_server: NotRequired[int]
    """Users that a chat server keeps connected. Default 1,000,000."""
    servers_per_zone: NotRequired[int]
    """Chat servers in each zone. Default 1: larger ones come before more of them."""
    server_type: NotRequired[str]
    """Machine of a chat server, which holds its connections. Default r7g.8xlarge."""
    stores_per_zone: NotRequired[int]
    """Machines in each zone that keep users and messages. Default 1."""
    store_type: NotRequired[str]
    """Machine of those. Default r7g.large."""
    store_gib: NotRequired[int]
    """Disk of each of those. Default 100."""
    partitions: NotRequired[int]
    """Parts that users are spread over by a hash of their names. Default 64."""
    proxies: NotRequired[int]
    """Machines of nginx, of which one may be lost. Default 3."""
    proxy_type: NotRequired[str]
    """Machine of those. Default r7g.2xlarge."""
    alarm_actions: NotRequired[list[pulumi.Input[str]]]
    """ARNs of topics that are told when a promise is not kept. Default: none."""


class Messaging(Component):
    """Phones stay connected to the region's chat servers; who was away gets their messages on coming back.

    Everything outlives the loss of a zone. Its domain's users are at home here: other regions' servers hand
    their messages over (open_between(name, one.servers, other.servers)), and none of their data is kept here.
    """

    dns_name: pulumi.Output[str]
    """The load balancer's."""

    def __init__(self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        kept: Any = {key: value for key, value in args.items() if key in Logging.__annotations__}
        types = {key: args.get(key, default) for key, default in TYPES.items()}
        erlang, nginx = self._software(args, kept, self._architecture(types))
        on_data: Any = {**kept, **erlang, **args["data"], "domain": args["domain"]}

        # State
        users: Any = {
            **on_data,
            "nodes_per_zone": args.get("stores_per_zone", 1),
            "instance_type": types["store_type"],
            "data_gib": args.get("store_gib", 100),
            "partitions": args.get("partitions", 64),
        }
        self.users = MnesiaDatabase(f"{name}-users", users, self.child)

        # Service
        connections, proxies = args.get("connections_per_server", 1_000_000), args.get("proxies", 3)
        if proxies < 2:
            self.reject("proxies", proxies, "at least 2, so that one can be lost")
        servers: Any = {
            **on_data,
            **self.users.cluster,
            "servers_per_zone": args.get("servers_per_zone", 1),
            "instance_type": types["server_type"],
            "connections_per_server": connections,
            "proxies": proxies,
        }
        self.servers = ChatServers(f"{name}-servers", servers, self.child)

        # Edge
        entrance: Any = {
            **kept,
            **nginx,
            **args["private"],
            "front": args["private"],
            "servers": self.servers.servers,
            "server_count": len(self.servers.addresses),
            "ports": self.servers.ports,
            "connections_per_server": connections,
            "instance_type": types["proxy_type"],
            "minimum": proxies,
        }
        if "certificate_arn" in args:
            entrance["front"], entrance["internet_facing"] = args["public"], True
            entrance["certificate_arn"] = args["certificate_arn"]
        self.entrance = StreamBalancer(f"{name}-entrance", entrance, self.child)

        # Control
        ChatObjectives(
            f"{name}-objectives",
            {
                "namespace": self.servers.metrics_namespace,
                "tables_namespace": self.users.metrics_namespace,
                "nodes": len(self.servers.addresses),
                "connections_per_server": connections,
                "alarm_actions": args.get("alarm_actions", []),
            },
            self.child,
        )

        # Who may call whom
        connect(self.entrance, self.servers)
        connect(self.servers, self.users)
        if "certificate_arn" in args:
            expose(self.entrance)

        self.dns_name = self.entrance.dns_name
        self.register_outputs({"dns_name": self.dns_name})

    def _architecture(self, types: Mapping[str, str]) -> str:
        kinds = {kind: architecture(machine) for kind, machine in types.items()}
        if len(set(kinds.values())) > 1:
            self.reject("server_type, store_type and proxy_type", dict(types), "of one architecture")
        return kinds["server_type"]

    def _software(self, args: MessagingArgs, kept: Any, architecture: str) -> tuple[System, System]:
        """Where the programs of chat servers and of nginx come from."""
        if (system := args.get("system", FREEBSD)) not in SYSTEMS:
            self.reject("system", system, f"one of {', '.join(SYSTEMS)}")
        if system == FREEBSD:
            wanted: Any = {
                **kept,
                "architecture": architecture,
                "packages": sorted({*node.PACKAGES, *proxy.PACKAGES}),
                "endpoint_id": args["endpoint_id"],
            }
            packages = FreeBsdPackages(f"{self.name}-packages", wanted, self.child)
            from_mirror: System = {"packages_url": packages.url}
            return from_mirror, from_mirror
        ejabberd = self._image("ejabberd", {**kept, "architecture": architecture, "files": image_files()})
        nginx = self._image("nginx", {**kept, "architecture": architecture, "folder": str(proxy.IMAGE)})
        return ejabberd, nginx

    def _image(self, what: str, args: Any) -> System:
        return {**ServiceImage(f"{self.name}-{what}", args, self.child).image, "system": LINUX}
