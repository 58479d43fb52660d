"""The one way in to the services of a cluster."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.component import ArgumentError
from components.edge.load_balancer import Front
from components.machine import Image, render
from components.service.envoy import MESH_PORT
from components.service.gateway_routes import (
    ENVIRONMENT,
    KONG,
    PORT,
    PRIVATE,
    Route,
    checked,
    plugins,
    trusted,
)
from components.service.kubernetes_pods import NamespacedPods
from components.service.kubernetes_service import KubernetesService

OWN = {"/health": "health check", "/metrics": "metrics"}
PREFIX = "/kong_prefix"
STATUS_PORT = 8100
USER = 1000
"""As Kong's own chart has it, and its folder and its two workers: a worker for each CPU of a node would take
all of a pod's memory. https://github.com/Kong/charts/blob/main/charts/kong/values.yaml"""
PODS = {
    "KONG_PREFIX": PREFIX,
    "KONG_NGINX_WORKER_PROCESSES": "2",
    "KONG_STATUS_LISTEN": f"127.0.0.1:{STATUS_PORT}",
    # Of a Service with several ports an SRV record would bring any of them.
    "KONG_DNS_ORDER": "LAST,A,CNAME",
}


class KubernetesGatewayArgs(NamespacedPods, Image):
    """The image is Kong's, 3.9."""

    routes: Mapping[str, Route]
    """What goes to which service of the namespace, by its name. A route is open when connect(gateway,
    service) is drawn; till then its breaker is."""
    front: Front
    """The load balancer before it, with the `cidr_blocks` of its subnets; private unless it says otherwise,
    for a CDN with a VPC origin."""
    node_port: NotRequired[int]
    """Port of the nodes that the load balancer speaks to. Default: KubernetesService's."""
    server_port: NotRequired[int]
    """Port that all of the services listen on. Default 15006, that of the mesh's proxies."""
    tracing_address: NotRequired[pulumi.Input[str]]
    """ "host:port" that takes spans, OTLP over HTTP. Default: no trace begins here."""
    traced_percent: NotRequired[int]
    """Share of requests that are traced. Default 10."""
    capacity: NotRequired[int]
    """Requests that a pod has under way when it is 100 % busy, which is what shedding goes by. Default 500:
    2000 a second at 250 ms."""
    payload_megabytes: NotRequired[int]
    """Largest request body. Default 10."""
    replicas: NotRequired[int]
    """Pods kept when there is no load. Default 3, one in each of three zones."""
    maximum: NotRequired[int]
    """Pods under the highest load. Default: four times the replicas."""
    cpu_millis: NotRequired[int]
    """Thousandths of a CPU that a pod asks for. Default 500."""
    memory_mib: NotRequired[int]
    """MiB of memory that a pod asks for, and is ended beyond. Default 1024."""


class KubernetesGateway(Server):
    """Kong without a database on the pods of a cluster: routes, rate limits, priorities and circuit breakers
    in a file that is made at deployment, for the names of its servers are known.

    Where its balancer asks for tokens, it asks what they are for.

    It knows clients by their own addresses, tells servers the priority of a request (X-Priority, whatever the
    client said), and begins traces. /metrics is for who is in the network, /health for the balancer.
    """

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    cluster_address: pulumi.Output[str]
    """What pods of its cluster dial."""
    namespace: pulumi.Output[str]

    def __init__(
        self, name: str, args: KubernetesGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not 0 <= (traced := args.get("traced_percent", 10)) <= 100:
            self.reject("traced_percent", traced, "0 to 100")
        capacity, replicas = args.get("capacity", 500), args.get("replicas", 3)
        self._routes = checked(self, args["routes"], OWN, capacity)
        self._server_port = args.get("server_port", MESH_PORT)

        settings = {
            "routes": self._routes,
            "tokens": "tokens" in args["front"],
            "port": PORT,
            "capacity": capacity,
            "payload_megabytes": args.get("payload_megabytes", 10),
            "report_to": None,
        }
        known = pulumi.Output.all(namespace=args["namespace"], tracing=args.get("tracing_address"))
        config = known.apply(lambda known: self._config(settings, traced_percent=traced, **known))
        own = ("routes", "server_port", "tracing_address", "traced_percent", "capacity", "payload_megabytes")
        pod: Any = {
            "cpu_millis": 500,
            "memory_mib": 1024,
            "maximum": 4 * replicas,
            **{key: value for key, value in args.items() if key not in (*own, "region")},
            "replicas": replicas,
            "port": PORT,
            "scraped": True,
            "user": USER,
            "writable": ["/tmp", PREFIX],
            "environment": self._environment(args),
            "files_at": "/kong",
            "files": {"kong.yml": config, **{f"lua/{path}": text for path, text in plugins().items()}},
        }
        self._pods = KubernetesService(name, pod, self.child)
        self._announce()

    def _announce(self) -> None:
        self.port = self._pods.port
        self.address = self._pods.address
        self.cluster_address = self._pods.cluster_address
        self.dns_name = self._pods.dns_name
        self.zone_id = self._pods.zone_id
        self.load_balancer_arn = self._pods.load_balancer_arn
        self.load_balancer_dimension = self._pods.load_balancer_dimension
        self.target_group_dimension = self._pods.target_group_dimension
        self.security_group_id = self._pods.security_group_id
        self.namespace = self._pods.namespace
        self.register_outputs(
            {
                "address": self.address,
                "cluster_address": self.cluster_address,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
                "load_balancer_arn": self.load_balancer_arn,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "namespace": self.namespace,
            }
        )

    def caller(self) -> Peer:
        return self._pods

    def entrance(self) -> Server:
        return self._pods.entrance()

    def learn(self, arrow: str, server: Any) -> None:
        """It knows its servers' addresses; that they listen where it calls them is checked."""
        if server.name in self._routes and server.port != self._server_port:
            raise ArgumentError(
                f"connect: '{self.name}' calls '{server.name}' at port {self._server_port} (server_port), "
                f"and it listens on {server.port}"
            )

    def _environment(self, args: KubernetesGatewayArgs) -> dict[str, pulumi.Input[str]]:
        tracing = {"KONG_TRACING_INSTRUMENTATIONS": "request,balancer"} if "tracing_address" in args else {}
        return {**ENVIRONMENT, **PODS, **tracing, **trusted(self, args["front"])}

    def _config(
        self, settings: Mapping[str, Any], namespace: str, tracing: str | None, traced_percent: int
    ) -> str:
        addresses = {
            server: f"{server}.{namespace}.svc.cluster.local:{self._server_port}" for server in self._routes
        }
        inside = {
            "name": self.name,
            "private": PRIVATE,
            "status_port": STATUS_PORT,
            "tracing": tracing,
            "traced_percent": traced_percent,
        }
        return render(KONG / "kong.yml.j2", addresses=addresses, inside=inside, **settings)
