"""Where a part of the world gets its films."""

from collections.abc import Mapping
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Site
from components.component import ComponentArgs
from components.edge.cdn_behaviours import CACHING_OPTIMIZED

OPEN_AND_SECURE = "e61eb60c-9c35-4d20-a928-2b84e02af89c"
"""AWS's managed policy "CORS-and-SecurityHeaders": players are on other sites.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html"""
SHIELDS = (
    "us-east-1", "us-east-2", "us-west-2", "sa-east-1", "eu-central-1", "eu-west-1", "eu-west-2",
    "ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "me-central-1",
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html, of 2026-11."""
CHEAPEST = ("us-", "ca-", "eu-")
"""Where PriceClass_100 serves from: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html."""
WRONG = [403, 404, 500, 502, 503, 504]


class ContentEdgeArgs(ComponentArgs):
    near: str
    """AWS region in the middle of its part of the world: all its locations fetch through one cache there, so
    a film leaves the origin once for each edge."""
    origin_domain_name: pulumi.Input[str]
    """Host name of the bucket that it fetches from (PrivateBucket.bucket_regional_domain_name); `read_by` is
    the statement that lets it."""
    spare_origin_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of a copy of that bucket in another region, asked where the first fails. Default: none."""
    price_class: NotRequired[str]
    """PriceClass_100 (North America, Europe), _200 (and Asia, Middle East, Africa) or _All. Default: the
    cheapest that serves from around `near`."""
    web_acl_arn: NotRequired[pulumi.Input[str]]
    """Web ACL before it (Firewall). Default: none."""
    beacon_function_arn: NotRequired[pulumi.Input[str]]
    """Function that takes what players report, at /beacon (Beacon). Default: nothing is taken."""
    host: NotRequired[str]
    """Host name of its own; needs `certificate_arn`. Default: CloudFront's."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate in us-east-1 for `host`. Default: CloudFront's own, which only then cannot be held to
    TLS 1.2 (AWS's rule for *.cloudfront.net)."""
    log_bucket_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of the bucket of its access logs (LogArchive.bucket_domain_name). Default: none are kept."""


class ContentEdge(Site):
    """A distribution for one part of the world, between a bucket that nobody else reads and whoever asks:
    viewers, and the caches of providers."""

    domain_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `domain_name`, for alias records."""
    distribution_id: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ContentEdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)

        control = aws.cloudfront.OriginAccessControl(
            name,
            name=f"{pulumi.get_stack()}-{name}",
            description=f"{name} reads films",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self.child,
        )
        buckets = {"films": args["origin_domain_name"]}
        if "spare_origin_domain_name" in args:
            buckets["spare"] = args["spare_origin_domain_name"]
        spared = len(buckets) > 1
        behaviour: Any = {
            "target_origin_id": "both" if spared else "films",
            "viewer_protocol_policy": "redirect-to-https",
            "allowed_methods": ["GET", "HEAD", "OPTIONS"],
            "cached_methods": ["GET", "HEAD"],
            "cache_policy_id": CACHING_OPTIMIZED,
            "response_headers_policy_id": OPEN_AND_SECURE,
            "compress": True,
        }
        logs: Any = {
            "bucket": args.get("log_bucket_domain_name"),
            "prefix": f"cdn/{name}/",
            "include_cookies": False,
        }
        distribution = aws.cloudfront.Distribution(
            name,
            comment=f"{pulumi.get_stack()} {name}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.get("price_class", _price_class(args["near"])),
            aliases=[args["host"]] if "host" in args else [],
            web_acl_id=args.get("web_acl_arn"),
            origins=[
                {
                    "origin_id": origin,
                    "domain_name": bucket,
                    "origin_access_control_id": control.id,
                    "origin_shield": {"enabled": True, "origin_shield_region": args["near"]},
                }
                for origin, bucket in buckets.items()
            ],
            origin_groups=[
                {
                    "origin_id": "both",
                    "failover_criteria": {"status_codes": WRONG},
                    "members": [{"origin_id": origin} for origin in buckets],
                }
            ]
            if spared
            else [],
            default_cache_behavior=behaviour,
            ordered_cache_behaviors=_beacon(behaviour, args),
            viewer_certificate=_certificate(args),
            logging_config=logs if "log_bucket_domain_name" in args else None,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            opts=self.child,
        )

        self.domain_name = distribution.domain_name
        self.zone_id = distribution.hosted_zone_id
        self.distribution_id = distribution.id
        self.distribution_arn = distribution.arn
        self.address = pulumi.Output.format("{}:{}", distribution.domain_name, self.port)
        self.register_outputs(
            {
                "address": self.address,
                "domain_name": self.domain_name,
                "zone_id": self.zone_id,
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
            }
        )

    def _check(self, args: ContentEdgeArgs) -> None:
        if args["near"] not in SHIELDS:
            self.reject("near", args["near"], f"a region with an Origin Shield: {', '.join(SHIELDS)}")
        if "host" in args and "certificate_arn" not in args:
            self.reject("host", args["host"], "given together with certificate_arn")
        known = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
        if (given := args.get("price_class", "PriceClass_All")) not in known:
            self.reject("price_class", given, f"one of {', '.join(known)}")


def read_by(*edges: ContentEdge) -> Mapping[str, Any]:
    """The statement of a bucket's policy that lets these edges read it, and nobody else: for share()."""
    return {
        "Sid": "Edges",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"AWS:SourceArn": [edge.distribution_arn for edge in edges]}},
    }


def _price_class(region: str) -> str:
    if region.startswith(CHEAPEST):
        return "PriceClass_100"
    return "PriceClass_All" if region.startswith("sa-") else "PriceClass_200"


def _beacon(behaviour: dict[str, Any], args: ContentEdgeArgs) -> list[Any]:
    if "beacon_function_arn" not in args:
        return []
    answered = [{"event_type": "viewer-request", "function_arn": args["beacon_function_arn"]}]
    return [{**behaviour, "path_pattern": "/beacon", "function_associations": answered}]


def _certificate(args: ContentEdgeArgs) -> Any:
    if "certificate_arn" not in args:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": args["certificate_arn"],
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
