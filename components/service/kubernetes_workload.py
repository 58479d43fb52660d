"""What keeps a service's pods running, and the names that they are found under."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.service.kubernetes_arguments import headless, listening, stable
from components.service.kubernetes_pods import STORAGE_CLASS
from components.service.kubernetes_policies import PodGroup
from components.service.pod_template import DISK

ROLLING: Any = {"type": "RollingUpdate", "rolling_update": {"max_unavailable": 0, "max_surge": 1}}


def workload(
    pods: PodGroup,
    args: Mapping[str, Any],
    template: Any,
    replicas: int | None,
    first: Sequence[pulumi.Resource],
) -> kubernetes.apps.v1.Deployment | kubernetes.apps.v1.StatefulSet:
    """A Deployment, or where pods keep their names a StatefulSet. `replicas`: None where an autoscaler says
    how many there are."""
    name = pods.service.name
    opts = pulumi.ResourceOptions(parent=pods.service, depends_on=first)
    spec: Any = {
        "replicas": replicas,
        "selector": pods.selector,
        "revision_history_limit": 3,
        "template": template,
    }
    if not stable(args):
        spec["strategy"] = {"type": "Recreate"} if args.get("alone", False) else ROLLING
        return kubernetes.apps.v1.Deployment(name, metadata=pods.called(name), spec=spec, opts=opts)
    kept = "Delete" if args.get("disposable", False) else "Retain"
    spec |= {
        "service_name": f"{name}-pods",
        "pod_management_policy": "Parallel",
        "volume_claim_templates": _claims(pods, args),
        "persistent_volume_claim_retention_policy": {"when_deleted": kept, "when_scaled": "Retain"},
    }
    return kubernetes.apps.v1.StatefulSet(name, metadata=pods.called(name), spec=spec, opts=opts)


def _claims(pods: PodGroup, args: Mapping[str, Any]) -> list[Any] | None:
    if "storage_gib" not in args:
        return None
    claim = {
        "access_modes": ["ReadWriteOnce"],
        "storage_class_name": STORAGE_CLASS,
        "resources": {"requests": {"storage": f"{args['storage_gib']}Gi"}},
    }
    return [{"metadata": {"name": DISK, "labels": pods.labels}, "spec": claim}]


def names(pods: PodGroup, args: Mapping[str, Any]) -> kubernetes.core.v1.Service:
    """One name for all pods that are well, and one that has the address of each."""
    name, main = pods.service.name, listening(args)
    if headless(args):
        spec: Any = {
            "cluster_ip": "None",
            "selector": pods.labels,
            "ports": _ports({"main": main, **args.get("peers", {})}),
            # Pods must meet before any is well: most of those that vote, for example.
            "publish_not_ready_addresses": bool(args.get("peers")),
        }
        kubernetes.core.v1.Service(
            f"{name}-pods", metadata=pods.called(f"{name}-pods"), spec=spec, opts=pods.service.child
        )
    return kubernetes.core.v1.Service(
        name,
        metadata=pods.called(name),
        spec={"selector": pods.labels, "ports": _ports({"main": main, **args.get("also", {})})},
        opts=pods.service.child,
    )


def keep(pods: PodGroup) -> None:
    """Drain pods one by one. With one pod, waiting for a second would keep its node from ever being
    replaced."""
    name = pods.service.name
    kubernetes.policy.v1.PodDisruptionBudget(
        name,
        metadata=pods.called(name),
        spec={"max_unavailable": 1, "selector": pods.selector},
        opts=pods.service.child,
    )


def scale(pods: PodGroup, of: pulumi.Resource, replicas: int, maximum: int, cpu_percent: int) -> None:
    """As many pods as keep their CPU at a share of what they ask for."""
    name = pods.service.name
    kind = "StatefulSet" if isinstance(of, kubernetes.apps.v1.StatefulSet) else "Deployment"
    target = {"type": "Utilization", "average_utilization": cpu_percent}
    spec: Any = {
        "scale_target_ref": {"api_version": "apps/v1", "kind": kind, "name": name},
        "min_replicas": replicas,
        "max_replicas": maximum,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
        name,
        metadata=pods.called(name),
        spec=spec,
        opts=pulumi.ResourceOptions(parent=pods.service, depends_on=[of]),
    )


def _ports(ports: Mapping[str, int]) -> list[Any]:
    return [{"name": name, "port": port, "target_port": port} for name, port in ports.items()]
