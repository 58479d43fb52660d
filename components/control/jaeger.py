"""Traces: Jaeger, on pods that each keep all of them."""

from pathlib import Path
from typing import Any, NotRequired

import pulumi

from components.access import Server
from components.machine import render
from components.service.kubernetes_pods import NamespacedPods, namespaced
from components.service.kubernetes_service import KubernetesService

TEMPLATE = Path(__file__).parent / "jaeger" / "jaeger.yml.j2"
IMAGE = "docker.io/jaegertracing/jaeger:2.17.0"
"""https://www.jaegertracing.io/docs/2.17/deployment/configuration/"""
PORT, HTTP_PORT, COPIES_PORT, UI_PORT, HEALTH_PORT = 4317, 4318, 14317, 16686, 13133
FOLDER, DATA = "/etc/jaeger", "/var/jaeger"
JAEGER = 10001
"""The image's user."""


class JaegerArgs(NamespacedPods):
    hours: NotRequired[int]
    """Hours that traces are kept. Default 72, Jaeger's own."""
    replicas: NotRequired[int]
    """Pods, 2 or more, that each know everything. Default 2."""
    storage_gib: NotRequired[int]
    """Size of each pod's disk: it must hold all traces of `hours`, at some 500 bytes a span. Default 50."""
    memory_mib: NotRequired[int]
    """MiB of each pod's memory. Default 1024."""
    disposable: NotRequired[bool]
    """Whether its disks may be deleted with it. Default False: they are kept."""
    image: NotRequired[pulumi.Input[str]]
    """Jaeger 2. Default docker.io/jaegertracing/jaeger:2.17.0, which nodes reach through NAT (EksCluster's
    public_images)."""


class Jaeger(Server):
    """Pods in two zones or more that take spans, OTLP over gRPC or HTTP, and show traces.

    Badger, Jaeger's own store, belongs to one pod. So each pod sends what it is told to all, and the loss of
    one, or of its zone, loses no trace; what it missed for more than ten minutes it does not get back.

    connect(service, jaeger) opens the way for spans alone. Traces are looked at through `kubectl port-forward
    <name>-0 16686`: Jaeger asks nobody who they are.
    """

    port = PORT
    http_address: pulumi.Output[str]
    """ "host:port" for what sends spans over HTTP, such as Kong."""

    def __init__(self, name: str, args: JaegerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        replicas, hours = args.get("replicas", 2), args.get("hours", 72)
        if replicas < 2:
            self.reject("replicas", replicas, "at least 2, so that one can be lost")
        if hours < 1:
            self.reject("hours", hours, "at least 1")

        known = {
            "name": name,
            "copies": [f"{name}-{number}" for number in range(replicas)],
            "hours": hours,
            "data": DATA,
            "port": PORT,
            "http_port": HTTP_PORT,
            "copies_port": COPIES_PORT,
            "ui_port": UI_PORT,
            "health_port": HEALTH_PORT,
        }
        settings = pulumi.Output.from_input(args["namespace"]).apply(
            lambda namespace: render(TEMPLATE, **known, namespace=namespace)
        )
        pod: Any = {
            **namespaced(args),
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/status",
            "health_check_port": HEALTH_PORT,
            "user": JAEGER,
            "arguments": ["--config", f"{FOLDER}/jaeger.yml"],
            "files": {"jaeger.yml": settings},
            "files_at": FOLDER,
            "storage_gib": args.get("storage_gib", 50),
            "storage_at": DATA,
            "disposable": args.get("disposable", False),
            "also": {"http": HTTP_PORT},
            "peers": {"copies": COPIES_PORT},
            "replicas": replicas,
            "cpu_millis": 200,
            "memory_mib": args.get("memory_mib", 1024),
        }
        self._service = KubernetesService(name, pod, self.child)

        self.address = self._service.address
        self.http_address = self.address.apply(lambda at: at.replace(f":{PORT}", f":{HTTP_PORT}"))
        self.security_group_id = self._service.security_group_id
        self.register_outputs(
            {
                "address": self.address,
                "http_address": self.http_address,
                "security_group_id": self.security_group_id,
            }
        )

    def entrance(self) -> Server:
        return self._service
