"""Where a distribution sends what is asked for, and how long it keeps the answers."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.edge.cdn_settings import PUBLIC_ORIGIN

# AWS's managed policies have the same ids in every account:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_VIEWER_EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
READS: Any = {"allowed_methods": ["GET", "HEAD", "OPTIONS"], "cached_methods": ["GET", "HEAD"]}
ALL_METHODS: Any = {
    "allowed_methods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
    "cached_methods": ["GET", "HEAD"],
}
LOST = [500, 502, 503, 504]
"""What the second of an origin group is asked after. CloudFront takes 400, 403, 404 and 416 too, but of a
product that does not exist there is no better answer:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/high_availability_origin_failover.html."""
QUICKLY: Any = {"connection_attempts": 1, "connection_timeout": 3}
READ_SECONDS = 5
"""Who waits for a page is gone after some seconds; CloudFront would wait 30."""
DAY_SECONDS = 86400
YEAR_SECONDS = 365 * DAY_SECONDS


class Fallback(TypedDict):
    """What is only read, and what stands in for it when the load balancer fails."""

    paths: Sequence[str]
    """Path patterns that go to the load balancer for GET, HEAD and OPTIONS, all that CloudFront fails over;
    other methods are refused there. They come before `api_paths`."""
    pages: NotRequired[str]
    """Folder of the machine that deploys: pages by the paths that they stand in for, and unavailable.html for
    all others. Default: unavailable.html alone."""
    json_paths: NotRequired[Sequence[str]]
    """Path patterns of them that programs ask for, which get JSON. Default ["/api/*"]."""
    fresh_seconds: NotRequired[int]
    """With `stale_seconds`, how long an answer is kept that does not say so itself. Default 30."""


class Images(TypedDict):
    """Objects of another bucket."""

    bucket_domain_name: pulumi.Input[str]
    """Its host name (ContentStore.bucket_regional_domain_name). CdnEdge.reads() is the statement for its
    policy: share(store.original, edge.reads())."""
    path: NotRequired[str]
    """Path pattern, which their keys begin with. Default "/images/*"."""
    days: NotRequired[int]
    """Days that the edge and browsers keep those that do not say so themselves. Default 30."""


def reader(owner: Component, name: str, description: str) -> aws.cloudfront.OriginAccessControl:
    """What a distribution signs its requests to buckets with."""
    return aws.cloudfront.OriginAccessControl(
        name,
        name=f"{pulumi.get_stack()}-{name}",
        description=description,
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=owner.child,
    )


def read_by(distribution_arn: pulumi.Input[str]) -> Mapping[str, Any]:
    """The statement of a bucket's policy that lets one distribution read it: for share()."""
    return {
        "Sid": "Distribution",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution_arn}},
    }


def spare_origins(api: Mapping[str, Any], fallback_domain_name: pulumi.Input[str]) -> list[Any]:
    """The balancer as one that is given up quickly, and what stands in for it."""
    reads = {**api, **QUICKLY, "origin_id": "reads"}
    waiting = {"origin_read_timeout": READ_SECONDS}
    for kind in ("custom_origin_config", "vpc_origin_config"):
        if kind in api:
            reads[kind] = {**api[kind], **waiting}
    return [reads, {**PUBLIC_ORIGIN, "origin_id": "fallback", "domain_name": fallback_domain_name}]


FAILOVER: Any = {
    "origin_id": "reads-or-fallback",
    "failover_criteria": {"status_codes": LOST},
    "members": [{"origin_id": "reads"}, {"origin_id": "fallback"}],
}


def parted(behaviours: Sequence[Any], paths: Sequence[str]) -> tuple[list[Any], list[Any]]:
    """Those for a part of what some patterns are for, which must come before these, and the others."""
    inner: list[Any] = []
    outer: list[Any] = []
    for one in behaviours:
        path: str = one["path_pattern"]
        within = any(path != pattern and fnmatchcase(path, pattern) for pattern in paths)
        (inner if within else outer).append(one)
    return inner, outer


def read_behaviours(
    owner: Component,
    behaviour: Mapping[str, Any],
    fallback: Fallback,
    stale_seconds: int | None,
    security: Any,
) -> list[Any]:
    """What is only read. Kept answers are for all alike: nothing of a viewer but the query reaches the
    balancer then."""
    to_group: dict[str, Any] = {**behaviour, **READS, "target_origin_id": FAILOVER["origin_id"]}
    if stale_seconds is None:
        to_group["cache_policy_id"] = CACHING_DISABLED
        # The second origin knows no host but its own.
        to_group["origin_request_policy_id"] = ALL_VIEWER_EXCEPT_HOST
    else:
        fresh = min(fallback.get("fresh_seconds", 30), stale_seconds)
        to_group["cache_policy_id"] = _cache(owner, f"{owner.name}-reads", fresh, stale_seconds, "all").id
        told = f"public, max-age={fresh}, stale-while-revalidate={fresh}, stale-if-error={stale_seconds}"
        to_group["response_headers_policy_id"] = _told(owner, f"{owner.name}-reads", told, security).id
    return [{**to_group, "path_pattern": path} for path in fallback["paths"]]


def image_behaviour(owner: Component, behaviour: Mapping[str, Any], images: Images, security: Any) -> Any:
    """What is kept long."""
    name, seconds = f"{owner.name}-images", images.get("days", 30) * DAY_SECONDS
    return {
        **behaviour,
        **READS,
        "path_pattern": images.get("path", "/images/*"),
        "target_origin_id": "images",
        "cache_policy_id": _cache(owner, name, seconds, YEAR_SECONDS, "none").id,
        "response_headers_policy_id": _told(owner, name, f"public, max-age={seconds}", security).id,
    }


def _cache(owner: Component, name: str, usual: int, most: int, query: str) -> aws.cloudfront.CachePolicy:
    """Answers by path and query. What CloudFront has it serves for `most` seconds while the origin fails:
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html."""
    return aws.cloudfront.CachePolicy(
        name,
        name=f"{pulumi.get_stack()}-{name}",
        min_ttl=0,
        default_ttl=usual,
        max_ttl=most,
        parameters_in_cache_key_and_forwarded_to_origin={
            "enable_accept_encoding_gzip": True,
            "enable_accept_encoding_brotli": True,
            "cookies_config": {"cookie_behavior": "none"},
            "headers_config": {"header_behavior": "none"},
            "query_strings_config": {"query_string_behavior": query},
        },
        opts=owner.child,
    )


def _told(
    owner: Component, name: str, cache_control: str, security: Any
) -> aws.cloudfront.ResponseHeadersPolicy:
    """What browsers may keep where the origin does not say so: it is CloudFront's own cache that a policy
    of response headers does not change."""
    said: Any = {"header": "Cache-Control", "value": cache_control, "override": False}
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        name=f"{pulumi.get_stack()}-{name}",
        security_headers_config=security,
        custom_headers_config={"items": [said]},
        opts=owner.child,
    )
