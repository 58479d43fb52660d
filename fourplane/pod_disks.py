"""The disks that the pods of a stack's clusters ask for."""

from collections.abc import Iterator
from typing import Any

from fourplane import wire
from fourplane.graph import Graph, Resource

CLUSTER = "aws:eks/cluster:Cluster"


def pod_disks(graph: Graph) -> Iterator[tuple[str, int]]:
    """The region of every workload whose pods have disks, and their GiB when there are most of them."""
    for pods in graph.all("kubernetes:apps/v1:StatefulSet"):
        spec = wire.plain(pods.inputs)["spec"]
        asked = [claim["spec"]["resources"]["requests"] for claim in spec.get("volumeClaimTemplates") or []]
        each = sum(int(one["storage"].removesuffix("Gi")) for one in asked)
        if each:
            yield _region(graph, pods), each * _most(graph, pods, spec)


def _most(graph: Graph, pods: Resource, spec: dict[str, Any]) -> int:
    """The largest number of pods: what an autoscaler says, where there is one."""
    beside = [one for one in graph.children(pods.parent) if one.type.endswith(":HorizontalPodAutoscaler")]
    limits = [wire.plain(one.inputs)["spec"] for one in beside]
    name = wire.plain(pods.inputs).get("metadata", {}).get("name")
    found = [one["maxReplicas"] for one in limits if one["scaleTargetRef"]["name"] == name]
    return int(found[0] if found else spec.get("replicas", 1))


def _region(graph: Graph, pods: Resource) -> str:
    """The region of the cluster whose provider made some pods."""
    provider = graph.resources.get(pods.provider.rsplit("::", 1)[0])
    around = provider.parent if provider else ""
    return next((one.region for one in graph.all(CLUSTER) if one.parent == around), "")
