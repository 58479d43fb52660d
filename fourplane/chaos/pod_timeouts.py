"""How long pods wait for those that they call, as the files of their proxies say."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from fourplane import wire
from fourplane.graph import Resource

CONFIG = "kubernetes:core/v1:ConfigMap"
Limits = dict[str, int]
"""Milliseconds, as a gateway's routes have them: "connect_timeout_ms" and "timeout_ms"."""


def pod_timeouts(configs: list[Resource]) -> dict[str, Limits]:
    """What pods with some configuration give each server, by its name."""
    found: dict[str, Limits] = {}
    for config in configs:
        files: Mapping[str, Any] = wire.plain(config.inputs).get("data") or {}
        for name, read in {"kong.yml": _kong, "envoy.yaml": _envoy}.items():
            if isinstance(text := files.get(name), str):
                found.update(read(yaml.safe_load(text)))
    return found


def _kong(config: Mapping[str, Any]) -> Iterator[tuple[str, Limits]]:
    for service in config.get("services", []):
        if "connect_timeout" in service and "read_timeout" in service:
            limits = {"connect_timeout_ms": service["connect_timeout"], "timeout_ms": service["read_timeout"]}
            yield service["name"], limits


def _envoy(config: Mapping[str, Any]) -> Iterator[tuple[str, Limits]]:
    resources = config["static_resources"]
    clusters = {one["name"]: one for one in resources["clusters"]}
    for listener in resources["listeners"]:
        answers = [*_waits(listener)]
        cluster = clusters.get(listener["name"])
        if cluster and answers:
            connect = _milliseconds(cluster["connect_timeout"])
            yield listener["name"], {"connect_timeout_ms": connect, "timeout_ms": min(answers)}


def _waits(settings: Any) -> Iterator[int]:
    """The times that a listener's routes, or commands of Redis, have, however deep."""
    if isinstance(settings, dict):
        if isinstance(route := settings.get("route"), dict) and "timeout" in route:
            yield _milliseconds(route["timeout"])
        if "op_timeout" in settings:
            yield _milliseconds(settings["op_timeout"])
    for inner in settings.values() if isinstance(settings, dict) else settings:
        if isinstance(inner, (dict, list)):
            yield from _waits(inner)


def _milliseconds(text: str) -> int:
    return int(float(text.removesuffix("s")) * 1000)
