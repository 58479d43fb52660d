"""What breaks, and how: the calls that AWS Fault Injection Service would make."""

import random
from dataclasses import dataclass, field
from typing import Any

from fourplane.chaos.scene import GROUP, Machine, Scene
from fourplane.errors import Mistake
from fourplane.graph import Resource
from fourplane.planes import home, title

DATABASE = "aws:rds/instance:Instance"


@dataclass
class Fault:
    """What was done, and what is gone with it."""

    kind: str
    place: str
    """The zone or the region; for a monkey, the stack."""
    lost: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    delay_ms: int = 0

    def __str__(self) -> str:
        added = f" with {self.delay_ms} ms" if self.kind == "latency" else ""
        return f"{self.kind} in {self.place}{added}"


def monkey(scene: Scene, region: str, chance: random.Random) -> Fault:
    """Terminates one random instance of every fleet of a region: of all groups that a component has, of every
    cluster's nodes, and of every database, which is a fleet of one, or of two with its standby."""
    fault = Fault("monkey", scene.graph.stack)
    fleets: dict[str, set[str]] = {}
    for group in scene.graph.all(GROUP):
        if group.region == region:
            fleets.setdefault(group.parent, set()).add(group.id)
    for name, nodes in scene.node_groups.items():
        if nodes.region == region:
            fleets.setdefault(nodes.parent, set()).add(name)
    now = scene.start
    machines = [sorted(now.of_groups(names), key=lambda one: one.id) for names in fleets.values()]
    _terminate(scene, fault, [chance.choice(fleet) for fleet in machines if fleet])
    for database in scene.graph.all(DATABASE):
        if database.region == region:
            _strike(scene, fault, database)
    if not fault.lost:
        raise Mistake(f"{scene.graph.stack} has no Auto Scaling group with an instance: nothing to terminate")
    return fault


def _strike(scene: Scene, fault: Fault, database: Resource) -> None:
    """The instance that answers: its standby takes its place, and without one nothing answers.

    RDS starts an instance again that is lost with its host. The sandbox has no hosts, so it is stopped.
    """
    rds = scene.client("rds", database.region)
    found = rds.describe_db_instances(DBInstanceIdentifier=database.id)["DBInstances"][0]
    if found["MultiAZ"]:
        rds.reboot_db_instance(DBInstanceIdentifier=database.id, ForceFailover=True)
    else:
        rds.stop_db_instance(DBInstanceIdentifier=database.id)
    owner = scene.graph.resources.get(database.parent)
    told = {"component": title(scene.graph, owner) if owner else "", "zone": found["AvailabilityZone"]}
    fault.lost.append({"type": "database instance", "id": database.id, **told})


def gorilla(scene: Scene, zone: str) -> Fault:
    """Takes a zone away: its subnets carry nothing, its instances end, and no group can launch there."""
    fault = Fault("gorilla", zone)
    _lose(scene, fault, {subnet for subnet, place in scene.subnet_zones.items() if place == zone})
    return fault


def kong(scene: Scene, region: str) -> Fault:
    """Takes a region away: all its zones, and what AWS itself runs there."""
    fault = Fault("kong", region)
    scene.lost_region = region
    fault.lost.append({"type": "region", "id": region, "component": "", "zone": ""})
    _lose(scene, fault, {s for s, zone in scene.subnet_zones.items() if scene.zones[zone] == region})
    return fault


def chosen_zone(scene: Scene, zone: str, region: str, chance: random.Random) -> str:
    """The zone that is asked for, or one by chance, of the stack's own region unless another is asked for.
    Raises Mistake for one that the stack is not in."""
    region = region or ("" if zone else home(scene.graph))
    known = sorted(z for z, place in scene.zones.items() if region in ("", place))
    if not known or (zone and zone not in known):
        where = f"zone {zone}" if zone else "any zone of " + (region or "AWS")
        there = f"it is in {', '.join(sorted(scene.zones))}" if scene.zones else "it has no subnets"
        raise Mistake(f"{scene.graph.stack} has nothing in {where}; {there}")
    return zone or chance.choice(known)


def chosen_region(scene: Scene, region: str) -> str:
    """The region that is asked for, or the stack's own. Raises Mistake for one that the stack is not in."""
    if region and region not in scene.regions:
        there = ", ".join(scene.regions)
        raise Mistake(f"{scene.graph.stack} has nothing in region {region}; it is in {there}")
    return region or home(scene.graph)


def _lose(scene: Scene, fault: Fault, subnets: set[str]) -> None:
    now, zones = scene.start, {scene.subnet_zones[subnet] for subnet in subnets}
    for subnet in scene.graph.all("aws:ec2/subnet:Subnet"):
        if subnet.id in subnets:
            zone = scene.subnet_zones[subnet.id]
            name = title(scene.graph, subnet)
            fault.lost.append({"type": "subnet", "id": subnet.id, "component": name, "zone": zone})
    for region in sorted({scene.zones[zone] for zone in zones}):
        _close(scene.client("ec2", region), subnets)
    for name, group in now.groups.items():
        placed = group.get("VPCZoneIdentifier", "").split(",")
        if left := [subnet for subnet in placed if subnet not in subnets]:
            if len(left) < len(placed):
                _keep_to(scene, name, group, left)
        else:
            client = scene.client("autoscaling", _region(group))
            client.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=["Launch"])
    _terminate(scene, fault, [one for one in now.machines.values() if one.zone in zones])


def _close(ec2: Any, subnets: set[str]) -> None:
    """As FIS disrupts connectivity: a network ACL that lets nothing through takes the place of each
    subnet's."""
    closed: dict[str, str] = {}
    for acl in ec2.describe_network_acls()["NetworkAcls"]:
        for association in acl["Associations"]:
            if association["SubnetId"] in subnets:
                if acl["VpcId"] not in closed:
                    made = ec2.create_network_acl(VpcId=acl["VpcId"])["NetworkAcl"]
                    closed[acl["VpcId"]] = made["NetworkAclId"]
                ec2.replace_network_acl_association(
                    AssociationId=association["NetworkAclAssociationId"], NetworkAclId=closed[acl["VpcId"]]
                )


def _keep_to(scene: Scene, name: str, group: dict[str, Any], subnets: list[str]) -> None:
    keys = ("LaunchTemplate", "MixedInstancesPolicy")  # moto forgets what an update does not repeat
    same = {key: group[key] for key in keys if group.get(key)}
    if "LaunchTemplate" in same:
        same["LaunchTemplate"] = {key: same["LaunchTemplate"][key] for key in ("LaunchTemplateId", "Version")}
    client = scene.client("autoscaling", _region(group))
    client.update_auto_scaling_group(AutoScalingGroupName=name, VPCZoneIdentifier=",".join(subnets), **same)


def _region(group: dict[str, Any]) -> str:
    return group["AutoScalingGroupARN"].split(":")[3]


def _terminate(scene: Scene, fault: Fault, machines: list[Machine]) -> None:
    for machine in machines:
        owner = scene.group_owners.get(machine.group, "")
        scene.client("ec2", machine.region).terminate_instances(InstanceIds=[machine.id])
        fault.lost.append({"type": "instance", "id": machine.id, "component": owner, "zone": machine.zone})
