"""Whom a host name leads to, through the records of the stack's own zones."""

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, many

RECORD = "aws:route53/record:Record"
PRIVATE, LONGEST = "vpcs", 4
"""A zone with networks is seen by those alone; and records that lead on to records end somewhere."""


def behind(directory: Directory, host: object, type: str, steps: int = LONGEST) -> list[Resource]:
    """The resources of a type that a name, a host name or an ARN leads to: several where records of one name
    share the answers."""
    direct = directory.named(host, type) or _by_domain(directory, host, type)
    if direct or not isinstance(host, str) or not steps:
        return [direct] if direct else []
    found: dict[str, Resource] = {}
    for target in _targets(directory, host.rstrip(".").lower()):
        found |= {one.urn: one for one in behind(directory, target, type, steps - 1)}
    return list(found.values())


def _by_domain(directory: Directory, host: object, type: str) -> Resource | None:
    """A distribution's own host name is called its domain name."""
    for resource, values in directory.all(type):
        if host and values.get("domainName") == host:
            return resource
    return None


def _targets(directory: Directory, host: str) -> list[str]:
    """Where the public records of a name lead: to another name."""
    found: list[str] = []
    for _, values in directory.all(RECORD):
        zone = directory.named(values.get("zoneId"), "aws:route53/zone:Zone")
        names = {str(values.get(key, "")).rstrip(".").lower() for key in ("name", "fqdn")}
        if host not in names or (zone and directory.values(zone).get(PRIVATE)):
            continue
        found += [str(alias.get("name")) for alias in many(values.get("aliases"))]
        found += many(values.get("records")) if values.get("type") == "CNAME" else []
    return found
