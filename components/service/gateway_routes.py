"""What a gateway sends where, and the Kong that does it, whatever it runs on."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.component import Component
from components.edge.cdn_settings import origin_facing

KONG = Path(__file__).parent / "kong"
PLUGINS = Path(__file__).parent / "kong_plugins"
PORT = 8000
"""Where Kong's proxy listens."""
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""Addresses of networks like ours, where the balancer is."""
SCOPE = r"[\x21\x23-\x5b\x5d-\x7e]+"
"""https://www.rfc-editor.org/rfc/rfc6749#section-3.3"""


class Route(TypedDict):
    """What the gateway sends to one server."""

    paths: Sequence[str]
    """Path prefixes, each beginning with "/"."""
    requests_per_second: NotRequired[int]
    """Requests that one client address may make in a second, on each machine or pod of the gateway. Default
    50."""
    timeout_ms: NotRequired[int]
    """Milliseconds until an answer must have begun. Default 2000."""
    connect_timeout_ms: NotRequired[int]
    """Milliseconds until a connection must stand. Default 500: who takes longer to accept is not there."""
    retries: NotRequired[int]
    """Further tries of a request that failed without an answer, unless it is one that must not be sent twice,
    such as a POST, or a fifth of the requests have been tried again. Default 1."""
    priority: NotRequired[int]
    """When it is shed: 0, the most important, never; 100 first. A machine or pod that is 35 % busy sheds what
    is above 96, at 80 % what is above 49, at 95 % what is above 15. Default 50."""
    error_percent: NotRequired[int]
    """Share of failures, 5xx answers and timeouts, of 20 requests or more in ten seconds that opens the
    server's circuit breaker on a machine or pod. Five seconds later one request tries whether it is well
    again. Default 50, Hystrix's."""
    fallback: NotRequired[str]
    """JSON that a GET is answered with, and 200, while the server fails or its breaker is open. Default: 503
    and when to come back."""
    failures: NotRequired[int]
    """Failures in a row that take one of the server's addresses out until it is healthy again. Default 5."""
    health_check_path: NotRequired[str]
    """Path that a healthy server answers. Default "/health"."""
    scope: NotRequired[str]
    """What a caller's access token must be for, such as "rides/drive"; 403 without. It counts where the
    balancer asks for tokens (Front.tokens), which finds out who signed them. Default: any token will do."""
    strip_path: NotRequired[bool]
    """Whether the prefix is taken off before the server sees the path. Default False."""


DEFAULTS: dict[str, Any] = {
    "requests_per_second": 50,
    "timeout_ms": 2000,
    "connect_timeout_ms": 500,
    "retries": 1,
    "priority": 50,
    "error_percent": 50,
    "failures": 5,
    "health_check_path": "/health",
    "strip_path": False,
}
ENVIRONMENT: dict[str, str] = {
    "KONG_DATABASE": "off",
    "KONG_DECLARATIVE_CONFIG": "/kong/kong.yml",
    "KONG_PROXY_LISTEN": f"0.0.0.0:{PORT}",
    "KONG_ADMIN_LISTEN": "off",
    "KONG_PROXY_ACCESS_LOG": "/dev/stdout",
    "KONG_PROXY_ERROR_LOG": "/dev/stderr",
    "KONG_REAL_IP_HEADER": "X-Forwarded-For",
    "KONG_REAL_IP_RECURSIVE": "on",
    "KONG_TRUSTED_IPS": ",".join(PRIVATE),
    "KONG_ANONYMOUS_REPORTS": "off",
    "KONG_PLUGINS": "bundled,circuit-breaker,load-shedding,token-scope",
    "KONG_LUA_PACKAGE_PATH": "/kong/lua/?.lua;;",
    "KONG_NGINX_HTTP_LUA_SHARED_DICT": "gateway 2m",
    # After the request has been sent, nginx tries another address for idempotent methods only.
    "KONG_NGINX_PROXY_PROXY_NEXT_UPSTREAM": "error timeout",
}
"""Kong's own settings, with its files in /kong."""


def plugins() -> dict[str, str]:
    """Our plugins, by their path in the folder "lua" beside kong.yml."""
    return {
        file.relative_to(PLUGINS).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(PLUGINS.rglob("*.lua"))
    }


def trusted(owner: Component, front: Mapping[str, Any]) -> dict[str, pulumi.Input[str]]:
    """Whose X-Forwarded-For is believed: the balancer's, and CloudFront's where it is on the internet."""
    if not front.get("internet_facing", False):
        return {}
    cdn = origin_facing(owner).entries.apply(lambda entries: ",".join(one.cidr for one in entries))
    return {"KONG_TRUSTED_IPS": pulumi.Output.format("{},{}", ENVIRONMENT["KONG_TRUSTED_IPS"], cdn)}


def checked(
    owner: Component, routes: Mapping[str, Route], own: Mapping[str, str], capacity: int
) -> dict[str, dict[str, Any]]:
    """The routes with their defaults. Rejects what Kong would not take. `own`: what the gateway answers
    itself, by path."""
    if not routes:
        owner.reject("routes", {}, "one route or more")
    owners: dict[str, str] = {}
    for server, route in routes.items():
        if not route["paths"]:
            owner.reject(f"routes['{server}'].paths", [], "one path or more")
        for path in route["paths"]:
            _check_path(owner, server, path, owners, own)
        _check_route(owner, server, {**DEFAULTS, **route})
    if capacity < 1:
        owner.reject("capacity", capacity, "at least 1")
    return {server: {**DEFAULTS, **route} for server, route in routes.items()}


def _check_path(
    owner: Component, server: str, path: str, owners: dict[str, str], own: Mapping[str, str]
) -> None:
    if not path.startswith("/"):
        owner.reject(f"routes['{server}'].paths", path, "paths that begin with '/'")
    if path in own:
        owner.reject(f"routes['{server}'].paths", path, f"a path that is not the gateway's own {own[path]}")
    if (other := owners.setdefault(path, server)) != server:
        owner.reject(f"routes['{server}'].paths", path, f"a path that is not the route of '{other}'")


def _check_route(owner: Component, server: str, route: Mapping[str, Any]) -> None:
    for argument, least in (("priority", 0), ("error_percent", 1)):
        if not least <= (value := route[argument]) <= 100:
            owner.reject(f"routes['{server}'].{argument}", value, f"{least} to 100")
    if "scope" in route and not re.fullmatch(SCOPE, route["scope"]):
        owner.reject(f"routes['{server}'].scope", route["scope"], "one scope, without spaces and quotes")
    if "fallback" in route:
        try:
            json.loads(route["fallback"])
        except ValueError:
            owner.reject(f"routes['{server}'].fallback", route["fallback"], "JSON")
