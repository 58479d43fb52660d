"""What Kubernetes and what runs on it need, and what a cache of ElastiCache needs.

No pod runs in the sandbox. Pods are counted as their constraints spread them over the zones of their nodes:
with a zone gone, the most of them that can have been in it are gone too, and start anew where nodes are left.
"""

import math

from fourplane.chaos.needs import BROKEN, DEGRADED, LOST, WORKS, Finding, Part, needs
from fourplane.chaos.scene import NODES, Machine, Scene
from fourplane.graph import Resource

CLUSTER = "aws:eks/cluster:Cluster"
WORKLOADS = ("kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")


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
    """One pod that has gone on, or of those that vote most of them, and nodes for the rest: its zones are
    those of its cluster's nodes. A pod with a disk starts where its disk is, or waits for that zone."""
    workload = next(pods for kind in WORKLOADS for pods in part.own(kind))
    groups = node_groups(part.scene, workload)
    wanted = _replicas(part, workload)
    quorum = bool(part.component.inputs.get("quorum"))
    enough = wanted // 2 + 1 if quorum else 1
    if not groups:
        return Finding(WORKS, _count(wanted, "pod"), _count(enough, "pod"), "its nodes are not the stack's")
    if part.scene.lost_region and all(group.region == part.scene.lost_region for group in groups):
        where = part.scene.lost_region
        return Finding(LOST, f"nothing: its nodes were in {where}", "its region", f"{where} is lost")
    usable = _usable(part, groups)
    before = [one for one in part.scene.before.values() if one.group in _names(part, groups)]
    kept = {one.id for one in usable}
    left = _go_on(wanted, before, [one for one in before if one.id not in kept])
    bound = _bound(part, workload, wanted, before)
    has, needed = f"{left} of {wanted} pods at least", f"{enough} that {'go' if enough > 1 else 'goes'} on"
    if not usable:
        return Finding(BROKEN, has, needed, "no node is left to start one on")
    if wanted - bound < enough:
        pods = "its only pod's disk" if wanted == 1 else f"disks of {bound} of {wanted} pods"
        return Finding(BROKEN, has, needed, f"{pods} may be in the zone that is lost, and wait for it")
    if left < enough:
        pods = "its only pod" if wanted == 1 else "most pods" if quorum else "every pod"
        return Finding(
            DEGRADED, has, needed, f"{pods} may have been on what is lost, and starts on another node"
        )
    starting = wanted - left - bound
    waiting = f"{bound} wait for their disks' zone" if bound else ""
    moved = f"{starting} start on other nodes" if starting else ""
    return Finding(WORKS, has, needed, "; ".join(filter(None, (moved, waiting))))


def _replicas(part: Part, workload: Resource) -> int:
    """How many pods there are when there is no load."""
    around = part.scene.graph.children(part.component.urn)
    scaled = [one for one in around if one.type.endswith("Autoscaler")]
    return int(scaled[0].inputs["spec"]["minReplicas"] if scaled else workload.inputs["spec"]["replicas"])


def _go_on(pods: int, before: list[Machine], lost: list[Machine]) -> int:
    """How many of some pods, spread evenly over zones and over nodes, go on at worst without some nodes."""
    zones, touched = {one.zone for one in before}, {one.zone for one in lost}
    by_zone = _stay(pods, len(zones), len(zones) - len(touched))
    return max(by_zone, _stay(pods, len(before), len(before) - len(lost)))


def _bound(part: Part, workload: Resource, pods: int, before: list[Machine]) -> int:
    """How many pods at worst have their disks in a zone that is lost: no more in one zone than in another, as
    their constraint has it."""
    if not workload.inputs["spec"].get("volumeClaimTemplates"):
        return 0
    zones = {one.zone for one in before}
    dead = zones & set(part.now.dead_zones)
    return pods - _stay(pods, len(zones), len(zones) - len(dead))


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


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def node_groups(scene: Scene, workload: Resource) -> list[Resource]:
    """The node groups of the cluster whose provider made a workload."""
    graph = scene.graph
    provider = graph.resources.get(workload.provider.rsplit("::", 1)[0])
    if provider is None or provider.parent not in graph:
        return []
    around = [one.urn for one in scene.below(graph[provider.parent])]
    return [group for group in graph.all(NODES) if group.parent in around]


def _machines(part: Part, groups: list[Resource]) -> list[Machine]:
    return part.now.of_groups(_names(part, groups))


def _names(part: Part, groups: list[Resource]) -> set[str]:
    """What EKS called the Auto Scaling groups of some node groups."""
    return {name for name, nodes in part.scene.node_groups.items() if nodes in groups}


def _usable(part: Part, groups: list[Resource]) -> list[Machine]:
    """Nodes in zones that live; new ones only where they can boot."""
    alive = [one for one in _machines(part, groups) if one.zone not in part.now.dead_zones]
    return [one for one in alive if one.id in part.scene.before or not part.cannot_boot]
