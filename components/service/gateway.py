"""The one way in to the services."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.access import Peer, Server
from components.edge.cdn_settings import origin_facing
from components.edge.load_balancer import Front, Tls
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program

KONG = Path(__file__).parent / "kong"
PLUGINS = Path(__file__).parent / "kong_plugins"
AUTHORITIES = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
"""Where Amazon Linux has the certificate authorities that it trusts."""
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
    """Further tries of a request that failed without an answer, unless it is one that must not be sent twice,
    such as a POST, or a fifth of the requests have been tried again. Default 1."""
    priority: NotRequired[int]
    """When it is shed: 0, the most important, never; 100 first. A machine that is 35 % busy sheds what is
    above 96, at 80 % what is above 49, at 95 % what is above 15. Default 50."""
    error_percent: NotRequired[int]
    """Share of failures, 5xx answers and timeouts, of 20 requests or more in ten seconds that opens the
    server's circuit breaker on a machine. Five seconds later one request tries whether it is well again.
    Default 50, Hystrix's."""
    fallback: NotRequired[str]
    """JSON that a GET is answered with, and 200, while the server fails or its breaker is open. Default: 503
    and when to come back."""
    failures: NotRequired[int]
    """Failures in a row that take one of the server's addresses out until it is healthy again. Default 5."""
    health_check_path: NotRequired[str]
    """Path that a healthy server answers. Default "/health"."""
    strip_path: NotRequired[bool]
    """Whether the prefix is taken off before the server sees the path. Default False."""


class GatewayArgs(Placement, Image, Logging, Tls):
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
    capacity: NotRequired[int]
    """Requests that a machine has under way when it is 100 % busy, which is what shedding goes by: its
    requests in a second times the seconds that an answer takes. Default 500, 2000 a second at 250 ms."""
    breakers: NotRequired[str]
    """Name of the server that is told every second how the breakers stand (Hystrix), once it is connected.
    Default "hystrix"."""
    payload_megabytes: NotRequired[int]
    """Largest request body. Default 10."""


class Gateway(Server):
    """Kong without a database: routes, rate limits, priorities and circuit breakers in a file that is made
    anew when an arrow is drawn."""

    dns_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `dns_name`, for alias records."""
    load_balancer_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    group_name: pulumi.Output[str]

    configured = True

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        routes = self._routes(args["routes"])
        if (capacity := args.get("capacity", 500)) < 1:
            self.reject("capacity", capacity, "at least 1")
        settings = {
            "routes": routes,
            "port": PORT,
            "capacity": capacity,
            "breakers": args.get("breakers", "hystrix"),
            "payload_megabytes": args.get("payload_megabytes", 10),
        }

        program: Program = {
            "environment": {**ENVIRONMENT, **self._proxies(args)},
            "files": {
                "/etc/fourplane/kong.yml.j2": (KONG / "kong.yml.j2").read_text(encoding="utf-8"),
                "/etc/fourplane/routes.json": json.dumps(settings),
                "/usr/local/bin/render-kong": (KONG / "render-kong.py").read_text(encoding="utf-8"),
                **_plugins(),
            },
            "packages": ["python3-jinja2"],
            "mounts": ["/etc/fourplane/kong:/kong:ro", f"{AUTHORITIES}:/kong-authorities.pem:ro"],
            "render": "/usr/local/bin/render-kong",
            "reload": "kong reload",
        }
        own = ("routes", "capacity", "breakers", "payload_megabytes", "region")
        passed = {key: value for key, value in args.items() if key not in own}
        fleet: Any = {**passed, "port": PORT, "calls": sorted(routes), "program": program}
        self._fleet = AutoScalingService(name, fleet, self.child)

        self.port = self._fleet.port
        self.address = self._fleet.address
        self.dns_name = self._fleet.dns_name
        self.zone_id = self._fleet.zone_id
        self.load_balancer_arn = self._fleet.load_balancer_arn
        self.load_balancer_dimension = self._fleet.load_balancer_dimension
        self.target_group_dimension = self._fleet.target_group_dimension
        self.security_group_id = self._fleet.security_group_id
        self.group_name = self._fleet.group_name
        self.register_outputs(
            {
                "address": self.address,
                "dns_name": self.dns_name,
                "zone_id": self.zone_id,
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

    def _proxies(self, args: GatewayArgs) -> dict[str, pulumi.Input[str]]:
        """Whose X-Forwarded-For is believed: the balancer's, and CloudFront's where it is on the internet."""
        if not args.get("front", {}).get("internet_facing", False):
            return {}
        cdn = origin_facing(self).entries.apply(lambda entries: ",".join(one.cidr for one in entries))
        return {"KONG_TRUSTED_IPS": pulumi.Output.format("{},{}", ENVIRONMENT["KONG_TRUSTED_IPS"], cdn)}

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
            self._check_route(server, {**DEFAULTS, **route})
        return {server: {**DEFAULTS, **route} for server, route in routes.items()}

    def _check_route(self, server: str, route: Mapping[str, Any]) -> None:
        for argument, least in (("priority", 0), ("error_percent", 1)):
            if not least <= (value := route[argument]) <= 100:
                self.reject(f"routes['{server}'].{argument}", value, f"{least} to 100")
        if "fallback" in route:
            try:
                json.loads(route["fallback"])
            except ValueError:
                self.reject(f"routes['{server}'].fallback", route["fallback"], "JSON")


def _plugins() -> dict[str, str]:
    """Our plugins as the machine has them, by path."""
    return {
        f"/etc/fourplane/kong/lua/{file.relative_to(PLUGINS).as_posix()}": file.read_text(encoding="utf-8")
        for file in sorted(PLUGINS.rglob("*.lua"))
    }


DEFAULTS: dict[str, Any] = {
    "requests_per_second": 50,
    "timeout_ms": 2000,
    "connect_timeout_ms": 500,  # a machine that takes longer to accept is not there
    "retries": 1,
    "priority": 50,
    "error_percent": 50,
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
    "KONG_PLUGINS": "bundled,circuit-breaker,load-shedding",
    "KONG_LUA_PACKAGE_PATH": "/kong/lua/?.lua;;",
    "KONG_NGINX_HTTP_LUA_SHARED_DICT": "gateway 2m",
    # Whose certificates servers may have: those that the machine trusts.
    "KONG_LUA_SSL_TRUSTED_CERTIFICATE": "/kong-authorities.pem",
    "KONG_LUA_SSL_VERIFY_DEPTH": "4",
    "KONG_NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE": "/kong-authorities.pem",
    # After the request has been sent, nginx tries another address for idempotent methods only.
    "KONG_NGINX_PROXY_PROXY_NEXT_UPSTREAM": "error timeout",
}
