"""Ways between pods, and from pods to what stands beside their cluster, that network policies leave open.

A pod that no policy selects may speak to all and hear all; one that is selected, only as its policies add up.
What leaves the cluster leaves by the nodes' security group, which must let it out too: a way of a cluster's
nodes is a way of a pod whose policies let it take that way.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import INTERNET, Directory, Way, many
from fourplane.reach.groups import Groups

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
WORKLOADS = (
    "kubernetes:apps/v1:Deployment",
    "kubernetes:apps/v1:StatefulSet",
    "kubernetes:apps/v1:DaemonSet",
    "kubernetes:batch/v1:Job",
)
BY = "network policies"


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


def pod_ways(directory: Directory) -> Iterator[Way]:
    """A way for every pair of workloads of one cluster, and out of the cluster."""
    workloads = _workloads(directory)
    for client in workloads:
        for server in workloads:
            if client is not server and client.provider == server.provider:
                for port in sorted(server.ports):
                    if _lets(client, server, "egress", port) and _lets(server, client, "ingress", port):
                        yield Way(_box(directory, client), _box(directory, server), BY, f"tcp {port}")
    if workloads:
        yield from Beside(directory).ways(workloads)


def between(directory: Directory) -> set[tuple[str, str, int]]:
    """The ways between single workloads, by their names: those inside of one component too."""
    workloads = _workloads(directory)
    return {
        (client.resource.name, server.resource.name, port)
        for client in workloads
        for server in workloads
        if client is not server and client.provider == server.provider
        for port in server.ports
        if _lets(client, server, "egress", port) and _lets(server, client, "ingress", port)
    }


class Beside:
    """What pods reach beside their cluster: what nodes reach, where a policy has the address and port."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.groups = Groups(directory)

    def ways(self, workloads: list[Pods]) -> Iterator[Way]:
        for client in workloads:
            for rule in self._leaving(client):
                for target, networks in self._targets(rule):
                    if any(_allows(client, network, rule.ports) for network in networks):
                        yield Way(_box(self.directory, client), target, BY, str(rule.ports))

    def _leaving(self, client: Pods) -> Iterator[Any]:
        """The rules of the nodes' group: the group of the cluster whose provider made the pods."""
        groups = self._node_groups[client.provider]
        yield from (rule for rule in self.groups.leaving if rule.group in groups)

    @cached_property
    def _node_groups(self) -> dict[str, set[str]]:
        """The security groups of each cluster's nodes, by the provider that speaks to it."""
        found: dict[str, set[str]] = defaultdict(set)
        graph = self.directory.graph
        for provider in graph.all("pulumi:providers:kubernetes"):
            for child in graph.values():
                if child.type == "aws:ec2/launchTemplate:LaunchTemplate" and _under(
                    graph, child, provider.parent
                ):
                    found[provider.urn] |= set(self.directory.values(child).get("vpcSecurityGroupIds") or [])
        return found

    def _targets(self, rule: Any) -> Iterator[tuple[str, list[Any]]]:
        if rule.kind == "group":
            for server in self.groups.wearers[rule.peer]:
                if server.type != "aws:ec2/launchTemplate:LaunchTemplate" or rule.peer != rule.group:
                    yield self.directory.of(server), self.groups._networks(rule.peer)
        elif self.groups.outside(rule) == INTERNET:
            yield INTERNET, [ipaddress.ip_network("0.0.0.0/0")]


def _allows(client: Pods, network: Any, ports: Any) -> bool:
    if "egress" not in client.closed:
        return True
    for rule in client.egress:
        blocks = [one["ipBlock"]["cidr"] for one in many(rule.get("to")) if "ipBlock" in one]
        named = [int(one["port"]) for one in many(rule.get("ports")) if "port" in one]
        at = not named or any(
            ports.protocol in ("tcp", "-1") and ports.first <= port <= ports.last for port in named
        )
        anywhere = not many(rule.get("to"))
        if at and (anywhere or any(ipaddress.ip_network(block).overlaps(network) for block in blocks)):
            return True
    return False


def _workloads(directory: Directory) -> list[Pods]:
    found = [_pods(resource, values) for resource, values in directory.all(*WORKLOADS)]
    for policy, values in directory.all(POLICY):
        space, spec = _namespace(values), values["spec"]
        for pods in found:
            here = pods.namespace == space and pods.provider == _provider(policy)
            if here and _selects(spec.get("podSelector"), pods.labels):
                for kind in spec.get("policyTypes") or ["Ingress"]:
                    direction = kind.lower()
                    pods.closed.add(direction)
                    (pods.egress if direction == "egress" else pods.ingress).extend(many(spec.get(direction)))
    return found


def _pods(resource: Resource, values: dict[str, Any]) -> Pods:
    template = values["spec"]["template"]
    ports = {
        int(port["containerPort"])
        for container in template["spec"].get("containers", [])
        for port in many(container.get("ports"))
    }
    labels = template.get("metadata", {}).get("labels", {})
    return Pods(resource, _namespace(values), labels, ports, _provider(resource))


def _lets(pods: Pods, other: Pods, direction: str, port: int) -> bool:
    """Whether the policies of some pods let them speak with others, or hear them, at a port."""
    if direction not in pods.closed:
        return True
    peers = "to" if direction == "egress" else "from"
    for rule in pods.egress if direction == "egress" else pods.ingress:
        named = [one.get("port") for one in many(rule.get("ports"))]
        if named and port not in [int(one) for one in named if isinstance(one, (int, float))]:
            continue
        if not many(rule.get(peers)) or any(_means(peer, pods, other) for peer in many(rule.get(peers))):
            return True
    return False


def _means(peer: dict[str, Any], pods: Pods, other: Pods) -> bool:
    """Whether a rule's peer holds some pods. An address block holds any: nobody says which one a pod has."""
    if "ipBlock" in peer:
        return ipaddress.ip_network(peer["ipBlock"]["cidr"]).prefixlen == 0
    space = peer.get("namespaceSelector")
    spaces = {NAMESPACE_LABEL: other.namespace}
    at_home = _selects(space, spaces) if space is not None else other.namespace == pods.namespace
    return at_home and _selects(peer.get("podSelector"), other.labels)


def _selects(selector: dict[str, Any] | None, labels: dict[str, str]) -> bool:
    wanted = (selector or {}).get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _namespace(values: dict[str, Any]) -> str:
    return str(values.get("metadata", {}).get("namespace", "default"))


def _provider(resource: Resource) -> str:
    return resource.provider.rsplit("::", 1)[0]


def _box(directory: Directory, pods: Pods) -> str:
    return directory.of(pods.resource)


def _under(graph: Any, resource: Resource, component: str) -> bool:
    while resource.parent in graph:
        if resource.parent == component:
            return True
        resource = graph[resource.parent]
    return False
