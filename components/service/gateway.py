"""The one way in to the services."""

import json
from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi

from components.access import Peer, Server
from components.edge.load_balancer import Front, Tls
from components.keeping import Logging
from components.machine import Image
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program
from components.service.forecast import Predictive
from components.service.gateway_routes import ENVIRONMENT, KONG, PORT, Route, checked, plugins, trusted

AUTHORITIES = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
"""Where Amazon Linux has the certificate authorities that it trusts."""
TLS = {
    # Whose certificates servers may have: those that the machine trusts.
    "KONG_LUA_SSL_TRUSTED_CERTIFICATE": "/kong-authorities.pem",
    "KONG_LUA_SSL_VERIFY_DEPTH": "4",
    "KONG_NGINX_PROXY_PROXY_SSL_TRUSTED_CERTIFICATE": "/kong-authorities.pem",
}


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
    predictive: NotRequired[Predictive]
    """Whether the fleet also grows ahead of what was to be expected. Default: it follows its load alone."""
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
    listener_arn: pulumi.Output[str]
    load_balancer_dimension: pulumi.Output[str]
    target_group_dimension: pulumi.Output[str]
    group_name: pulumi.Output[str]

    configured = True

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        capacity = args.get("capacity", 500)
        routes = checked(self, args["routes"], {"/health": "health check"}, capacity)
        settings = {
            "routes": routes,
            "tokens": "tokens" in args.get("front", {}),
            "port": PORT,
            "capacity": capacity,
            "breakers": args.get("breakers", "hystrix"),
            "payload_megabytes": args.get("payload_megabytes", 10),
        }

        program: Program = {
            "environment": {**ENVIRONMENT, **TLS, **trusted(self, args.get("front", {}))},
            "files": {
                "/etc/fourplane/kong.yml.j2": (KONG / "kong.yml.j2").read_text(encoding="utf-8"),
                "/etc/fourplane/routes.json": json.dumps(settings),
                "/usr/local/bin/render-kong": (KONG / "render-kong.py").read_text(encoding="utf-8"),
                **{f"/etc/fourplane/kong/lua/{path}": text for path, text in plugins().items()},
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
        self.listener_arn = self._fleet.listener_arn
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
                "listener_arn": self.listener_arn,
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
