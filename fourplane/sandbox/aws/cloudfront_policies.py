"""CloudFront: policies and VPC origins, which moto does not have: checked and simulated."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates


@creates("aws:cloudfront/cachePolicy:CachePolicy")
def cache_policy(new: New) -> Made:
    times = {"minTtl": 0, "defaultTtl": 86400, "maxTtl": 31536000}
    return _policy(new, "create_cache_policy", "CachePolicyConfig", "cache-policy", times)


@creates("aws:cloudfront/originRequestPolicy:OriginRequestPolicy")
def origin_request_policy(new: New) -> Made:
    return _policy(
        new, "create_origin_request_policy", "OriginRequestPolicyConfig", "origin-request-policy", {}
    )


@creates("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
def response_headers_policy(new: New) -> Made:
    return _policy(
        new, "create_response_headers_policy", "ResponseHeadersPolicyConfig", "response-headers-policy", {}
    )


def _policy(new: New, operation: str, member: str, kind: str, defaults: dict[str, Any]) -> Made:
    name = new.name
    inputs = {**defaults, **new.inputs, "name": name}
    config = shapes.fit_member(new.client("cloudfront"), operation, member, inputs)
    new.simulate("cloudfront", operation, {member: config})
    arn = new.arn("cloudfront", f"{kind}/{new.uuid}", region="")
    return new.uuid, {"arn": arn, "etag": new.etag, "name": name, **{k: inputs[k] for k in defaults}}


@creates("aws:cloudfront/vpcOrigin:VpcOrigin")
def vpc_origin(new: New) -> Made:
    path = "VpcOriginEndpointConfig"
    endpoint = new.first("vpcOriginEndpointConfig")
    config = shapes.fit_member(new.client("cloudfront"), "create_vpc_origin", path, endpoint)
    tags = {"Tags": {"Items": new.tag_list}} if new.tags else {}
    new.simulate("cloudfront", "create_vpc_origin", {path: config, **tags})
    id = f"vo_{new.hash(22)}"
    return id, {"arn": new.arn("cloudfront", f"vpcorigin/{id}", region=""), "etag": new.etag}
