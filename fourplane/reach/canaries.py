"""Ways of canaries: what they visit from outside, as a client of the site does."""

from collections.abc import Iterator

from fourplane.reach.directory import Directory, Way, texts
from fourplane.reach.distributions import DISTRIBUTION
from fourplane.reach.hosts import behind

CANARY = "aws:synthetics/canary:Canary"


def canary_ways(directory: Directory) -> Iterator[Way]:
    """From each canary that runs to the enabled distributions that its environment names, by host name."""
    for canary, values in directory.all(CANARY):
        if not values.get("startCanary"):
            continue
        for text in texts((values.get("runConfig") or {}).get("environmentVariables")):
            for distribution in behind(directory, text, DISTRIBUTION):
                if directory.values(distribution).get("enabled"):
                    yield Way(directory.of(canary), directory.of(distribution), "canary", "https")
