"""What each type of component needs, and what it has left: one function a type.

A function is given a `Part` and says what there is. To add one, write it here and name its type in @needs: a
component of a type without one is "unknown" as soon as it has anything that stands in a zone.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from fourplane.chaos import ring
from fourplane.chaos.scene import GROUP, Look, Machine, Scene
from fourplane.graph import Resource

WORKS, DEGRADED, UNKNOWN, BROKEN, LOST = "works", "degraded", "unknown", "broken", "lost"
"""LOST: it is gone with its region."""
WORST_FIRST = (LOST, BROKEN, UNKNOWN, DEGRADED, WORKS)
ELSEWHERE = "no part in a zone"


@dataclass(frozen=True)
class Finding:
    """What a component has left against what it needs."""

    state: str
    has: str
    needs: str
    why: str


@dataclass(frozen=True)
class Part:
    """A component after a fault."""

    component: Resource
    scene: Scene
    now: Look
    cannot_boot: str
    """Why a new machine of its own cannot start; "" where it can."""

    def own(self, type: str) -> list[Resource]:
        return self.scene.own(self.component, type)

    def client(self, service: str) -> Any:
        within = self.scene.graph.children(self.component.urn)
        return self.scene.client(service, next(r.region for r in within if r.custom and r.region))


Need = Callable[[Part], Finding]
NEEDS: dict[str, Need] = {}


def needs(*types: str) -> Callable[[Need], Need]:
    """Register a function as what components of some types need."""

    def register(need: Need) -> Need:
        NEEDS.update(dict.fromkeys(types, need))
        return need

    return register


@needs("AutoScalingService")
def fleet(part: Part) -> Finding:
    """Machines that answer: minimum x (zones - 1) / zones, what the loss of a zone would leave.

    With the default of 50 % CPU the machines of two zones carry what those of three did. What was launched
    after the fault counts if it can boot; until then only what is left of before answers.
    """
    groups = {group.id: group for group in part.own(GROUP)}
    healthy = _healthy(part, [part.now.groups[name] for name in groups])
    kept = [one for one in healthy if one.id in part.scene.before]
    fresh = [one for one in healthy if one.id not in part.scene.before]
    usable = kept if part.cannot_boot else healthy
    minimum = sum(int(group.inputs["minSize"]) for group in groups.values())
    zones = len({part.scene.subnet_zones.get(s, s) for g in groups.values() for s in _subnets(g)}) or 1
    wanted = max(1, math.ceil(minimum * (zones - 1) / zones))
    has = f"{len(usable)} healthy in {_count(len({one.zone for one in usable}), 'zone')}"
    needs = f"{wanted} of {minimum}, the load of a lost zone carried" if minimum > 1 else f"{wanted} healthy"
    launched = f"{len(fresh)} launched anew" if fresh else ""
    if fresh and part.cannot_boot:
        launched = f"{launched}, which cannot boot: {part.cannot_boot}"
    if not usable:
        return Finding(BROKEN, has, needs, launched or "no machine is left, and none can be launched")
    if not kept:
        why = f"nothing answered until its replacement had booted: {launched}"
        return Finding(DEGRADED, has, needs, why)
    if len(usable) < wanted:
        return Finding(DEGRADED, has, needs, launched or f"{len(kept)} of {minimum} are left")
    lost = minimum - len(kept)
    return Finding(WORKS, has, needs, launched or ("" if lost <= 0 else f"{lost} lost, enough is left"))


def _healthy(part: Part, groups: list[dict[str, Any]]) -> list[Machine]:
    """Running machines; with a load balancer, those that it finds healthy."""
    found = {one.id: one for one in part.now.of_groups({group["AutoScalingGroupName"] for group in groups})}
    for arn in (arn for group in groups for arn in group.get("TargetGroupARNs", [])):
        answer = part.client("elbv2").describe_target_health(TargetGroupArn=arn)
        well = {
            target["Target"]["Id"]
            for target in answer["TargetHealthDescriptions"]
            if target["TargetHealth"]["State"] == "healthy"
        }
        found = {id: one for id, one in found.items() if id in well}
    return list(found.values())


def _subnets(group: Resource) -> list[str]:
    return group.inputs.get("vpcZoneIdentifiers") or []


@needs("CassandraRing")
def cassandra(part: Part) -> Finding:
    """A quorum of the replicas of every token range. A node that was replaced has its address and disk again,
    and joins when it has booted: what is asked is whether the ring answered in between, too."""
    nodes, copies = _ring(part)
    groups = {group.id: group.name for group in part.own(GROUP)}
    machines = part.now.of_groups(set(groups))
    stayed = {groups[one.group] for one in machines if one.id in part.scene.before}
    back = set() if part.cannot_boot else {groups[one.group] for one in machines} - stayed
    wanted = ring.quorum(copies)
    needs = f"{wanted} of {copies} replicas of each of {_count(len(nodes), 'range')}"
    meanwhile, after = ring.short(nodes, copies, stayed), ring.short(nodes, copies, stayed | back)
    left = f"{len(stayed | back)} of {_count(len(nodes), 'node')}, a quorum of"
    has = f"{left} {len(nodes) - len(after)} of {_count(len(nodes), 'range')}"
    if after:
        down = ", ".join(sorted({node.name for node in nodes} - stayed - back))
        why = f"down: {down}" + (f"; {part.cannot_boot}" if part.cannot_boot else "")
        return Finding(BROKEN, has, needs, why)
    if meanwhile:
        why = f"{len(meanwhile)} ranges had no quorum until {', '.join(sorted(back))} had booted"
        return Finding(DEGRADED, has, needs, why)
    if missing := sorted({node.name for node in nodes} - stayed - back):
        thin = sum(len(held) - sum(n.name not in missing for n in held) == copies - wanted
                   for held in ring.replicas(nodes, copies).values())  # fmt: skip
        why = f"down: {', '.join(missing)}; {_count(thin, 'range')} cannot lose another replica"
        return Finding(WORKS, has, needs, why)
    again = f"{', '.join(sorted(back))} came back with the same address and disk" if back else ""
    return Finding(WORKS, has, needs, again)


def _ring(part: Part) -> tuple[list[ring.Node], int]:
    """The ring as its nodes' own files have it: token, rack, and copies of a row."""
    nodes: list[ring.Node] = []
    copies = 1
    for template in part.own("aws:ec2/launchTemplate:LaunchTemplate"):
        files = part.scene.boot_files(template)
        settings = next(
            yaml.safe_load(text) for path, text in files.items() if path.endswith("cassandra.yaml")
        )
        rack = next(
            match[1]
            for path, text in files.items()
            if path.endswith("cassandra-rackdc.properties") and (match := re.search("rack=(.+)", text))
        )
        nodes.append(ring.Node(template.name, int(settings["initial_token"]), rack.strip()))
        copies = int(settings.get("default_keyspace_rf", copies))
    return nodes, copies


