"""The one way in to the services."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.access import Peer, Server
from components.edge.load_balancer import Front
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program

KONG = Path(__file__).parent / "kong"
PORT = 8000
"""Where Kong's proxy listens."""


class Route(TypedDict):
    """What the gateway sends to one server."""

    paths: Sequence[str]
    """Path prefixes, each beginning with "/"."""
    requests_per_second: NotRequired[int]
    """Requests that one client address may make in a second, on each gateway machine. Default 50."""
    timeout_ms: NotRequired[int]
    """Milliseconds until an answer must have begun. Default 2000."""
    retries: NotRequired[int]
    """Further tries of a request that failed to connect. Default 1."""
    failures: NotRequired[int]
    """Failures in a row that take the server out until it is healthy again. Default 5."""
    health_check_path: NotRequired[str]
    """Path that a healthy server answers. Default "/health"."""
    strip_path: NotRequired[bool]
    """Whether the prefix is taken off before the server sees the path. Default False."""


class GatewayArgs(Placement, Image, Logging):
    routes: Mapping[str, Route]
    """What goes to which server, by the server's name. A route comes alive when connect(gateway, server) is
    drawn."""
    front: NotRequired[Front]
    """The load balancer before it. Default: a private one in the same subnets, for a CDN with a VPC
    origin."""
    instance_type: NotRequired[str]
    """Default t4g.small."""
    minimum: NotRequired[int]
    """Machines kept when there is no load. Default: one in every subnet."""
    maximum: NotRequired[int]
    """Machines under the highest load. Default: four times the minimum."""
    payload_megabytes: NotRequired[int]
    """Largest request body. Default 10."""


class Gateway(Server):
    """Kong without a database: routes, rate limits and health checks in a file that is made anew when an
    arrow is drawn."""

    dns_name: pulumi.Output[str]
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    group_name: pulumi.Output[str]

    configured = True

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        routes = self._routes(args["routes"])
        settings = {"routes": routes, "port": PORT, "payload_megabytes": args.get("payload_megabytes", 10)}

        program: Program = {
            "environment": ENVIRONMENT,
            "files": {
                "/etc/fourplane/kong.yml.j2": (KONG / "kong.yml.j2").read_text(encoding="utf-8"),
                "/etc/fourplane/routes.json": json.dumps(settings),
                "/usr/local/bin/render-kong": (KONG / "render-kong.py").read_text(encoding="utf-8"),
            },
            "packages": ["python3-jinja2"],
            "mounts": ["/etc/fourplane/kong:/kong:ro"],
            "render": "/usr/local/bin/render-kong",
            "reload": "kong reload",
        }
        own = ("routes", "payload_megabytes", "region")
        passed = {key: value for key, value in args.items() if key not in own}
        fleet: Any = {**passed, "port": PORT, "calls": sorted(routes), "program": program}
        self._fleet = AutoScalingService(name, fleet, self.child)

        self.port = self._fleet.port
        self.address = self._fleet.address
        self.dns_name = self._fleet.dns_name
        self.load_balancer_arn = self._fleet.load_balancer_arn
        self.load_balancer_dimension = self._fleet.load_balancer_dimension
        self.target_group_dimension = self._fleet.target_group_dimension
        self.security_group_id = self._fleet.security_group_id
        self.group_name = self._fleet.group_name
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "load_balancer_arn": self.load_balancer_arn,
                "load_balancer_dimension": self.load_balancer_dimension,
                "target_group_dimension": self.target_group_dimension,
                "security_group_id": self.security_group_id,
                "group_name": self.group_name,
            }
        )

    def caller(self) -> Peer:
        return self._fleet

    def entrance(self) -> Server:
        return self._fleet.entrance()

    def _routes(self, routes: Mapping[str, Route]) -> dict[str, dict[str, Any]]:
        """The routes with their defaults. Rejects what Kong would not take."""
        if not routes:
            self.reject("routes", {}, "one route or more")
        owners: dict[str, str] = {}
        for server, route in routes.items():
            if not route["paths"]:
                self.reject(f"routes['{server}'].paths", [], "one path or more")
            for path in route["paths"]:
                if not path.startswith("/"):
                    self.reject(f"routes['{server}'].paths", path, "paths that begin with '/'")
                if (owner := owners.setdefault(path, server)) != server or path == "/health":
                    taken = (
                        "the gateway's own health check" if path == "/health" else f"the route of '{owner}'"
                    )
                    self.reject(f"routes['{server}'].paths", path, f"a path that is not {taken}")
        return {server: {**DEFAULTS, **route} for server, route in routes.items()}


DEFAULTS: dict[str, Any] = {
    "requests_per_second": 50,
    "timeout_ms": 2000,
    "connect_timeout_ms": 500,  # a machine that takes longer to accept is not there
    "retries": 1,
    "failures": 5,
    "health_check_path": "/health",
    "strip_path": False,
}
ENVIRONMENT = {
    "KONG_DATABASE": "off",
    "KONG_DECLARATIVE_CONFIG": "/kong/kong.yml",
    "KONG_PROXY_LISTEN": f"0.0.0.0:{PORT}",
    "KONG_ADMIN_LISTEN": "off",
    "KONG_PROXY_ACCESS_LOG": "/dev/stdout",
    "KONG_PROXY_ERROR_LOG": "/dev/stderr",
    "KONG_REAL_IP_HEADER": "X-Forwarded-For",
    "KONG_REAL_IP_RECURSIVE": "on",
    "KONG_TRUSTED_IPS": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16",
    "KONG_ANONYMOUS_REPORTS": "off",
}
