"""Whether a copy of a database in another region takes writes when the region of its writer is lost."""

import json
from collections.abc import Iterator
from typing import Any

from fourplane import wire
from fourplane.chaos.needs import DEGRADED, WORKS, Finding, Part
from fourplane.chaos.scene import Scene
from fourplane.graph import Resource
from fourplane.planes import title
from fourplane.reach.directory import many
from fourplane.reach.policies import allowed, covers, names

CLUSTER = "aws:rds/cluster:Cluster"
GLOBAL = "globalClusterIdentifier"
ALARMS = ("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/compositeAlarm:CompositeAlarm")
PARAMETER = "aws:ssm/parameter:Parameter"
POLICY = "aws:iam/rolePolicy:RolePolicy"
RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
PROMOTES, REDIRECTS = "rds:FailoverGlobalCluster", "ssm:PutParameter"


def writing(part: Part, otherwise: Finding) -> Finding:
    """What a lost region means for a cluster of a global database that is in another.

    It goes on to answer reads. AWS promotes no copy by itself, for what was not yet copied would be gone: an
    operator does, or what the stack has for it. Only what starts without an operator counts as working, as a
    failover between zones does, and only if the copy's clients are told; until then its arrow is impaired.
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database-disaster-recovery.html
    """
    scene = part.scene
    for cluster in part.own(CLUSTER):
        whole = str(wire.plain(cluster.inputs).get(GLOBAL) or "")
        writers = _writers(scene, cluster, whole)
        if not any(one.region == scene.lost_region for one in writers):
            continue
        found = next(_promoters(scene, cluster, [whole, *map(_arn, writers)]), None)
        if found is None:
            command = f"aws rds failover-global-cluster --region {cluster.region} --allow-data-loss"
            which = f"--global-cluster-identifier {whole} --target-db-cluster-identifier {_arn(cluster)}"
            why = f"read only until failed over: {command} {which}"
            return Finding(DEGRADED, otherwise.has, otherwise.needs, why)
        promoter, may = found
        by = title(scene.graph, promoter)
        if stale := sorted(_stale(part, cluster, may)):
            why = f"{by} promotes it, and nobody tells {', '.join(stale)} where it is written then"
            return Finding(DEGRADED, otherwise.has, otherwise.needs, why)
        why = f"read only until {by} has failed over, in some minutes"
        return Finding(WORKS, otherwise.has, otherwise.needs, why)
    return otherwise


def _writers(scene: Scene, cluster: Resource, whole: str) -> list[Resource]:
    """The writers of the global database that a cluster has a copy of; none for a writer itself."""
    members = [r for r in scene.graph.all(CLUSTER) if whole and wire.plain(r.inputs).get(GLOBAL) == whole]
    writers = [r for r in members if r.inputs.get("masterUsername")]
    return [] if cluster in writers else writers


def _promoters(
    scene: Scene, cluster: Resource, others: list[str]
) -> Iterator[tuple[Resource, list[dict[str, Any]]]]:
    """The components that may fail over to a cluster and are started by an alarm about it, each with what it
    may do; none of it in the lost region.

    `others`: the global database, and the clusters that write.
    """
    whole, *writers = others
    partition, account = (_arn(cluster).split(":")[at] for at in (1, 4))
    wanted = [f"arn:{partition}:rds::{account}:global-cluster:{whole}", _arn(cluster), *writers]
    for policy in scene.graph.all(POLICY):
        may = allowed(wire.plain(policy.inputs)["policy"])
        if policy.parent not in scene.graph or not all(_may(may, PROMOTES, arn) for arn in wanted):
            continue
        if any(_watches(scene, arn, cluster) for arn in _started_by(scene, policy.parent)):
            yield scene.graph[policy.parent], may


def _started_by(scene: Scene, component: str) -> Iterator[str]:
    """What the events name that start something in a component, outside of the lost region."""
    beside = [r for r in scene.graph.children(component) if r.region != scene.lost_region]
    targets = [wire.plain(r.inputs).get("rule") for r in beside if r.type == TARGET]
    for rule in beside:
        settings = wire.plain(rule.inputs)
        if rule.type == RULE and rule.id in targets and settings.get("state") != "DISABLED":
            yield from many(json.loads(settings.get("eventPattern") or "{}").get("resources"))


def _watches(scene: Scene, arn: str, cluster: Resource) -> bool:
    """Whether an alarm, or one of those that it is made of, is about a cluster, and none is in the lost
    region."""
    alarms = [one for type in ALARMS for one in scene.graph.all(type)]
    top = next((one for one in alarms if _arn(one) == arn), None)
    if top is None:
        return False
    rule = str(top.inputs.get("alarmRule", ""))
    parts = [top, *(one for one in alarms if f'"{_arn(one)}"' in rule)]
    about = any(cluster.id in (wire.plain(one.inputs).get("dimensions") or {}).values() for one in parts)
    return about and all(one.region != scene.lost_region for one in parts)


def _stale(part: Part, cluster: Resource, may: list[dict[str, Any]]) -> Iterator[str]:
    """The clients that go on to dial another address than the one where a cluster is then written."""
    address, graph = part.component.outputs.get("address"), part.scene.graph
    if not address or str(address).partition(":")[0] == cluster.outputs.get("endpoint"):
        return
    for setting in graph.all(PARAMETER):
        given = wire.plain(setting.inputs)
        if setting.region != cluster.region or address not in (
            given.get("insecureValue"),
            given.get("value"),
        ):
            continue
        if not _may(may, REDIRECTS, _arn(setting)):
            yield title(graph, graph[setting.parent]) if setting.parent in graph else setting.name


def _may(statements: list[dict[str, Any]], action: str, arn: str) -> bool:
    return any(covers(one, action) and names(one, arn) for one in statements)


def _arn(resource: Resource) -> str:
    return str(resource.outputs.get("arn", resource.id))
