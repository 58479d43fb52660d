"""Where a name leads when a region is lost: Route 53 leaves out a record that it finds unhealthy."""

from collections.abc import Iterator

from fourplane import wire
from fourplane.chaos.scene import Scene
from fourplane.graph import Resource

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
CHECK = "aws:route53/healthCheck:HealthCheck"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
RECORD = "aws:route53/record:Record"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
LEADING = ("A", "AAAA", "CNAME")


class Names:
    """What a distribution finds under its origins' names, the scene's region being lost."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._regions = {str(r.outputs.get("dnsName")): r.region for r in scene.graph.all(BALANCER)}

    def astray(self, client: Resource, server: Resource) -> str:
        """Why requests of a distribution do not get to a server, or not all of them; "" where they do.

        Only distributions are looked at: what another client calls is written into its own settings.
        """
        held = [r for one in self.scene.below(client) for r in self.scene.own(one, DISTRIBUTION)]
        if not held:
            return ""
        balancers = [r for one in self.scene.below(server) for r in self.scene.own(one, BALANCER)]
        told = [self._astray(origin, balancers) for one in held for origin in _origins(one)]
        return min(told, key=len, default=f"{client.name} has no origin that is called")

    def answering(self, records: list[Resource]) -> tuple[list[str], list[str]]:
        """The regions that some records of one name lead to that are left, and those of the records that are
        still answered with, though they lead to what is lost."""
        gone = [record for record in records if self._gone(record)]
        hosts = {host for record in records if record not in gone for host in _targets(record)}
        stale = [record.name for record in gone if self._healthy(record)]
        return sorted({self._regions.get(host, host) for host in hosts}), stale

    def _astray(self, origin: dict[str, object], balancers: list[Resource]) -> str:
        host, arns = str(origin.get("domainName")), {str(one.outputs.get("arn")) for one in balancers}
        hosts = {str(one.outputs.get("dnsName")) for one in balancers}
        if host in hosts or self._endpoint(origin) in arns:
            return ""
        records = [r for r in self.scene.graph.all(RECORD) if host in _names(r) and _type(r) in LEADING]
        ours = [r for r in records if hosts & set(_targets(r))]
        if not ours:
            return f"{host}, the origin, leads elsewhere"
        if sick := [r.name for r in ours if not self._healthy(r)]:
            return f"{host}: Route 53 finds {', '.join(sick)} unhealthy, too"
        if stale := [r.name for r in records if self._gone(r) and self._healthy(r)]:
            return f"{host}: Route 53 still answers with {', '.join(stale)}, whose health nothing checks"
        return ""

    def _endpoint(self, origin: dict[str, object]) -> str:
        """The ARN behind a VPC origin."""
        settings = origin.get("vpcOriginConfig")
        wanted = settings.get("vpcOriginId") if isinstance(settings, dict) else None
        found = (one for one in self.scene.graph.all(VPC_ORIGIN) if one.id == wanted)
        return next((str(one.inputs["vpcOriginEndpointConfig"]["arn"]) for one in found), "")

    def _gone(self, record: Resource) -> bool:
        return any(self._regions.get(host) == self.scene.lost_region for host in _targets(record))

    def _healthy(self, record: Resource) -> bool:
        """Whether Route 53 goes on answering with a record."""
        gone = self._gone(record)
        if gone and any(alias.get("evaluateTargetHealth") for alias in _aliases(record)):
            return False
        checks = {check.id: check for check in self.scene.graph.all(CHECK)}
        check = checks.get(str(record.inputs.get("healthCheckId")))
        return check is None or self._passes(check, checks, gone)

    def _passes(self, check: Resource, checks: dict[str, Resource], gone: bool) -> bool:
        """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html"""
        settings = wire.plain(check.inputs)
        kind = settings.get("type")
        if kind == "CALCULATED":
            below = [checks[id] for id in settings.get("childHealthchecks", []) if id in checks]
            passing = sum(self._passes(one, checks, gone) for one in below)
            return passing >= int(settings.get("childHealthThreshold", len(below)))
        if kind == "CLOUDWATCH_METRIC" and settings.get("cloudwatchAlarmRegion") == self.scene.lost_region:
            # The alarm is gone too: nobody knows, and this says what that means.
            return settings.get("insufficientDataHealthStatus", "LastKnownStatus") != "Unhealthy"
        return kind == "RECOVERY_CONTROL" or not gone  # a switch that somebody has to turn


def _origins(distribution: Resource) -> Iterator[dict[str, object]]:
    """The origins that are called, rather than read as buckets."""
    for origin in wire.plain(distribution.inputs).get("origins", []):
        if not origin.get("originAccessControlId") and not origin.get("s3OriginConfig"):
            yield origin


def _names(record: Resource) -> set[str]:
    told = (record.inputs.get("name"), record.outputs.get("fqdn"))
    return {str(name).rstrip(".") for name in told if name}


def _type(record: Resource) -> str:
    return str(record.inputs.get("type"))


def _aliases(record: Resource) -> list[dict[str, object]]:
    return wire.plain(record.inputs).get("aliases") or []


def _targets(record: Resource) -> list[str]:
    """The hosts that a record leads to."""
    told = [*(alias.get("name") for alias in _aliases(record)), *(record.inputs.get("records") or [])]
    return [str(host).rstrip(".").removeprefix("dualstack.") for host in told]
