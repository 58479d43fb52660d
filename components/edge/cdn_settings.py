"""What a distribution is told of its origin and its answers, whatever it serves."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

ORIGIN_FACING = "com.amazonaws.global.cloudfront.origin-facing"
YEAR_SECONDS = 31536000
PUBLIC_ORIGIN: Any = {
    # A region that is lost is given up after 2 x 3 s, and DNS then knows of it within minutes.
    "connection_attempts": 2,
    "connection_timeout": 3,
    "custom_origin_config": {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
        "origin_read_timeout": 30,
        "origin_keepalive_timeout": 60,  # the balancer's own, so that neither closes what the other uses
    },
}
SECURITY_HEADERS: Any = {
    "strict_transport_security": {
        "access_control_max_age_sec": YEAR_SECONDS,
        "include_subdomains": True,
        "preload": True,
        "override": True,
    },
    "content_type_options": {"override": True},
    "frame_options": {"frame_option": "DENY", "override": True},
    "referrer_policy": {"referrer_policy": "strict-origin-when-cross-origin", "override": True},
}


def security_headers(sources: Mapping[str, Sequence[pulumi.Input[str]]]) -> Any:
    """What browsers are told with every answer. `sources`: where pages may get more than from their own
    host, by directive: {"script-src": ["https://cdn.example.com/library@1.2.3/"]}."""
    more = [
        pulumi.Output.concat(f"; {directive} 'self'", *(pulumi.Output.concat(" ", one) for one in found))
        for directive, found in sources.items()
        if found
    ]
    return {
        **SECURITY_HEADERS,
        "content_security_policy": {
            "content_security_policy": pulumi.Output.concat(
                "default-src 'self'; frame-ancestors 'none'", *more
            ),
            "override": False,  # a service may say more of its own pages
        },
    }


def origin_facing(near: Component) -> pulumi.Output[aws.ec2.GetManagedPrefixListResult]:
    """The addresses that CloudFront calls origins from, as AWS lists them in the region of `near`."""
    return aws.ec2.get_managed_prefix_list_output(
        name=ORIGIN_FACING, region=near._region, opts=pulumi.InvokeOutputOptions(parent=near)
    )
