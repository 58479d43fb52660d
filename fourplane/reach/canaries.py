"""Ways of who visits a site from outside, as its clients do: canaries, health checkers, functions."""

from collections.abc import Iterator

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, Way, many, texts
from fourplane.reach.distributions import DISTRIBUTION
from fourplane.reach.hosts import behind

CANARY = "aws:synthetics/canary:Canary"
CHECK = "aws:route53/healthCheck:HealthCheck"
FUNCTION = "aws:lambda/function:Function"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ANYONE = "0.0.0.0/0"


def canary_ways(directory: Directory) -> Iterator[Way]:
    """From each of them to the enabled distributions that it names, by host name."""
    for resource, by, text in _visits(directory):
        for distribution in behind(directory, text.removeprefix("https://"), DISTRIBUTION):
            if directory.values(distribution).get("enabled"):
                yield Way(directory.of(resource), directory.of(distribution), by, "https")


def _visits(directory: Directory) -> Iterator[tuple[Resource, str, str]]:
    """Who asks, as what, and the host that it asks."""
    for canary, values in directory.all(CANARY):
        if values.get("startCanary"):
            for text in texts((values.get("runConfig") or {}).get("environmentVariables")):
                yield canary, "canary", text
    for check, values in directory.all(CHECK):
        if not values.get("disabled"):
            yield check, "health check", str(values.get("fqdn", ""))
    everywhere = {
        values.get("securityGroupId")
        for _, values in directory.all(EGRESS)
        if values.get("cidrIpv4") == ANYONE and int(values.get("toPort") or 0) == 443
    }
    for function, values in directory.all(FUNCTION):
        if everywhere & set(many((values.get("vpcConfig") or {}).get("securityGroupIds"))):
            for text in texts((values.get("environment") or {}).get("variables")):
                if text.startswith("https://"):
                    yield function, "visit", text
