"""Ways to a CDN by its public address: the client must be told it, and be let out to the internet."""

from collections.abc import Iterator
from typing import Any

from fourplane.reach.directory import INTERNET, Directory, Way
from fourplane.reach.distributions import DISTRIBUTION
from fourplane.reach.groups import Groups
from fourplane.reach.hosts import behind
from fourplane.reach.rules import Ports

PARAMETER = "aws:ssm/parameter:Parameter"


def site_ways(directory: Directory) -> Iterator[Way]:
    """From each component whose settings name an enabled distribution, "host:port", to that distribution."""
    groups = Groups(directory)
    for parameter, values in directory.all(PARAMETER):
        client = directory.of(parameter)
        host, _, port = _address(values).rpartition(":")
        for distribution in behind(directory, host, DISTRIBUTION):
            enabled = directory.values(distribution).get("enabled") and port.isdigit()
            if enabled and _let_out(directory, groups, client, int(port)):
                yield Way(client, directory.of(distribution), "site", f"tcp {port}")


def _address(values: dict[str, Any]) -> str:
    return str(values.get("insecureValue") or values.get("value") or "")


def _let_out(directory: Directory, groups: Groups, client: str, port: int) -> bool:
    """Whether a group of a component lets it out to any address at a port."""
    wanted = Ports("tcp", port, port)
    return any(
        rule.ports.common(wanted) and groups.outside(rule) == INTERNET
        for rule in groups.leaving
        if client in {directory.of(member) for member in groups.wearers[rule.group]}
    )
