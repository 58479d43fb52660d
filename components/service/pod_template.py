"""What a pod is: its container, its limits, and how its node knows that it is well."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi

from components.machine import Image

USER = 10001
"""No user of an image's own; Kubernetes refuses to guess whether a user's name is root's."""


class Pod(Image):
    """The container of a service."""

    port: int
    """Port that the container listens on, 1024 or above."""
    health_check_path: NotRequired[str]
    """Path that a healthy container answers with 200. Default "/health"."""
    start_seconds: NotRequired[int]
    """Time that a container has until it must be healthy. Default 300."""
    environment: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Environment variables, besides those of `calls`."""
    command: NotRequired[Sequence[str]]
    """What the container runs. Default: the image's own."""
    files: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Texts in the folder `files_at`, by name: no secrets. A change rolls the pods."""
    files_at: NotRequired[str]
    """Folder of the files. Default "/etc/service"."""
    writable: NotRequired[Sequence[str]]
    """Folders that the container may write to, kept until the pod ends. Default: "/tmp". The rest of its disk
    is read-only."""
    user: NotRequired[int]
    """Number of the user that the container runs as. Default 10001."""
    cpu_millis: NotRequired[int]
    """Thousandths of a CPU that a pod asks for; it may use what is idle besides. Default 250."""
    memory_mib: NotRequired[int]
    """MiB of memory that a pod asks for, and is ended beyond. Default 512."""


def pod_template(
    name: str,
    labels: Mapping[str, str],
    args: Mapping[str, Any],
    *,
    connections: Sequence[str],
    marks: Mapping[str, pulumi.Input[str]],
) -> Any:
    """A restricted pod of a Deployment. `connections`: secrets that its environment comes from besides."""
    writable = args.get("writable", ("/tmp",))
    volumes: list[Any] = [{"name": f"writable-{n}", "empty_dir": {}} for n in range(len(writable))]
    mounts: list[Any] = [{"name": f"writable-{n}", "mount_path": path} for n, path in enumerate(writable)]
    if args.get("files"):
        volumes.append({"name": "files", "config_map": {"name": name}})
        mounts.append(
            {"name": "files", "mount_path": args.get("files_at", "/etc/service"), "read_only": True}
        )
    container = {
        "name": labels["app.kubernetes.io/name"],
        "image": args["image"],
        "image_pull_policy": "IfNotPresent",
        "command": args.get("command"),
        "env": [{"name": k, "value": v} for k, v in args.get("environment", {}).items()],
        "env_from": [{"secret_ref": {"name": secret}} for secret in connections],
        "ports": [{"name": "main", "container_port": args["port"]}],
        "resources": _resources(args.get("cpu_millis", 250), args.get("memory_mib", 512)),
        "security_context": {
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volume_mounts": mounts,
        **_probes(args.get("health_check_path", "/health"), args.get("start_seconds", 300)),
    }
    user = args.get("user", USER)
    return {
        "metadata": {"labels": labels, "annotations": marks},
        "spec": {
            "service_account_name": name,
            "automount_service_account_token": False,
            "enable_service_links": False,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": user,
                "run_as_group": user,
                "fs_group": user,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "topology_spread_constraints": [
                _spread("topology.kubernetes.io/zone", labels),
                _spread("kubernetes.io/hostname", labels),
            ],
            "termination_grace_period_seconds": 60,
            "containers": [container],
            "volumes": volumes,
        },
    }


def _resources(cpu_millis: int, memory_mib: int) -> Any:
    """No limit of CPU, which would slow a pod down on an idle node; one of memory, which no other pod can
    have back."""
    return {
        "requests": {"cpu": f"{cpu_millis}m", "memory": f"{memory_mib}Mi"},
        "limits": {"memory": f"{memory_mib}Mi"},
    }


def _probes(path: str, start_seconds: int) -> dict[str, Any]:
    """It has its time to start; then it gets no traffic after 15 seconds without an answer, and is started
    anew after a minute."""
    ask = {"http_get": {"path": path, "port": "main"}, "period_seconds": 5, "timeout_seconds": 3}
    return {
        "startup_probe": {**ask, "failure_threshold": max(1, start_seconds // 5)},
        "readiness_probe": {**ask, "failure_threshold": 3},
        "liveness_probe": {**ask, "period_seconds": 10, "failure_threshold": 6},
    }


def _spread(key: str, labels: Mapping[str, str]) -> Any:
    """Even as long as it can be: with a zone gone, pods start in those that are left."""
    return {
        "max_skew": 1,
        "topology_key": key,
        "when_unsatisfiable": "ScheduleAnyway",
        "label_selector": {"match_labels": dict(labels)},
        "match_label_keys": ["pod-template-hash"],
    }
