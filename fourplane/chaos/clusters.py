"""What Kubernetes and what runs on it need, and what a cache of ElastiCache needs.

No pod runs in the sandbox. Pods are counted as their constraints spread them over the zones of their nodes:
with a zone gone, the most of them that can have been in it are gone too, and start anew where nodes are left.
"""

import math
from typing import Any

from fourplane.chaos.needs import BROKEN, DEGRADED, LOST, WORKS, Finding, Part, needs
from fourplane.chaos.scene import Machine
from fourplane.graph import Resource

CLUSTER = "aws:eks/cluster:Cluster"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
NODES = "aws:eks/nodeGroup:NodeGroup"


@needs("EksCluster")
def cluster(part: Part) -> Finding:
    """One zone of its subnets or more: AWS runs the control plane over three of its own."""
    subnets = part.own(CLUSTER)[0].inputs["vpcConfig"]["subnetIds"]
    left = part.now.living(subnets)
    has = f"a way to the API in {len(left)} of {len(subnets)} zones"
    return Finding(WORKS if left else BROKEN, has, "one zone or more", "" if left else "no zone is left")


@needs("EksNodes")
def nodes(part: Part) -> Finding:
    """As many nodes as the loss of a zone leaves; what EKS has launched since counts when it has booted."""
    groups = part.own(NODES)
    usable, all = _usable(part, groups), _machines(part, groups)
    zones = len({subnet for group in groups for subnet in group.inputs["subnetIds"]}) or 1
    minimum = sum(int(group.inputs["scalingConfig"]["minSize"]) for group in groups)
    wanted = max(1, math.floor(minimum * (zones - 1) / zones))
    kept = [one for one in usable if one.id in part.scene.before]
    has = f"{len(usable)} nodes in {len({one.zone for one in usable})} zones"
    needed = f"{wanted} of {minimum}, what the loss of a zone leaves"
    if not usable:
        return Finding(BROKEN, has, needed, part.cannot_boot or "no node is left")
    if len(kept) < wanted:
        why = f"{len(kept)} are left; {len(all) - len(kept)} launched anew, and pods wait for them"
        return Finding(DEGRADED, has, needed, why)
    lost = minimum - len(kept)
    return Finding(WORKS, has, needed, f"{lost} lost, enough is left" if lost > 0 else "")


@needs("KubernetesService")
def service(part: Part) -> Finding:
    """One pod that has gone on, and nodes for the rest: its zones are those of its cluster's nodes."""
    deployment = part.own(DEPLOYMENT)[0]
    scaled = [r for r in part.scene.graph.children(part.component.urn) if r.type.endswith("Autoscaler")]
    spec = deployment.inputs["spec"]
    wanted = int(scaled[0].inputs["spec"]["minReplicas"] if scaled else spec["replicas"])
    groups = _node_groups(part, deployment)
    if not groups:
        return Finding(WORKS, f"{wanted} pods", "1 pod", "its nodes are not the stack's")
    if part.scene.lost_region and all(group.region == part.scene.lost_region for group in groups):
        where = part.scene.lost_region
        return Finding(LOST, f"nothing: its nodes were in {where}", "its region", f"{where} is lost")
    before = [one for one in part.scene.before.values() if one.group in _names(groups)]
    kept = {one.id for one in _usable(part, groups)} & {one.id for one in before}
    left = _stay(wanted, len(before), len(kept))
    has, needed = f"{left} of {wanted} pods at least", "1 that goes on"
    if not kept and not _usable(part, groups):
        return Finding(BROKEN, has, needed, "no node is left to start one on")
    if left < 1:
        pods = "its only pod" if wanted == 1 else "every pod"
        return Finding(
            DEGRADED, has, needed, f"{pods} may have been on what is lost, and starts on another node"
        )
    return Finding(WORKS, has, needed, f"{wanted - left} start on other nodes" if left < wanted else "")


@needs("RedisCluster")
def cache(part: Part) -> Finding:
    """A copy of every shard in a living zone, which is its primary or becomes it."""
    group = part.own("aws:elasticache/replicationGroup:ReplicationGroup")[0]
    subnets = part.own("aws:elasticache/subnetGroup:SubnetGroup")[0].inputs["subnetIds"]
    copies = 1 + int(group.inputs.get("replicasPerNodeGroup", 0))
    zones, left = len(subnets), len(part.now.living(subnets))
    stay = copies if left == zones else _stay(copies, zones, left)
    has = f"{stay} of {copies} copies of each shard at least"
    if not left or stay < 1:
        return Finding(BROKEN, has, "1 copy", "all copies may have been in what is lost" if left else "")
    return Finding(WORKS, has, "1 copy", f"{zones - left} of {zones} zones lost" if left < zones else "")


def _stay(copies: int, places: int, left: int) -> int:
    """How many of some copies, spread as evenly as can be, stay at worst with some of their places."""
    lost = places - left
    return max(0, copies - lost * math.ceil(copies / places)) if places else 0


def _node_groups(part: Part, deployment: Resource) -> list[Resource]:
    """The node groups of the cluster whose provider made a Deployment."""
    graph = part.scene.graph
    provider = graph.resources.get(deployment.provider.rsplit("::", 1)[0])
    if provider is None or provider.parent not in graph:
        return []
    around = [one.urn for one in part.scene.below(graph[provider.parent])]
    return [group for group in graph.all(NODES) if group.parent in around]


def _names(groups: list[Resource]) -> set[str]:
    found: list[Any] = [group.outputs["resources"][0]["autoscalingGroups"] for group in groups]
    return {one["name"] for made in found for one in made}


def _machines(part: Part, groups: list[Resource]) -> list[Machine]:
    return part.now.of_groups(_names(groups))


def _usable(part: Part, groups: list[Resource]) -> list[Machine]:
    """Nodes in zones that live; new ones only where they can boot."""
    alive = [one for one in _machines(part, groups) if one.zone not in part.now.dead_zones]
    return [one for one in alive if one.id in part.scene.before or not part.cannot_boot]
