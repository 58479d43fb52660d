"""Where things are: the zones of the subnets that they stand on."""

from policy.resource import Resource, Stack

SUBNET = "aws:ec2/subnet:Subnet"


def subnets(of: Resource, stack: Stack, *keys: str) -> list[Resource]:
    """The stack's subnets behind properties of the first level; none where they belong to another stack."""
    found = {one.urn: one for key in keys for one in stack.behind(of, key, SUBNET)}
    return list(found.values())


def zones(of: Resource, stack: Stack, *keys: str) -> set[str]:
    """The zones of those subnets."""
    return {one["availabilityZone"] for one in subnets(of, stack, *keys)}


def region(zone: str) -> str:
    """us-east-1 of us-east-1a."""
    return zone.rstrip("abcdefghijklmnopqrstuvwxyz")
