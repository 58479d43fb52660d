"""What is said while a service is away."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.edge.cdn_behaviours import ALL_METHODS, CACHING_OPTIMIZED, READS, read_by, reader
from components.edge.cdn_settings import security_headers
from components.edge.static_files import StaticFiles, StaticFilesArgs
from components.keeping import Keeping
from components.state.private_bucket import PrivateBucket, share

FOLDER = Path(__file__).parent / "fallback"
UNAVAILABLE = "/unavailable.html"
RETRY_SECONDS = 30


class StaticFallbackArgs(Keeping):
    pages: NotRequired[str]
    """Folder of the machine that deploys: pages by the paths that they stand in for, and unavailable.html for
    all others. Default: unavailable.html alone."""
    json_paths: NotRequired[Sequence[str]]
    """Path patterns that programs ask for, which get JSON. Default ["/api/*"]."""
    log_bucket_domain_name: NotRequired[pulumi.Input[str]]
    """Host name of the bucket of its access logs (LogArchive.bucket_domain_name). Default: none are kept."""


class StaticFallback(Component):
    """A distribution that answers every path without a machine: the page that stands in for it, else 503
    with a page for people or JSON for programs, and Retry-After.

    It is where another distribution goes when its origin fails, as the second of an origin group, or DNS by
    a failover record. With 503, and not 200, that distribution goes on with what it has cached, if it
    has; and no search engine takes the page for the product.
    """

    domain_name: pulumi.Output[str]
    zone_id: pulumi.Output[str]
    """Route 53 zone of `domain_name`, for alias records."""
    distribution_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: StaticFallbackArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        folder = Path(args.get("pages", str(FOLDER / "pages")))
        if not (folder / UNAVAILABLE.strip("/")).is_file():
            self.reject("pages", str(folder), f"a folder with {UNAVAILABLE.strip('/')}")

        kept: Any = {"shared": True, **{key: args[key] for key in Keeping.__annotations__ if key in args}}
        bucket = PrivateBucket(f"{name}-pages", kept, self.child)
        files: StaticFilesArgs = {"bucket": bucket.bucket, "folder": str(folder)}
        if "key_arn" in args:
            files["key_arn"] = args["key_arn"]
        StaticFiles(f"{name}-files", files, self.child)
        called: Any = {"name": f"{pulumi.get_stack()}-{name}", "opts": self.child}
        control = reader(self, name, f"{name} reads its pages")
        headers = aws.cloudfront.ResponseHeadersPolicy(
            name,
            **called,
            security_headers_config=security_headers({}),
            custom_headers_config={
                "items": [{"header": "Retry-After", "value": str(RETRY_SECONDS), "override": True}]
            },
        )
        code = (FOLDER / "unavailable.js").read_text(encoding="utf-8")
        answer = aws.cloudfront.Function(name, **called, runtime="cloudfront-js-2.0", code=code)
        behaviour: Any = {
            "target_origin_id": "pages",
            "viewer_protocol_policy": "redirect-to-https",
            "cache_policy_id": CACHING_OPTIMIZED,
            "response_headers_policy_id": headers.id,
            "compress": True,
            **READS,
        }
        to_programs = [{"event_type": "viewer-request", "function_arn": answer.arn}]
        to_json: Any = [
            {**behaviour, **ALL_METHODS, "path_pattern": path, "function_associations": to_programs}
            for path in args.get("json_paths", ["/api/*"])
        ]
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
            origins=[
                {
                    "origin_id": "pages",
                    "domain_name": bucket.bucket_regional_domain_name,
                    "origin_access_control_id": control.id,
                }
            ],
            default_cache_behavior=behaviour,
            ordered_cache_behaviors=to_json,
            # Who may not list a bucket is told 403 of what is not there.
            custom_error_responses=[
                {
                    "error_code": 403,
                    "response_code": 503,
                    "response_page_path": UNAVAILABLE,
                    "error_caching_min_ttl": 10,
                }
            ],
            viewer_certificate={"cloudfront_default_certificate": True},
            logging_config=logs if "log_bucket_domain_name" in args else None,
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            opts=self.child,
        )
        share(bucket, read_by(distribution.arn))

        self.domain_name = distribution.domain_name
        self.zone_id = distribution.hosted_zone_id
        self.distribution_arn = distribution.arn
        self.register_outputs(
            {
                "domain_name": self.domain_name,
                "zone_id": self.zone_id,
                "distribution_arn": self.distribution_arn,
            }
        )
