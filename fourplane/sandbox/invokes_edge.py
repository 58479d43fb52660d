"""Questions about DNS zones, and about CloudFront's managed policies, whose ids AWS publishes."""

from typing import Any

from fourplane.errors import Mistake

CACHE = {
    "Managed-CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    "Managed-CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    "Managed-CachingOptimizedForUncompressedObjects": "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
    "Managed-Amplify": "2e54312d-136d-493c-8eb9-b001f22f67d2",
    "Managed-Elemental-MediaPackage": "08627262-05a9-4f76-9ded-b50ca2e3a84f",
    "UseOriginCacheControlHeaders": "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
    "UseOriginCacheControlHeaders-QueryStrings": "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
}
ORIGIN_REQUEST = {
    "Managed-AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
    "Managed-AllViewerAndCloudFrontHeaders-2022-06": "33f36d7e-f396-46d9-90e0-52428a34d9dc",
    "Managed-AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
    "Managed-CORS-CustomOrigin": "59781a5b-3903-41f3-afcb-af62929ccde1",
    "Managed-CORS-S3Origin": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
    "Managed-Elemental-MediaTailor-PersonalizedManifests": "775133bc-15f2-49f9-abea-afb2e0bf67d2",
    "Managed-UserAgentRefererHeaders": "acba4595-bd28-49b8-b9fe-13317c0390fa",
}
RESPONSE_HEADERS = {
    "Managed-CORS-With-Preflight": "5cc3b908-e619-4b99-88e5-2cf7f45965bd",
    "Managed-CORS-and-SecurityHeadersPolicy": "e61eb60c-9c35-4d20-a928-2b84e02af89c",
    "Managed-CORS-with-preflight-and-SecurityHeadersPolicy": "eaab4381-ed33-4a86-88ca-d9558dc6cd63",
    "Managed-SecurityHeadersPolicy": "67f7725c-6f97-4210-82d7-5512b31e9d03",
    "Managed-SimpleCORS": "60669652-455b-4ae9-85a4-c4c02393f86c",
}


def cache_policy(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    return _managed(args, CACHE, "cache-policy")


def origin_request_policy(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    return _managed(args, ORIGIN_REQUEST, "origin-request-policy")


def response_headers_policy(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    return _managed(args, RESPONSE_HEADERS, "response-headers-policy")


def _managed(args: dict[str, Any], known: dict[str, str], kind: str) -> dict[str, Any]:
    found = {name: id for name, id in known.items() if args.get("name") == name or args.get("id") == id}
    if not found:
        wanted = args.get("name") or args.get("id")
        raise Mistake(f"CloudFront has no managed {kind} '{wanted}'; there are {', '.join(known)}")
    name, id = next(iter(found.items()))
    return {"id": id, "name": name, "arn": f"arn:aws:cloudfront:::{kind}/{id}", "comment": ""}


def zone(args: dict[str, Any], region: str, client: Any) -> dict[str, Any]:
    route53 = client("route53", region)
    wanted = (args.get("name") or "").rstrip(".")
    found = [
        zone
        for zone in route53.list_hosted_zones()["HostedZones"]
        if args.get("zoneId") in (None, zone["Id"].split("/")[-1])
        and wanted in ("", zone["Name"].rstrip("."))
        and (args.get("privateZone") is None or zone["Config"]["PrivateZone"] == args["privateZone"])
    ]
    if len(found) != 1:
        amount = (
            f"{len(found)} match"
            if found
            else "there is none; the sandbox starts empty: create it in the program"
        )
        raise Mistake(f"expected one hosted zone {wanted or args.get('zoneId')}, but {amount}")
    id = found[0]["Id"].split("/")[-1]
    servers = route53.get_hosted_zone(Id=id).get("DelegationSet", {}).get("NameServers", [])
    return {
        "id": id,
        "zoneId": id,
        "arn": f"arn:aws:route53:::hostedzone/{id}",
        "callerReference": found[0]["CallerReference"],
        "comment": found[0]["Config"].get("Comment", ""),
        "name": found[0]["Name"].rstrip("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": found[0]["Config"]["PrivateZone"],
        "resourceRecordSetCount": found[0]["ResourceRecordSetCount"],
    }
