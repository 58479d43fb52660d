"""Ways between pods, and from pods to what stands beside their cluster, that network policies leave open.

A pod that no policy selects may speak to all and hear all; one that is selected, only as its policies add up.
What leaves the cluster leaves by the nodes' security group, which must let it out too: a way of a cluster's
nodes is a way of a pod whose policies let it take that way.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from fourplane.reach.directory import INTERNET, Directory, Way, many
from fourplane.reach.groups import Groups
from fourplane.reach.workloads import Pods, lets, under, workloads_of

BY = "network policies"


def pod_ways(directory: Directory) -> Iterator[Way]:
    """A way for every pair of workloads of one cluster, and out of the cluster."""
    workloads = workloads_of(directory)
    for client in workloads:
        for server in workloads:
            if client is not server and client.provider == server.provider:
                for port in sorted(server.ports):
                    if lets(client, server, "egress", port) and lets(server, client, "ingress", port):
                        yield Way(_box(directory, client), _box(directory, server), BY, f"tcp {port}")
    if workloads:
        yield from Beside(directory).ways(workloads)


def among_ways(directory: Directory) -> Iterator[Way]:
    """A way from a workload to itself, where policies are there and let its pods speak with each other."""
    for pods in workloads_of(directory):
        if pods.closed == {"egress", "ingress"}:
            box = _box(directory, pods)
            for port in sorted(pods.ports):
                if lets(pods, pods, "egress", port) and lets(pods, pods, "ingress", port):
                    yield Way(box, box, BY, f"tcp {port}")


def between(directory: Directory) -> set[tuple[str, str, int]]:
    """The ways between single workloads, by their names: those inside of one component too."""
    workloads = workloads_of(directory)
    return {
        (client.resource.name, server.resource.name, port)
        for client in workloads
        for server in workloads
        if client is not server and client.provider == server.provider
        for port in server.ports
        if lets(client, server, "egress", port) and lets(server, client, "ingress", port)
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
                if child.type == "aws:ec2/launchTemplate:LaunchTemplate" and under(
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


def _box(directory: Directory, pods: Pods) -> str:
    return directory.of(pods.resource)
