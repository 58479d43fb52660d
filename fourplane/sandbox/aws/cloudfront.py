"""CloudFront: distributions, functions and origin access."""

from typing import Any

from fourplane.errors import Mistake
from fourplane.sandbox import shapes
from fourplane.sandbox.aws import cloudfront_policies
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

__all__ = ["cloudfront_policies"]  # what moto does not have

EDGE_ZONE = "Z2FDTNDATAQYW2"  # CloudFront's hosted zone, the same for every distribution
DISTRIBUTION = {
    "originId": "Id",
    "members.originId": "OriginId",
    "customHeaders.name": "HeaderName",
    "customHeaders.value": "HeaderValue",
    "lambdaArn": "LambdaFunctionARN",
    "orderedCacheBehaviors": "CacheBehaviors",
    "loggingConfig": "Logging",
    "locations": "Items",
    "tags": None,
    "retainOnDelete": None,
    "waitForDeployment": None,
}


@creates("aws:cloudfront/distribution:Distribution")
def distribution(new: New) -> Made:
    client = new.client("cloudfront")
    reference = new.hash(26)
    certificate = new.first("viewerCertificate").get("acmCertificateArn") or ":::us-east-1"
    if certificate.split(":")[3] != "us-east-1":
        raise Mistake(f"CloudFront takes certificates of us-east-1 only, got {certificate}")
    _check_groups(new)
    config = shapes.fit_member(
        client,
        "create_distribution_with_tags",
        "DistributionConfigWithTags.DistributionConfig",
        _declared(new),
        DISTRIBUTION,
    )
    config["CallerReference"] = reference
    request = {"DistributionConfigWithTags": {"DistributionConfig": config, "Tags": {"Items": new.tag_list}}}
    shapes.validate(client, "create_distribution_with_tags", request)
    answer = client.create_distribution_with_tags(**request)
    made = answer["Distribution"]
    return made["Id"], {
        "arn": made["ARN"],
        "callerReference": reference,
        "domainName": made["DomainName"],
        "etag": answer["ETag"],
        "hostedZoneId": EDGE_ZONE,
        "inProgressValidationBatches": 0,
        "lastModifiedTime": str(made["LastModifiedTime"]),
        "status": "Deployed" if new.get("waitForDeployment", True) else made["Status"],
        "httpVersion": new.get("httpVersion", "http2"),
        "priceClass": new.get("priceClass", "PriceClass_All"),
    }


def _declared(new: New) -> dict[str, Any]:
    """The inputs with what the API demands and the provider fills in."""
    place = dict(new.first("restrictions").get("geoRestriction") or {})
    place["quantity"] = len(place.get("locations") or [])
    logging = new.first("loggingConfig")
    return {
        "comment": "",
        "httpVersion": "http2",
        "priceClass": "PriceClass_All",
        **new.inputs,
        "origins": [_origin(origin) for origin in new["origins"]],
        "defaultCacheBehavior": _behaviour(new.first("defaultCacheBehavior")),
        "orderedCacheBehaviors": [_behaviour(b) for b in new.get("orderedCacheBehaviors", [])],
        "restrictions": {"geoRestriction": place},
        "viewerCertificate": {"cloudfrontDefaultCertificate": False, **new.first("viewerCertificate")},
        "loggingConfig": {"enabled": bool(logging.get("bucket")), **LOGGING, **logging},
    }


def _check_groups(new: New) -> None:
    """Only what is read fails over: https://github.com/aws/aws-cdk/issues/32450."""
    groups = {group["originId"] for group in new.get("originGroups") or []}
    for behaviour in [new["defaultCacheBehavior"], *(new.get("orderedCacheBehaviors") or [])]:
        writes = {"POST", "PUT", "PATCH", "DELETE"} & set(behaviour["allowedMethods"])
        if writes and behaviour["targetOriginId"] in groups:
            raise Mistake("AllowedMethods cannot include POST, PUT, PATCH or DELETE for an origin group")


LOGGING = {"bucket": "", "prefix": "", "includeCookies": False}


def _origin(origin: dict[str, Any]) -> dict[str, Any]:
    """An S3 origin reached through an access control still has an empty S3OriginConfig."""
    kinds = ("customOriginConfig", "s3OriginConfig", "vpcOriginConfig")
    filled = {"originPath": "", "customHeaders": [], **origin}
    return (
        filled
        if any(origin.get(kind) for kind in kinds)
        else {**filled, "s3OriginConfig": {"originAccessIdentity": ""}}
    )


def _behaviour(behaviour: dict[str, Any]) -> dict[str, Any]:
    """The cached methods stand inside the allowed ones; lists of who signs say whether there is anyone."""
    methods = {"items": behaviour["allowedMethods"], "quantity": len(behaviour["allowedMethods"])}
    signers = {
        key: {
            "enabled": bool(behaviour.get(key)),
            "quantity": len(behaviour.get(key) or []),
            "items": behaviour.get(key),
        }
        for key in ("trustedSigners", "trustedKeyGroups")
        if behaviour.get(key)
    }
    rest = {key: value for key, value in behaviour.items() if key not in ("allowedMethods", "cachedMethods")}
    ttl = {} if behaviour.get("cachePolicyId") else {"minTtl": 0}
    filled = {
        "compress": False,
        "smoothStreaming": False,
        "fieldLevelEncryptionId": "",
        **ttl,
        **rest,
        **signers,
    }
    return {**filled, "allowedMethods": {**methods, "cachedMethods": behaviour["cachedMethods"]}}


@creates("aws:cloudfront/originAccessControl:OriginAccessControl")
def origin_access_control(new: New) -> Made:
    client = new.client("cloudfront")
    name = new.name_within(64)
    inputs = {"description": "Managed by Pulumi", **new.inputs, "name": name}
    config = shapes.fit_member(client, "create_origin_access_control", "OriginAccessControlConfig", inputs)
    answer = client.create_origin_access_control(OriginAccessControlConfig=config)
    id = answer["OriginAccessControl"]["Id"]
    return id, {
        "arn": new.arn("cloudfront", f"origin-access-control/{id}", region=""),
        "etag": answer["ETag"],
        "name": name,
        "description": inputs["description"],
    }


@creates("aws:cloudfront/function:Function")
def function(new: New) -> Made:
    client = new.client("cloudfront")
    name = new.name_within(64)
    stores = [{"KeyValueStoreARN": arn} for arn in new.get("keyValueStoreAssociations", [])]
    associations = {"KeyValueStoreAssociations": {"Quantity": len(stores), "Items": stores}} if stores else {}
    config = {"Comment": new.get("comment", ""), "Runtime": new["runtime"], **associations}
    answer = client.create_function(Name=name, FunctionConfig=config, FunctionCode=new["code"].encode())
    made = answer["FunctionSummary"]
    return name, given(
        arn=made["FunctionMetadata"]["FunctionARN"],
        etag=answer["ETag"],
        liveStageEtag=answer["ETag"] if new.get("publish", True) else None,
        name=name,
        status=made["Status"],
    )