@needs("LoadBalancer", "NetworkLoadBalancer")
def balancer(part: Part) -> Finding:
    """An address in one living zone or more: its names stop leading to those of a dead one."""
    arn = next(r.outputs["arn"] for r in part.own("aws:lb/loadBalancer:LoadBalancer"))
    found = part.client("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    return _somewhere(part, [zone["SubnetId"] for zone in found["AvailabilityZones"]], "an address")


@needs("VpcEndpoints")
def endpoints(part: Part) -> Finding:
    """Every interface endpoint in one living zone or more. Those of S3 and DynamoDB are routes."""
    ids = [r.id for r in part.own("aws:ec2/vpcEndpoint:VpcEndpoint")]
    found = part.client("ec2").describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"]
    inside = [one for one in found if one["VpcEndpointType"] == "Interface"]
    places = [_somewhere(part, one.get("SubnetIds", []), "interface endpoints") for one in inside]
    return min(places, key=lambda one: WORST_FIRST.index(one.state), default=_EVERYWHERE)


@needs("Network")
def network(part: Part) -> Finding:
    """A way out for every living private subnet: a NAT gateway in a living zone."""
    tables = {r.outputs.get("routeTableId", r.id) for r in part.own("aws:ec2/routeTable:RouteTable")}
    ec2 = part.client("ec2")
    nats = {r.id: r.inputs["subnetId"] for r in part.own("aws:ec2/natGateway:NatGateway")}
    if not nats:
        return _EVERYWHERE
    ways: dict[str, str] = {}
    for table in ec2.describe_route_tables(RouteTableIds=sorted(tables))["RouteTables"]:
        out = [route["NatGatewayId"] for route in table["Routes"] if route.get("NatGatewayId")]
        ways |= {a["SubnetId"]: out[0] for a in table["Associations"] if out and "SubnetId" in a}
    living = part.now.living(list(ways))
    cut = sorted(part.scene.subnet_zones[s] for s in living if nats.get(ways[s]) in part.now.closed)
    has = f"a way out of {_count(len(living) - len(cut), 'zone')}"
    needs = f"one of every zone that is left, {len(living)}"
    if not living:
        return Finding(BROKEN, has, "one zone or more", "no zone is left")
    if cut:
        gone = ", ".join(sorted({part.scene.subnet_zones[nats[ways[s]]] for s in living if ways[s] in nats}))
        why = f"{', '.join(cut)} left for the internet through a NAT gateway in {gone}, which is lost"
        return Finding(DEGRADED, has, needs, why)
    return Finding(WORKS, has, needs, "")


@needs("Function")
def function(part: Part) -> Finding:
    """A subnet in one living zone or more: Lambda calls it there."""
    made = part.own("aws:lambda/function:Function")[0]
    return _somewhere(part, made.inputs["vpcConfig"]["subnetIds"], "an interface")


@needs("SparkJob")
def spark_job(part: Part) -> Finding:
    """A subnet in one living zone or more: a run has all of its workers in one, and goes on in another."""
    made = part.own("aws:emrserverless/application:Application")[0]
    return _somewhere(part, made.inputs["networkConfiguration"]["subnetIds"], "a place for workers")


def _somewhere(part: Part, subnets: list[str], what: str) -> Finding:
    zones = sorted(part.scene.subnet_zones.get(s, s) for s in part.now.living(subnets))
    has, needs = f"{what} in {len(zones)} of {_count(len(subnets), 'zone')}", "one zone or more"
    if zones:
        lost = len(subnets) - len(zones)
        return Finding(WORKS, has, needs, f"{_count(lost, 'zone')} lost" if lost else "")
    all = ", ".join(sorted(part.scene.subnet_zones.get(s, s) for s in subnets))
    return Finding(BROKEN, has, needs, f"it was only in {all}")


def nowhere(part: Part) -> Finding:
    """A component of AWS services that have no zone."""
    return _EVERYWHERE


_EVERYWHERE = Finding(WORKS, ELSEWHERE, "its region", "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
