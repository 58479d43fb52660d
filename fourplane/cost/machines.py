"""Machines and their disks: groups of them, nodes of clusters, volumes, addresses."""

from decimal import Decimal
from typing import Any

from fourplane.cost.meters import HOURS, Meter, Number, entries, first, meter, share
from fourplane.graph import Resource

METRICS = 7
"""Of a machine that is watched in detail, each billed as a metric of one's own:
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/manage-detailed-monitoring.html"""
INCLUDED_IOPS, INCLUDED_THROUGHPUT = 3000, 125
"""Of a gp3 volume: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html"""
CLUSTER = "aws:eks/cluster:Cluster"
SCALER = ":HorizontalPodAutoscaler"


@meter("aws:autoscaling/group:Group")
def group(m: Meter) -> None:
    least = m.number("desiredCapacity", m.number("minSize"))
    _fleet(m, least, max(least, m.number("maxSize")), m.ground.templates.get(m.resource.urn, {}))


@meter("aws:eks/nodeGroup:NodeGroup")
def nodes(m: Meter) -> None:
    sizes = first(m.values.get("scalingConfig"))
    least = int(sizes.get("desiredSize") or sizes.get("minSize") or 0)
    _fleet(m, least, max(least, int(sizes.get("maxSize") or 0)), m.ground.templates.get(m.resource.urn, {}))


def _fleet(m: Meter, least: int, most: int, template: dict[str, Any]) -> None:
    """Machines as many as stand on average: the least, and a share of those that may come."""
    load = m.assume("fleet_load_percent")
    count = share(load.value, least, most)
    if not count:
        m.free = "it has no machine"
        return
    assumed = (load,) if most > least else ()
    m.hours(f"ec2.{template.get('instanceType') or 'a type that only a deployment knows'}", count, *assumed)
    for one in entries(template.get("blockDeviceMappings")):
        disk(m, first(one.get("ebs")), count)
    if first(template.get("monitoring")).get("enabled") in (True, "true"):
        m.charge("cloudwatch.metric", METRICS * count, *assumed)


def disk(m: Meter, values: dict[str, Any], count: Number = 1) -> None:
    """A volume, as a launch template or a volume itself describes it."""
    kind = str(values.get("volumeType") or values.get("type") or "gp2")
    gib = int(values.get("volumeSize") or values.get("size") or 0)
    iops, throughput = int(values.get("iops") or 0), int(values.get("throughput") or 0)
    m.charge(f"ebs.{kind}", gib * count)
    if kind == "gp3":
        m.charge("ebs.gp3_iops", max(0, iops - INCLUDED_IOPS) * count)
        m.charge("ebs.gp3_throughput", max(0, throughput - INCLUDED_THROUGHPUT) * count)
    elif kind in ("io1", "io2"):
        m.charge(f"ebs.{kind}_iops", iops * count)


@meter("aws:ec2/instance:Instance")
def instance(m: Meter) -> None:
    m.hours(f"ec2.{m.text('instanceType')}")
    disk(m, first(m.values.get("rootBlockDevice")) or {"volumeSize": 8})
    for one in entries(m.values.get("ebsBlockDevices")):
        disk(m, one)
    if m.values.get("monitoring") is True:
        m.charge("cloudwatch.metric", METRICS)
    if m.values.get("associatePublicIpAddress") is True:
        m.hours("ipv4.hour")


@meter("aws:ebs/volume:Volume")
def volume(m: Meter) -> None:
    disk(m, m.values)


@meter("aws:ec2/eip:Eip")
def address(m: Meter) -> None:
    m.hours("ipv4.hour")


@meter("aws:eks/cluster:Cluster")
def cluster(m: Meter) -> None:
    m.hours("eks.hour")
    if first(m.values.get("upgradePolicy")).get("supportType") == "EXTENDED":
        m.used("eks.extended_hour", "extended_support_months", HOURS)


@meter("aws:eks/fargateProfile:FargateProfile")
def fargate(m: Meter) -> None:
    m.used("fargate.vcpu_hour", "fargate_vcpu_hours")
    m.used("fargate.gb_hour", "fargate_vcpu_hours", 2)


@meter("kubernetes:apps/v1:StatefulSet")
def pods(m: Meter) -> None:
    """Disks that pods ask their cluster for are volumes like others."""
    spec = first(m.values.get("spec"))
    asked = [
        first(one.get("spec")).get("resources") or {} for one in entries(spec.get("volumeClaimTemplates"))
    ]
    gib = sum(int(str(first(one.get("requests")).get("storage", "0")).removesuffix("Gi")) for one in asked)
    m.region = _home(m, m.resource)
    if gib:
        m.charge("ebs.gp3", gib * _least(m, spec))
    m.free = "" if gib else "it runs on the cluster's nodes, which are billed"


@meter("kubernetes:core/v1:Service")
def service(m: Meter) -> None:
    m.region = _home(m, m.resource)
    if first(m.values.get("spec")).get("type") == "LoadBalancer":
        m.hours("network_balancer.hour")
        m.used("network_balancer.unit", "balancer_units", HOURS)
    m.free = "" if m.lines else "it is a rule of the cluster's own network"


def _least(m: Meter, spec: dict[str, Any]) -> Decimal:
    """How many pods there are at least: what an autoscaler says, where there is one."""
    beside = [one for one in m.ground.graph.children(m.resource.parent) if one.type.endswith(SCALER)]
    scalers = [first(m.ground.values(one).get("spec")) for one in beside]
    name = first(m.values.get("metadata")).get("name")
    found = [
        one.get("minReplicas") for one in scalers if first(one.get("scaleTargetRef")).get("name") == name
    ]
    return Decimal(found[0] if found and found[0] else spec.get("replicas") or 1)


def _home(m: Meter, resource: Resource) -> str:
    """The region of the cluster whose provider made something."""
    graph = m.ground.graph
    provider = graph.resources.get(resource.provider.rsplit("::", 1)[0])
    around = provider.parent if provider else ""
    return next((one.region for one in graph.all(CLUSTER) if one.parent == around), m.ground.book.home)
