"""What is behind a port of a cluster's nodes: the pods that a Service leads to, where policies let it."""

import ipaddress
from collections.abc import Iterator

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, many
from fourplane.reach.workloads import (
    Networks,
    Pods,
    lets,
    namespace_of,
    provider_of,
    selects,
    under,
    workloads_of,
)

NODES = "aws:eks/nodeGroup:NodeGroup"
SERVICE = "kubernetes:core/v1:Service"
SUBNET = "aws:ec2/subnet:Subnet"
ANYWHERE: Networks = [ipaddress.ip_network("0.0.0.0/0")]


class NodePorts:
    """The ports that Services open on the nodes of a stack's clusters."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def behind(self, client: Resource, nodes: Resource, port: int) -> Iterator[Pods]:
        """The pods that hear a client, by the subnets that it is in, on a port of a group of nodes."""
        networks = self._networks(client)
        workloads: list[Pods] | None = None
        for service, values in self._directory.all(SERVICE):
            if not self._of(service, nodes):
                continue
            for one in many(values["spec"].get("ports")):
                if one.get("nodePort") != port:
                    continue
                workloads = workloads or workloads_of(self._directory)
                listens = int(one.get("targetPort") or one["port"])
                yield from (
                    pods
                    for pods in workloads
                    if _leads(service, values, pods)
                    and listens in pods.ports
                    and lets(pods, networks, "ingress", listens)
                )

    def _of(self, service: Resource, nodes: Resource) -> bool:
        """Whether a Service is one of the cluster that some nodes belong to."""
        graph = self._directory.graph
        provider = graph.resources.get(provider_of(service))
        return provider is not None and under(graph, nodes, provider.parent)

    def _networks(self, client: Resource) -> Networks:
        subnets = {str(one) for one in many(self._directory.values(client).get("subnets"))}
        known = [values for subnet, values in self._directory.all(SUBNET) if subnet.id in subnets]
        return [ipaddress.ip_network(one["cidrBlock"]) for one in known if "cidrBlock" in one] or ANYWHERE


def _leads(service: Resource, values: dict[str, object], pods: Pods) -> bool:
    spec = values["spec"]
    selector = {"matchLabels": spec.get("selector")} if isinstance(spec, dict) else None
    at_home = namespace_of(values) == pods.namespace and provider_of(service) == pods.provider
    return at_home and selects(selector, pods.labels)
