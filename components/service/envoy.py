"""A pod in the service mesh: an Envoy beside its container, through which all its HTTP and Redis goes."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.machine import render
from components.service.kubernetes_pods import environment_name

TEMPLATE = Path(__file__).parent / "envoy" / "envoy.yaml.j2"
IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.38.3"
"""https://hub.docker.com/r/envoyproxy/envoy/tags"""
USER = 65532
"""The image's own, distroless' nonroot."""
MESH_PORT = 15006
"""Where the pods of a mesh are reached."""
ADMIN_PORT = 15000
READY_PORT = 15021
"""Where a node asks whether a pod's Envoy is ready, and gets no other answer."""
FIRST_LOCAL_PORT = 15101
OWN_PORTS = range(15000, 15200)
"""Ports that a meshed pod's own container cannot take."""
FOLDER = "/etc/envoy"
"""Where the sidecar has the files of `mesh_files`."""
DRAIN_SECONDS = 10
"""Time that a meshed container goes on for when it is told to go: others' Envoys ask for names anew every 5
seconds, and so begin no more requests at its pod."""


class Mesh(TypedDict):
    """What an Envoy in each pod does for its container."""

    http: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Servers that the container calls over HTTP, "host:port" by name: the host of a headless Service, to
    choose among its pods by how they do, or of an ordinary one, to leave that to the cluster; whole, with
    ".svc.cluster.local". Default: none."""
    redis: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Redis in cluster mode with TLS and a password (RedisCluster.address), "host:port" by name. The
    container speaks to it without TLS, password and slots. Default: none."""
    tracing_address: NotRequired[pulumi.Input[str]]
    """ "host:port" that takes spans, OTLP over gRPC. Default: nothing is traced."""
    traced_percent: NotRequired[int]
    """Share of requests that are traced, where whoever sent them has not decided. Default 10."""
    image: NotRequired[pulumi.Input[str]]
    """Envoy's own image. Default: Envoy 1.38.3, distroless, of Docker Hub."""


def local_ports(names: Collection[str]) -> dict[str, int]:
    """Where a container finds its servers at 127.0.0.1, by their names."""
    return {name: port for port, name in enumerate(sorted(names), FIRST_LOCAL_PORT)}


def mesh_files(name: str, port: int, mesh: Mesh) -> dict[str, pulumi.Output[str]]:
    """Envoy's files, by name, beside a service's container that listens on a port."""
    known = pulumi.Output.from_input(dict(mesh))
    return {"envoy.yaml": known.apply(lambda mesh: configuration(name, port, mesh))}


def configuration(name: str, port: int, mesh: Mapping[str, Any]) -> str:
    """Envoy's configuration, once all addresses are known."""
    http, redis = mesh.get("http", {}), mesh.get("redis", {})
    ports, tracing = local_ports({**http, **redis}), mesh.get("tracing_address")
    return render(
        TEMPLATE,
        name=name,
        port=port,
        mesh_port=MESH_PORT,
        admin_port=ADMIN_PORT,
        ready_port=READY_PORT,
        http=_servers(http, ports),
        redis=_servers(redis, ports),
        tracing=_host_and_port(tracing) if tracing else None,
        traced_percent=mesh.get("traced_percent", 10),
    )


def sidecar(name: str, mesh: Mesh, volume: str) -> dict[str, Any]:
    """The container, for a pod's init containers: it starts before the others and ends after them.

    `volume`: the volume of `mesh_files`. A password is in the Secret of the arrow to its server.
    """
    passwords = [
        {
            "name": f"{environment_name(server)}_PASSWORD",
            "value_from": {
                "secret_key_ref": {
                    "name": f"{name}-to-{server}",
                    "key": f"{environment_name(server)}_PASSWORD",
                }
            },
        }
        for server in sorted(mesh.get("redis", {}))
    ]
    ready = {"http_get": {"path": "/ready", "port": READY_PORT}, "timeout_seconds": 3}
    return {
        "name": "envoy",
        "image": mesh.get("image", IMAGE),
        "image_pull_policy": "IfNotPresent",
        "restart_policy": "Always",
        "args": [
            *("--config-path", f"{FOLDER}/envoy.yaml"),
            *("--service-cluster", name),
            *("--service-node", "$(POD_NAME)"),
            *("--concurrency", "2"),
            *("--log-level", "warning"),
            "--disable-hot-restart",
        ],
        "env": [
            {"name": "POD_NAME", "value_from": {"field_ref": {"field_path": "metadata.name"}}},
            *passwords,
        ],
        "ports": [
            {"name": "mesh", "container_port": MESH_PORT},
            {"name": "mesh-ready", "container_port": READY_PORT},
        ],
        # 63 MiB when it has nothing to do (1.38), most of them the program's own.
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "128Mi"}},
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": USER,
            "run_as_group": USER,
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startup_probe": {**ready, "period_seconds": 1, "failure_threshold": 60},
        "readiness_probe": {**ready, "period_seconds": 5, "failure_threshold": 3},
        "liveness_probe": {**ready, "period_seconds": 10, "failure_threshold": 6},
        "volume_mounts": [{"name": volume, "mount_path": FOLDER, "read_only": True}],
    }


def _servers(addresses: Mapping[str, str], ports: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "local_port": ports[name],
            "password": f"{environment_name(name)}_PASSWORD",
            **_host_and_port(addresses[name]),
        }
        for name in sorted(addresses)
    ]


def _host_and_port(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"host": host, "port": int(port)}
