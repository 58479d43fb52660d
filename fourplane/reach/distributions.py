"""Ways through CloudFront: who calls it, and what it fetches from."""

from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.balancers import BALANCER
from fourplane.reach.directory import AWS, INTERNET, Directory, Way, many
from fourplane.reach.groups import Groups
from fourplane.reach.hosts import behind
from fourplane.reach.policies import actions, allowed, bound_to, names, principals
from fourplane.reach.rules import Ports

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
ACCESS_CONTROL = "aws:cloudfront/originAccessControl:OriginAccessControl"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
SERVICE = "cloudfront.amazonaws.com"


def distribution_ways(directory: Directory) -> Iterator[Way]:
    """From the internet to each enabled distribution, and from there to each origin that lets it in."""
    groups = Groups(directory)
    for distribution, values in directory.all(DISTRIBUTION):
        if not values.get("enabled"):
            continue
        here = directory.of(distribution)
        yield Way(INTERNET, here, "distribution", "https")
        for origin in many(values.get("origins")):
            for target, by, at in (
                *_bucket(directory, values, origin),
                *_balancer(directory, groups, origin),
                *_other(directory, origin),
            ):
                yield Way(here, directory.of(target), by, at)


def _bucket(
    directory: Directory, distribution: dict[str, Any], origin: dict[str, Any]
) -> Iterator[tuple[Resource, str, str]]:
    """A bucket behind an access control, whose policy lets this distribution read it."""
    bucket = directory.named(origin.get("domainName"), BUCKET)
    if bucket is None or not directory.named(origin.get("originAccessControlId"), ACCESS_CONTROL):
        return
    arn = str(directory.values(bucket).get("arn"))
    for _, values in directory.all(BUCKET_POLICY):
        for statement in (
            allowed(values.get("policy")) if _is(directory, values.get("bucket"), bucket) else []
        ):
            given = SERVICE in principals(statement, "Service") and names(statement, arn)
            if given and bound_to(statement, str(distribution.get("arn"))):
                yield from ((bucket, "bucket origin", action) for action in actions(statement, "s3"))


def _other(directory: Directory, origin: dict[str, Any]) -> Iterator[tuple[Resource, str, str]]:
    """Another distribution, which anyone may ask."""
    for there, values in directory.all(DISTRIBUTION) if origin.get("customOriginConfig") else ():
        if values.get("domainName") == origin.get("domainName") and values.get("enabled"):
            yield there, "distribution origin", "https"


def _is(directory: Directory, name: object, bucket: Resource) -> bool:
    return directory.named(name, BUCKET) is bucket


def _balancer(
    directory: Directory, groups: Groups, origin: dict[str, Any]
) -> Iterator[tuple[Resource, str, str]]:
    """A load balancer, through a VPC origin or in public, that lets CloudFront's addresses in."""
    private = directory.named((origin.get("vpcOriginConfig") or {}).get("vpcOriginId"), VPC_ORIGIN)
    endpoint = directory.values(private).get("vpcOriginEndpointConfig", {}) if private else {}
    settings = endpoint or origin.get("customOriginConfig") or {}
    if not settings:
        return
    for balancer in behind(directory, endpoint.get("arn") or origin.get("domainName"), BALANCER):
        if not private and directory.values(balancer).get("internal"):
            continue
        for port in _origin_ports(settings):
            if port in groups.balancers.live_ports(balancer) and _lets_in(groups, balancer, port):
                yield balancer, "VPC origin" if private else "public origin", f"tcp {port}"


def _origin_ports(settings: dict[str, Any]) -> list[int]:
    """The ports that an origin is called at: by its protocol policy one, or both as the viewer came."""
    plain, secure = int(settings.get("httpPort", 80)), int(settings.get("httpsPort", 443))
    by_policy = {"http-only": [plain], "https-only": [secure]}
    return by_policy.get(str(settings.get("originProtocolPolicy")), [plain, secure])


def _lets_in(groups: Groups, balancer: Resource, port: int) -> bool:
    """Whether a group of the balancer lets AWS's addresses in: by prefix list, or as part of the internet."""
    wanted = Ports("tcp", port, port)
    return any(
        rule.ports.common(wanted) and groups.outside(rule) in (AWS, INTERNET)
        for rule in groups.entering
        if balancer.urn in {member.urn for member in groups.wearers[rule.group]}
    )
