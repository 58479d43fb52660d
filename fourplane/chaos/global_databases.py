"""Whether a copy of a database in another region takes writes when the region of its writer is lost."""

from fourplane import wire
from fourplane.chaos.needs import DEGRADED, WORKS, Finding, Part
from fourplane.chaos.scene import Scene
from fourplane.graph import Resource
from fourplane.planes import title
from fourplane.reach.directory import many
from fourplane.reach.policies import allowed

CLUSTER = "aws:rds/cluster:Cluster"
GLOBAL = "globalClusterIdentifier"
POLICY = "aws:iam/rolePolicy:RolePolicy"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
PROMOTES = "rds:FailoverGlobalCluster"


def writing(part: Part, otherwise: Finding) -> Finding:
    """What a lost region means for a cluster of a global database that is in another.

    It goes on to answer reads. AWS promotes no copy by itself, for what was not yet copied would be gone: an
    operator does, or what the stack has for it. Only what starts without an operator counts as working, as a
    failover between zones does; until then its arrow is impaired.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
    """
    scene = part.scene
    for cluster in part.own(CLUSTER):
        whole = wire.plain(cluster.inputs).get(GLOBAL)
        if not whole or not _orphaned(scene, cluster, str(whole)):
            continue
        if promoter := _promoter(scene):
            why = f"read only until {title(scene.graph, promoter)} has failed over, in some minutes"
            return Finding(WORKS, otherwise.has, otherwise.needs, why)
        arn = cluster.outputs.get("arn", cluster.id)
        command = f"aws rds failover-global-cluster --region {cluster.region} --allow-data-loss"
        which = f"--global-cluster-identifier {whole} --target-db-cluster-identifier {arn}"
        why = f"read only until failed over: {command} {which}"
        return Finding(DEGRADED, otherwise.has, otherwise.needs, why)
    return otherwise


def _orphaned(scene: Scene, cluster: Resource, whole: str) -> bool:
    """Whether a cluster is a copy, the writer of which is in the lost region."""
    members = [r for r in scene.graph.all(CLUSTER) if wire.plain(r.inputs).get(GLOBAL) == whole]
    writers = [r for r in members if r.inputs.get("masterUsername")]
    return cluster not in writers and any(one.region == scene.lost_region for one in writers)


def _promoter(scene: Scene) -> Resource | None:
    """The component that may fail over and is started by an event, outside of the lost region."""
    for policy in scene.graph.all(POLICY):
        may = any(PROMOTES in many(one.get("Action")) for one in allowed(wire.plain(policy.inputs)["policy"]))
        beside = scene.graph.children(policy.parent)
        started = any(r.type == TARGET and r.region != scene.lost_region for r in beside)
        off = any(r.type == RULE and r.inputs.get("state") == "DISABLED" for r in beside)
        if may and started and not off and policy.parent in scene.graph:
            return scene.graph[policy.parent]
    return None
