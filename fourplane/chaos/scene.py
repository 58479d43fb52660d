"""A deployed stack as a fault finds it and leaves it, asked of the cloud with calls that anyone may make."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fourplane.graph import Graph, Resource
from fourplane.planes import title
from fourplane.sandbox import moto_slots

GROUP = "aws:autoscaling/group:Group"
NODES = "aws:eks/nodeGroup:NodeGroup"
SUBNET = "aws:ec2/subnet:Subnet"
Client = Callable[[str, str], Any]


@dataclass(frozen=True)
class Machine:
    """A running instance."""

    id: str
    zone: str
    region: str
    group: str
    """Its Auto Scaling group; "" for none."""


class Scene:
    """What is there. `client(service, region)`: a boto3 client of the cloud that the stack is in."""

    def __init__(self, graph: Graph, client: Client) -> None:
        self.graph = graph
        self.client = client
        self.lost_region = ""
        """The region that is gone, with all that AWS itself runs there."""

    @cached_property
    def start(self) -> "Look":
        """The cloud before the fault. Asked for first, then remembered."""
        return self.look()

    @property
    def before(self) -> dict[str, Machine]:
        """The machines that ran before the fault, by id."""
        return self.start.machines

    @cached_property
    def zones(self) -> dict[str, str]:
        """The zones that the stack has subnets in, and the region of each."""
        return {s.inputs["availabilityZone"]: s.region for s in self.graph.all(SUBNET)}

    @cached_property
    def regions(self) -> list[str]:
        """The regions that anything of the stack stands in."""
        return sorted({r.region for r in self.graph.values() if r.custom and r.region})

    @cached_property
    def subnet_zones(self) -> dict[str, str]:
        return {s.id: s.inputs["availabilityZone"] for s in self.graph.all(SUBNET)}

    @cached_property
    def group_owners(self) -> dict[str, str]:
        """The component of every Auto Scaling group, by the group's name."""
        made = {name: nodes.parent for name, nodes in self.node_groups.items()}
        parents = {group.id: group.parent for group in self.graph.all(GROUP)} | made
        return {name: title(self.graph, self.graph[up]) for name, up in parents.items() if up in self.graph}

    @cached_property
    def node_groups(self) -> dict[str, Resource]:
        """The groups of clusters' nodes, by the names of the Auto Scaling groups that EKS makes for them."""
        return {
            group["name"]: nodes
            for nodes in self.graph.all(NODES)
            for made in nodes.outputs["resources"]
            for group in made["autoscalingGroups"]
        }

    def own(self, component: Resource, type: str) -> list[Resource]:
        """The resources of a type right under a component."""
        return [r for r in self.graph.children(component.urn) if r.type == type]

    def below(self, component: Resource) -> Iterator[Resource]:
        """A component, its components, and theirs."""
        yield component
        for child in self.graph.children(component.urn):
            if not child.custom:
                yield from self.below(child)

    def look(self) -> "Look":
        """The cloud as it is now."""
        return Look(self)

    def boot_files(self, template: Resource) -> dict[str, str]:
        """The files that a launch template's machines write at boot, by path."""
        wanted = {"LaunchTemplateId": template.id, "Versions": ["$Latest"]}
        found = self.client("ec2", template.region).describe_launch_template_versions(**wanted)
        data = found["LaunchTemplateVersions"][0]["LaunchTemplateData"]
        return moto_slots.files(data.get("UserData", ""))


class Look:
    """One look at the cloud; nothing in it changes afterwards."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.groups: dict[str, dict[str, Any]] = {}
        self.machines: dict[str, Machine] = {}
        self.closed: set[str] = set()
        """Subnets whose network ACL lets nothing through."""
        for region in sorted({*scene.zones.values()}):
            self._read(region)

    def _read(self, region: str) -> None:
        client = self.scene.client
        pages = client("autoscaling", region).get_paginator("describe_auto_scaling_groups").paginate()
        found = [group for page in pages for group in page["AutoScalingGroups"]]
        self.groups |= {group["AutoScalingGroupName"]: group for group in found}
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        for page in client("ec2", region).get_paginator("describe_instances").paginate(Filters=running):
            for instance in (one for held in page["Reservations"] for one in held["Instances"]):
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                self.machines[instance["InstanceId"]] = Machine(
                    instance["InstanceId"],
                    instance["Placement"]["AvailabilityZone"],
                    region,
                    tags.get("aws:autoscaling:groupName", ""),
                )
        for acl in client("ec2", region).describe_network_acls()["NetworkAcls"]:
            if not any(entry["RuleAction"] == "allow" for entry in acl["Entries"]):
                self.closed |= {association["SubnetId"] for association in acl["Associations"]}

    def living(self, subnets: list[str]) -> list[str]:
        """Those of some subnets that still carry traffic."""
        return [subnet for subnet in subnets if subnet not in self.closed]

    @cached_property
    def dead_zones(self) -> set[str]:
        """Zones that none of the stack's subnets carries traffic in any more."""
        zones = self.scene.subnet_zones
        return set(zones.values()) - {zone for subnet, zone in zones.items() if subnet not in self.closed}

    def of_groups(self, names: set[str]) -> list[Machine]:
        return [machine for machine in self.machines.values() if machine.group in names]
