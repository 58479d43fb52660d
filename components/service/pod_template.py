"""What a pod is: its container, its limits, and how its node knows that it is well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired

import pulumi

from components.machine import Image
from components.service.envoy import MESH_PORT

USER = 10001
"""No user of an image's own; Kubernetes refuses to guess whether a user's name is root's."""


class Pod(Image):
    """The container of a service."""

    port: int
    """Port that the container listens on, 1024 or above."""
    health_check_path: NotRequired[str]
    """Path that a healthy container answers with 200. Default "/health"."""
    health_check_port: NotRequired[int]
    """Port that it answers that on. Default: `port`."""
    start_seconds: NotRequired[int]
    """Time that a container has until it must be healthy. Default 300."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables, besides those of `calls`."""
    command: NotRequired[Sequence[str]]
    """What the container runs. Default: the image's own."""
    arguments: NotRequired[Sequence[str]]
    """Arguments of what it runs; $(POD_NAME) is a variable of its environment. Default: the image's own."""
    files: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Texts in the folder `files_at`, by name, which may be in folders of it: no secrets. A change rolls the
    pods."""
    files_at: NotRequired[str]
    """Folder of the files. Default "/etc/service"."""
    writable: NotRequired[Sequence[str]]
    """Folders that the container may write to, kept until the pod ends. Default: "/tmp". The rest of its disk
    is read-only."""
    storage_gib: NotRequired[int]
    """Size of an encrypted disk that each pod has of its own, which stays in its zone, and stays when the pod
    goes. Needs EksCluster's `disks`. Fixed once made: the claim is what grows then. Default: none."""
    storage_at: NotRequired[str]
    """Folder of that disk."""
    disposable: NotRequired[bool]
    """Whether its disks may be deleted with it. Default False: they are kept."""
    user: NotRequired[int]
    """Number of the user that the container runs as. Default 10001."""
    cpu_millis: NotRequired[int]
    """Thousandths of a CPU that a pod asks for; it may use what is idle besides. Default 250."""
    memory_mib: NotRequired[int]
    """MiB of memory that a pod asks for, and is ended beyond. Default 512."""


DISK = "data"
"""Name of a pod's own disk, and how its claim's name begins."""


@dataclass(frozen=True)
class Parts:
    """What is put into a service's pods besides its arguments."""

    connections: Sequence[str] = ()
    """Secrets that its environment comes from."""
    variables: Sequence[Any] = ()
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    marks: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Annotations: where one changes, the pods are rolled."""
    sidecars: Sequence[Any] = ()
    """Containers that start before its own and end after it."""
    volumes: Sequence[Any] = ()
    leaving_seconds: int = 5
    """Time that its callers take to know that a pod is about to go: it goes on until then."""
    stable: bool = False


def pod_template(name: str, labels: Mapping[str, str], args: Mapping[str, Any], parts: Parts) -> Any:
    """A restricted pod."""
    folders = _folders(name, args)
    container = {
        "name": labels["app.kubernetes.io/name"],
        "image": args["image"],
        "image_pull_policy": "IfNotPresent",
        "command": args.get("command"),
        "args": args.get("arguments"),
        "env": [*parts.variables, *({"name": k, "value": v} for k, v in args.get("environment", {}).items())],
        "env_from": [{"secret_ref": {"name": secret}} for secret in parts.connections],
        "ports": [
            {"name": role, "container_port": port}
            for role, port in {"main": args["port"], **parts.ports}.items()
        ],
        "resources": _resources(args.get("cpu_millis", 250), args.get("memory_mib", 512)),
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": [mount for mount, _ in folders],
        "lifecycle": {"pre_stop": {"sleep": {"seconds": parts.leaving_seconds}}},
        **_probes(args),
    }
    user = args.get("user", USER)
    return {
        "metadata": {"labels": labels, "annotations": parts.marks},
        "spec": {
            "service_account_name": name,
            "automount_service_account_token": "kubernetes_rules" in args,
            "enable_service_links": False,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": user,
                "run_as_group": user,
                "fs_group": user,
                "fs_group_change_policy": "OnRootMismatch",
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "topology_spread_constraints": _spread(labels, parts.stable, "storage_gib" in args),
            "termination_grace_period_seconds": 60 + parts.leaving_seconds,
            "init_containers": parts.sidecars or None,
            "containers": [container],
            "volumes": [*(volume for _, volume in folders if volume), *parts.volumes],
        },
    }


def key_of(file: str) -> str:
    """What a file is called in a ConfigMap, whose keys have no slashes."""
    return file.replace("/", "__")


def _folders(name: str, args: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Where the container finds what, and the volume that it is on; of its disk, the claim is the volume."""
    found: list[tuple[Any, Any]] = []
    for number, path in enumerate(args.get("writable", ("/tmp",))):
        volume = f"writable-{number}"
        found.append(({"name": volume, "mount_path": path}, {"name": volume, "empty_dir": {}}))
    if files := args.get("files"):
        items = [{"key": key_of(file), "path": file} for file in files]
        nested = any("/" in file for file in files)
        mount = {"name": "files", "mount_path": args.get("files_at", "/etc/service"), "read_only": True}
        config = {"name": name, "items": items if nested else None}
        found.append((mount, {"name": "files", "config_map": config}))
    if "storage_at" in args:
        found.append(({"name": DISK, "mount_path": args["storage_at"]}, None))
    return found


def _resources(cpu_millis: int, memory_mib: int) -> Any:
    """No limit of CPU, which would slow a pod down on an idle node; one of memory, which no other pod can
    have back."""
    return {
        "requests": {"cpu": f"{cpu_millis}m", "memory": f"{memory_mib}Mi"},
        "limits": {"memory": f"{memory_mib}Mi"},
    }


def _probes(args: Mapping[str, Any]) -> dict[str, Any]:
    """It has its time to start; then it gets no traffic after 15 seconds without an answer, and is started
    anew after a minute. In a mesh it is asked as its callers ask it, and need not listen to anyone else."""
    port = args.get("health_check_port", MESH_PORT if "mesh" in args else "main")
    asked = {"path": args.get("health_check_path", "/health"), "port": port}
    ask = {"http_get": asked, "period_seconds": 5, "timeout_seconds": 3}
    return {
        "startup_probe": {**ask, "failure_threshold": max(1, args.get("start_seconds", 300) // 5)},
        "readiness_probe": {**ask, "failure_threshold": 3},
        "liveness_probe": {**ask, "period_seconds": 10, "failure_threshold": 6},
    }


def _spread(labels: Mapping[str, str], stable: bool, disks: bool) -> list[Any]:
    """Even as long as it can be: with a zone gone, pods start in those that are left.

    A disk stays in the zone where its first pod started, so that must be the right one from the beginning,
    among zones whose nodes are well.
    """
    even: Any = {
        "max_skew": 1,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": dict(labels)},
    }
    if not stable:  # a StatefulSet's pods leave one by one, so the old ones count
        even["match_label_keys"] = ["pod-template-hash"]
    kept: Any = {"when_unsatisfiable": "DoNotSchedule", "node_taints_policy": "Honor"} if disks else {}
    return [
        {**even, **kept, "topology_key": "topology.kubernetes.io/zone"},
        {**even, "topology_key": "kubernetes.io/hostname"},
    ]
