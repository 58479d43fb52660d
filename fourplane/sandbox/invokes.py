"""What a program asks the provider while it runs, answered by the sandbox's cloud."""

from collections.abc import Callable
from typing import Any

from fourplane.errors import Failure

Client = Callable[[str, str], Any]
"""A boto3 client for a service and a region."""


def answer(token: str, args: dict[str, Any], region: str, client: Client) -> dict[str, Any]:
    """The result of an invoke such as aws:index/getAvailabilityZones:getAvailabilityZones."""
    if token not in ANSWERS:
        raise Failure(f"the sandbox cannot answer {token}; add it in fourplane/sandbox/invokes.py")
    return ANSWERS[token](args, region, client)


def availability_zones(args: dict[str, Any], region: str, client: Client) -> dict[str, Any]:
    found = client("ec2", region).describe_availability_zones()["AvailabilityZones"]
    return {
        "id": region,
        "names": [zone["ZoneName"] for zone in found],
        "zoneIds": [zone["ZoneId"] for zone in found],
        "groupNames": [region],
        "region": region,
    }


ANSWERS: dict[str, Callable[[dict[str, Any], str, Client], dict[str, Any]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
}
