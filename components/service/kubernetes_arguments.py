"""What a service on Kubernetes may be asked for, and what of it cannot be."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired

import pulumi

from components.component import Component
from components.edge.load_balancer import Front
from components.service.envoy import MESH_PORT, OWN_PORTS, Mesh
from components.service.kubernetes_namespace import LABEL
from components.service.kubernetes_pods import NamespacedPods
from components.service.pod_template import Pod, key_of

PORT_NAME = re.compile(r"[a-z](?:[a-z0-9-]{0,13}[a-z0-9])?")
NODE_PORTS = range(30000, 32767)
"""Kubernetes' own, https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport, less the
last one: a front takes two that follow each other."""


class KubernetesServiceArgs(NamespacedPods, Pod):
    calls: NotRequired[Sequence[str]]
    """Names of the servers whose addresses its pods take as <SERVER>_ADDRESS, and as <SERVER>_PASSWORD what
    they log in with: a pod waits until each has been connected. Default: none."""
    replicas: NotRequired[int]
    """Pods kept when there is no load. Default 2, on different nodes and in different zones."""
    maximum: NotRequired[int]
    """Pods under the highest load. Default: the replicas, and nothing scales."""
    cpu_percent: NotRequired[int]
    """Average CPU, of what a pod asks for, that the pods are kept at where they scale. Default 60."""
    alone: NotRequired[bool]
    """Whether two pods must never run at once, for what would do its work twice: then a change, and the loss
    of its node, stops it for the time that a pod takes to start. Default False."""
    stable: NotRequired[bool]
    """Whether each pod keeps its name, <name>-0 and up, and is found by it under <name>-pods. Default: where
    it has a disk."""
    quorum: NotRequired[bool]
    """Whether the pods work only while most of them do, for what votes: then there are 3, 5 or 7. Default
    False."""
    peers: NotRequired[Mapping[str, int]]
    """Ports on which its pods speak with each other, TCP and UDP, by role. They find each other under the
    name in PEERS, which has the addresses of all. Default: none."""
    also: NotRequired[Mapping[str, int]]
    """More ports that it listens on, TCP, by name: an arrow to it opens them too. Default: none."""
    scraped: NotRequired[bool]
    """Whether something reads each pod's metrics, and so must find all: as the SRV records
    _main._tcp.<name>-pods.<namespace>.svc.cluster.local. Default False."""
    secrets: NotRequired[Mapping[str, pulumi.Input[str]]]
    """More environment variables, kept in a secret of the cluster's: pods take them when they start. Default:
    none."""
    aws_identity: NotRequired[bool]
    """Whether its pods have a role of their own at AWS, which arrows give statements, and may call AWS's
    APIs. Default False."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More IAM statements of the pods' role. Default: none."""
    kubernetes_rules: NotRequired[Sequence[Mapping[str, Any]]]
    """Rules of what its pods may do in the Kubernetes API of their cluster, in all namespaces. Needs
    `aws_identity`, whose way leads there too. Default: nothing, and they have no token."""
    front: NotRequired[Front]
    """A load balancer before it, for whoever is not in the cluster; `cidr_blocks` of its subnets are needed,
    and pods hear nobody else through their nodes. Default: none, and only pods reach it."""
    node_port: NotRequired[int]
    """Port of every node that the load balancer speaks to; the next one says whether the node has a pod that
    is well. Different for each front of a cluster. Default 30080."""
    mesh: NotRequired[Mesh]
    """A proxy in every pod, which takes its calls in and sends them out. Default: none."""


def headless(args: Mapping[str, Any]) -> bool:
    """Whether its pods are found one by one."""
    return stable(args) or bool(args.get("peers")) or args.get("scraped", False)


def stable(args: Mapping[str, Any]) -> bool:
    """Whether its pods keep their names."""
    return args.get("stable", "storage_gib" in args)


def listening(args: Mapping[str, Any]) -> int:
    """The port that its callers dial."""
    return MESH_PORT if "mesh" in args else args["port"]


def check(service: Component, args: KubernetesServiceArgs, replicas: int, maximum: int) -> None:
    """Refuse what cannot run, or would break what the service promises."""
    if not LABEL.fullmatch(service.name):
        service.reject("name", service.name, "lower-case letters, digits and hyphens, of at most 63")
    if replicas < 1:
        service.reject("replicas", replicas, "at least 1")
    if maximum < replicas:
        service.reject("maximum", maximum, f"at least the replicas, {replicas}")
    if args.get("user", 1) < 1:
        service.reject("user", args.get("user"), "1 or above, since a restricted container is never root")
    if args.get("alone", False) and maximum > 1:
        service.reject("replicas", replicas, "1, and no maximum, for what must be alone")
    if args.get("quorum", False) and (replicas not in (3, 5, 7) or maximum > replicas):
        service.reject("replicas", replicas, "3, 5 or 7, and no maximum, where most of them must agree")
    if "statements" in args and not args.get("aws_identity", False):
        service.reject("aws_identity", False, "True where there are statements, so that a role can have them")
    if "kubernetes_rules" in args and not args.get("aws_identity", False):
        service.reject(
            "aws_identity", False, "True where there are kubernetes_rules, so that the API is reached"
        )
    _check_ports(service, args)
    _check_disk(service, args)
    _check_front(service, args)


def _check_ports(service: Component, args: KubernetesServiceArgs) -> None:
    taken = {port: "its mesh" for port in OWN_PORTS} if "mesh" in args else {}
    names = {"main"}
    for argument, name, port in _ports(args):
        if not 1024 <= port <= 65535:
            service.reject(argument, port, "1024 to 65535, since a restricted container cannot take a lower")
        if port in taken:
            service.reject(argument, port, f"another port than that of {taken[port]}")
        taken[port] = name or argument
        if name and (name in names or not PORT_NAME.fullmatch(name)):
            wanted = "named by lower-case letters, digits and hyphens, of at most 15, each name once"
            service.reject(argument, name, wanted)
        names.add(name)


def _ports(args: KubernetesServiceArgs) -> Iterator[tuple[str, str, int]]:
    yield "port", "", args["port"]
    yield from (("peers", name, port) for name, port in args.get("peers", {}).items())
    yield from (("also", name, port) for name, port in args.get("also", {}).items())


def _check_disk(service: Component, args: KubernetesServiceArgs) -> None:
    if ("storage_gib" in args) != ("storage_at" in args):
        service.reject("storage_at", args.get("storage_at"), "given with storage_gib, and only then")
    if args.get("storage_gib", 1) < 1:
        service.reject("storage_gib", args.get("storage_gib"), "at least 1")
    if "storage_gib" in args and not stable(args):
        service.reject("stable", False, "True where each pod has a disk, so that it finds it again")
    if "storage_gib" in args and not args.get("disks", True):
        service.reject("storage_gib", args["storage_gib"], "absent where EksCluster has no `disks`")
    keys = [key_of(file) for file in args.get("files", {})]
    if twice := {key for key in keys if keys.count(key) > 1}:
        service.reject("files", min(twice), "named so that they differ in more than '/' and '__'")


def _check_front(service: Component, args: KubernetesServiceArgs) -> None:
    if "front" not in args:
        return
    if not args["front"].get("cidr_blocks"):
        service.reject("front", "no cidr_blocks", "given with the cidr_blocks of its subnets")
    if "node_group_name" not in args:
        service.reject(
            "node_group_name", None, "given where there is a front, whose targets are its machines"
        )
    if (port := args.get("node_port", 30080)) not in NODE_PORTS:
        service.reject("node_port", port, f"{NODE_PORTS[0]} to {NODE_PORTS[-1]}")
