"""The edge of the world: CloudFront before everything."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server
from components.edge.cdn_behaviours import (
    ALL_METHODS,
    ALL_VIEWER,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    FAILOVER,
    READS,
    Fallback,
    Images,
    image_behaviour,
    parted,
    read_behaviours,
    read_by,
    reader,
    spare_origins,
)
from components.edge.cdn_settings import PUBLIC_ORIGIN, origin_facing, security_headers
from components.edge.firewall import ORIGIN_HEADER, Firewall
from components.edge.shedding import Sheddable
from components.edge.static_fallback import StaticFallback, StaticFallbackArgs
from components.keeping import Keeping
from components.state.private_bucket import PrivateBucket, share


class CdnEdgeArgs(Keeping):
    origin_dns_name: pulumi.Input[str]
    """Host name of the load balancer that answers `api_paths`."""
    origin_arn: NotRequired[pulumi.Input[str]]
    """ARN of that load balancer, which is private. Default: it is public, or several of several regions are,
    found by `origin_dns_name` and called with TLS only."""
    origin_tls: NotRequired[bool]
    """Whether the private one speaks TLS on 443, with a certificate for the first of `aliases`. Default
    False: HTTP on 80, which does not leave AWS's network."""
    origin_secret: NotRequired[pulumi.Input[str]]
    """Sent along as the header x-origin-secret, by which a public load balancer's Firewall knows this
    distribution: pulumi.Output.secret of 32 characters or more. Default: none is sent."""
    api_paths: NotRequired[Sequence[str]]
    """Path patterns that go to the load balancer, uncached; all others to the content bucket. One that is
    within a pattern of `fallback` comes before it: what is written there. Default ["/api/*"]."""
    aliases: NotRequired[Sequence[str]]
    """Host names of the site; they need `certificate_arn`. Default: the distribution's own name only."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Public Route 53 zone that gets the records of `aliases` (Domain.zone_id). Default: they are made
    elsewhere."""
    certificate_arn: NotRequired[pulumi.Input[str]]
    """ACM certificate in us-east-1 for `aliases`. Default: CloudFront's own, which only then cannot be held
    to TLS 1.2 (AWS's rule for *.cloudfront.net)."""
    price_class: NotRequired[str]
    """PriceClass_100 (North America, Europe), _200 (and Asia, Middle East, Africa) or _All. Default
    PriceClass_All."""
    requests_per_client: NotRequired[int]
    """Requests that one address may make in five minutes. Default 2000."""
    sheddable: NotRequired[Mapping[str, Sheddable]]
    """Classes of requests that can be turned away without a deployment, by name (Firewall). Default: none."""
    script_sources: NotRequired[Sequence[str]]
    """Where pages may get scripts besides their own host, by https: a folder of one release, so that nothing
    else of that host is meant. Default: nowhere."""
    connect_sources: NotRequired[Sequence[pulumi.Input[str]]]
    """Whom scripts may call besides their own host: "https://…", such as AppClients.sign_in_url. Default:
    nobody."""
    fallback: NotRequired[Fallback]
    """What is only read, and answered without the load balancer where that fails. With `origin_tls`,
    `origin_dns_name` must be a name of its certificate then. Default: nothing."""
    stale_seconds: NotRequired[int]
    """How long an answer of `fallback`'s paths is kept, to be served instead of an error; the load
    balancer's Cache-Control says how long it is fresh, and "no-store", "private" or "stale-if-error=0" that
    it is not kept so. Nothing of a viewer but the query reaches these paths then. Default: none is kept."""
    images: NotRequired[Images]
    """Objects of another bucket, kept long. Default: none."""
    log_bucket_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of the bucket of CloudFront's access logs (LogArchive.bucket_domain_name). Default: none
    are kept."""


class CdnEdge(Peer):
    """One distribution: content from a bucket that only it can read, APIs from a load balancer that only
    CloudFront can reach.

    The load balancer is private, and CloudFront comes through a VPC origin; or there is a public one in
    every region, and DNS says which answers. connect(edge, gateway) lets CloudFront's addresses in. Viewers
    get HTTPS, HTTP/3, compression and security headers; WAF stands before everything.
    """

    domain_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `domain_name`, for alias records."""
    distribution_id: pulumi.Output[str]
    distribution_arn: pulumi.Output[str]
    switch_arns: pulumi.Output[Mapping[str, str]]
    """By what classes of requests are turned away (Firewall)."""
    content_bucket: pulumi.Output[str]

    def __init__(self, name: str, args: CdnEdgeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        api_paths = args.get("api_paths", ["/api/*"])
        self._check(args, api_paths)

        firewall = Firewall(name, _only(args, "requests_per_client", "sheddable"), self.child)
        kept: Any = {"shared": True, **_only(args, *Keeping.__annotations__)}
        content = PrivateBucket(f"{name}-content", kept, self.child)
        security = security_headers(
            {
                "script-src": args.get("script_sources", ()),
                "connect-src": args.get("connect_sources", ()),
            }
        )
        headers = aws.cloudfront.ResponseHeadersPolicy(
            name,
            name=f"{pulumi.get_stack()}-{name}",
            security_headers_config=security,
            opts=self.child,
        )
        to_bucket = reader(self, name, f"{name} reads {name}-content")
        api: Any = {"origin_id": "api", "domain_name": args["origin_dns_name"]}
        if "origin_arn" in args:
            private = aws.cloudfront.VpcOrigin(
                name, vpc_origin_endpoint_config=_endpoint(name, args["origin_arn"], args), opts=self.child
            )
            api["vpc_origin_config"] = {"vpc_origin_id": private.id}
        else:
            api.update(PUBLIC_ORIGIN)
        if "origin_secret" in args:
            api["custom_headers"] = [{"name": ORIGIN_HEADER, "value": args["origin_secret"]}]
        behaviour: Any = {
            "viewer_protocol_policy": "redirect-to-https",
            "compress": True,
            "response_headers_policy_id": headers.id,
        }
        from_bucket: Any = {
            **behaviour,
            **READS,
            "target_origin_id": "content",
            "cache_policy_id": CACHING_OPTIMIZED,
        }
        from_balancer: Any = [
            {
                **behaviour,
                **ALL_METHODS,
                "path_pattern": path,
                "target_origin_id": "api",
                "cache_policy_id": CACHING_DISABLED,
                "origin_request_policy_id": ALL_VIEWER,
            }
            for path in api_paths
        ]
        origins: Any = [
            {
                "origin_id": "content",
                "domain_name": content.bucket_regional_domain_name,
                "origin_access_control_id": to_bucket.id,
            },
            api,
        ]
        first, from_balancer = parted(from_balancer, args.get("fallback", {"paths": []})["paths"])
        if "images" in args:
            host = args["images"]["bucket_domain_name"]
            origins.append({**origins[0], "origin_id": "images", "domain_name": host})
            first.append(image_behaviour(self, behaviour, args["images"], security))
        if "fallback" in args:
            origins += spare_origins(api, self._fallback(args, args["fallback"]).domain_name)
            stale = args.get("stale_seconds")
            first += read_behaviours(self, behaviour, args["fallback"], stale, security)
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
            default_root_object="index.html",
            price_class=args.get("price_class", "PriceClass_All"),
            aliases=args.get("aliases", []),
            web_acl_id=firewall.web_acl_arn,
            origins=origins,
            origin_groups=[FAILOVER] if "fallback" in args else None,
            default_cache_behavior=from_bucket,
            ordered_cache_behaviors=[*first, *from_balancer],
            viewer_certificate=_certificate(args),
            logging_config=logs if "log_bucket_domain_name" in args else None,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            opts=self.child,
        )
        share(content, read_by(distribution.arn))

        for alias in args.get("aliases", []) if "zone_id" in args else []:
            for kind in ("A", "AAAA"):
                aws.route53.Record(
                    f"{name}-{alias}-{kind.lower()}",
                    zone_id=args.get("zone_id", ""),
                    name=alias,
                    type=kind,
                    aliases=[
                        {
                            "name": distribution.domain_name,
                            "zone_id": distribution.hosted_zone_id,
                            "evaluate_target_health": False,  # CloudFront has no health to evaluate
                        }
                    ],
                    opts=self.child,
                )

        self.domain_name = distribution.domain_name
        self.zone_id = distribution.hosted_zone_id
        self.distribution_id = distribution.id
        self.distribution_arn = distribution.arn
        self.switch_arns = firewall.switch_arns
        self.content_bucket = content.bucket
        self.register_outputs(
            {
                "domain_name": self.domain_name,
                "zone_id": self.zone_id,
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "switch_arns": self.switch_arns,
                "content_bucket": self.content_bucket,
            }
        )

    def source(self, server: Server) -> dict[str, pulumi.Input[str]]:
        """CloudFront's addresses, as the prefix list of the server's own region has them."""
        return {"prefix_list_id": origin_facing(server).id}

    def reads(self) -> Mapping[str, Any]:
        """The statement that lets it read the bucket of its images: for share()."""
        return read_by(self.distribution_arn)

    def _fallback(self, args: CdnEdgeArgs, fallback: Fallback) -> StaticFallback:
        own: StaticFallbackArgs = _only(args, *Keeping.__annotations__, "log_bucket_domain_name")
        if "pages" in fallback:
            own["pages"] = fallback["pages"]
        if "json_paths" in fallback:
            own["json_paths"] = fallback["json_paths"]
        return StaticFallback(f"{self.name}-fallback", own, self.child)

    def _check(self, args: CdnEdgeArgs, api_paths: Sequence[str]) -> None:
        if not api_paths:
            self.reject("api_paths", [], "one path pattern or more, such as '/api/*'")
        if args.get("aliases") and "certificate_arn" not in args:
            self.reject("aliases", list(args.get("aliases", [])), "given together with certificate_arn")
        if "zone_id" in args and not args.get("aliases"):
            self.reject("zone_id", "given", "given together with aliases")
        if args.get("origin_tls", False) and "origin_arn" not in args:
            self.reject("origin_tls", True, "left out without origin_arn: a public one always speaks TLS")
        for source in args.get("script_sources", ()):
            if not re.fullmatch(r"https://[a-z0-9.-]+/[^*;,\s]+/", source):
                self.reject(
                    "script_sources", source, "folders such as 'https://cdn.example.com/library@1.2.3/'"
                )
        if "stale_seconds" in args and "fallback" not in args:
            self.reject(
                "stale_seconds", args["stale_seconds"], "given together with fallback, for whose paths it is"
            )
        if args.get("stale_seconds", 1) < 1:
            self.reject("stale_seconds", args.get("stale_seconds"), "at least 1, or left out")
        if not args.get("fallback", {"paths": [""]})["paths"]:
            self.reject("fallback['paths']", [], "one path pattern or more")
        known = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
        if (given := args.get("price_class", "PriceClass_All")) not in known:
            self.reject("price_class", given, f"one of {', '.join(known)}")


def _only(args: CdnEdgeArgs, *keys: str) -> Any:
    return {key: args[key] for key in keys if key in args}


def _endpoint(name: str, arn: pulumi.Input[str], args: CdnEdgeArgs) -> Any:
    return {
        "name": f"{pulumi.get_stack()}-{name}",
        "arn": arn,
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only" if args.get("origin_tls", False) else "http-only",
        "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
    }


def _certificate(args: CdnEdgeArgs) -> Any:
    if "certificate_arn" not in args:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": args["certificate_arn"],
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
