"""The pods of a stack's workloads, and what network policies let them say and hear."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, many

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
WORKLOADS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:batch/v1:Job",
)

Networks = Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]


@dataclass
class Pods:
    """The pods of one workload, and what selects them."""

    resource: Resource
    namespace: str
    labels: dict[str, str]
    ports: set[int]
    provider: str
    egress: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    ingress: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    closed: set[str] = field(default_factory=set[str])
    """"egress" and "ingress", where a policy selects them."""


def workloads_of(directory: Directory) -> list[Pods]:
    found = [_pods(resource, values) for resource, values in directory.all(*WORKLOADS)]
    for policy, values in directory.all(POLICY):
        space, spec = namespace_of(values), values["spec"]
        for pods in found:
            here = pods.namespace == space and pods.provider == provider_of(policy)
            if here and selects(spec.get("podSelector"), pods.labels):
                for kind in spec.get("policyTypes") or ["Ingress"]:
                    direction = kind.lower()
                    pods.closed.add(direction)
                    (pods.egress if direction == "egress" else pods.ingress).extend(many(spec.get(direction)))
    return found


def _pods(resource: Resource, values: dict[str, Any]) -> Pods:
    template = values["spec"]["template"]
    ports = {
        int(port["containerPort"])
        for kind in ("containers", "initContainers")
        for container in many(template["spec"].get(kind))
        for port in many(container.get("ports"))
    }
    labels = template.get("metadata", {}).get("labels", {})
    return Pods(resource, namespace_of(values), labels, ports, provider_of(resource))


def lets(pods: Pods, other: "Pods | Networks", direction: str, port: int) -> bool:
    """Whether the policies of some pods let them speak with others, or hear them, at a port. Others may be
    whoever has an address of some networks."""
    if direction not in pods.closed:
        return True
    peers = "to" if direction == "egress" else "from"
    for rule in pods.egress if direction == "egress" else pods.ingress:
        named = many(rule.get("ports"))
        if named and port not in [int(n) for n in map(_tcp, named) if isinstance(n, (int, float))]:
            continue
        if not many(rule.get(peers)) or any(_means(peer, pods, other) for peer in many(rule.get(peers))):
            return True
    return False


def _tcp(port: dict[str, Any]) -> Any:
    return port.get("port") if port.get("protocol", "TCP") == "TCP" else None


def _means(peer: dict[str, Any], pods: Pods, other: "Pods | Networks") -> bool:
    """Whether a rule's peer holds some pods, or all of some networks. Only a block of all addresses holds
    pods: nobody says which one a pod has."""
    if "ipBlock" in peer:
        block = ipaddress.ip_network(peer["ipBlock"]["cidr"])
        return block.prefixlen == 0 or (not isinstance(other, Pods) and any(map(block.overlaps, other)))
    if not isinstance(other, Pods):
        return False
    space = peer.get("namespaceSelector")
    spaces = {NAMESPACE_LABEL: other.namespace}
    at_home = selects(space, spaces) if space is not None else other.namespace == pods.namespace
    return at_home and selects(peer.get("podSelector"), other.labels)


def selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    wanted = (selector or {}).get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def namespace_of(values: dict[str, Any]) -> str:
    return str(values.get("metadata", {}).get("namespace", "default"))


def provider_of(resource: Resource) -> str:
    return resource.provider.rsplit("::", 1)[0]


def under(graph: Any, resource: Resource, component: str) -> bool:
    while resource.parent in graph:
        if resource.parent == component:
            return True
        resource = graph[resource.parent]
    return False
