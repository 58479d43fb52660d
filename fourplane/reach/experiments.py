"""Ways that experiments take: from a fault to the zones, or the region, that it is done to."""

from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.planes import tag
from fourplane.reach.directory import Directory, Way, many
from fourplane.reach.events import ROLE
from fourplane.reach.grants import role_statements
from fourplane.reach.places import GROUP, SUBNET, Places, Zones

TEMPLATE = "aws:fis/experimentTemplate:ExperimentTemplate"
BUCKET = "aws:s3/bucket:Bucket"
KINDS = {
    "aws:ec2:instance": (GROUP, "aws:ec2/instance:Instance"),
    "aws:ec2:subnet": (SUBNET,),
    "aws:s3:bucket": (BUCKET,),
}
"""What FIS calls a target, and what a stack registers for it: a group's tags are its machines'."""
FILTERS = ("Placement.AvailabilityZone", "AvailabilityZone")
NEEDS = {
    "aws:ec2:terminate-instances": "ec2:TerminateInstances",
    "aws:network:disrupt-connectivity": "ec2:ReplaceNetworkAclAssociation",
    "aws:s3:bucket-pause-replication": "s3:PauseReplication",
    "aws:ssm:send-command": "ssm:SendCommand",
}
"""What the experiment's role must be allowed for an action to happen."""


def experiment_ways(directory: Directory) -> Iterator[Way]:
    """To where the targets of each action stand, found by tag and zone as FIS finds them."""
    places = Places(directory)
    for template, values in directory.all(TEMPLATE):
        targets = {target["name"]: target for target in many(values.get("targets"))}
        may = _allowed(directory, values)
        for action in many(values.get("actions")):
            needed = NEEDS.get(id := str(action.get("actionId")))
            target = targets.get((action.get("target") or {}).get("value"))
            if target is None or (needed and needed not in may):
                continue
            for box in places.boxes(_struck(directory, places, template, target)):
                yield Way(directory.of(template), box, "experiment", id)


def _struck(directory: Directory, places: Places, template: Resource, target: dict[str, Any]) -> Zones:
    """The zones that a target's resources are in."""
    wanted = {
        value
        for entry in many(target.get("filters"))
        if entry.get("path") in FILTERS
        for value in many(entry.get("values"))
    }
    found: set[str] = set()
    for kind in KINDS.get(str(target.get("resourceType")), ()):
        for resource, values in directory.all(kind):
            if resource.region == template.region and _meant(resource, values, target):
                here = places.region(template.region) if kind == BUCKET else places.zones_of(resource)
                found |= here & wanted if wanted else here
    return frozenset(found)


def _meant(resource: Resource, values: dict[str, Any], target: dict[str, Any]) -> bool:
    """Whether a resource is one of a target's: it has all its tags, or is named."""
    tags = many(target.get("resourceTags"))
    if not tags:
        return values.get("arn") in many(target.get("resourceArns"))
    return all(tag(resource, entry["key"]) == entry["value"] for entry in tags)


def _allowed(directory: Directory, template: dict[str, Any]) -> set[str]:
    """What the experiment's role may do."""
    role = directory.named(template.get("roleArn"), ROLE)
    return {
        action
        for one, statement in role_statements(directory)
        if one is role
        for action in many(statement.get("Action"))
    }
