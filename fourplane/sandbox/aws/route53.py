"""Route 53: zones, records and health checks."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.aws import route53_networks, route53_zones
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given

__all__ = ["route53_networks", "route53_zones"]  # what the provider has as resources of their own


@creates("aws:route53/zone:Zone")
def zone(new: New) -> Made:
    route53 = new.client("route53")
    name = new.name
    vpcs = [{"VPCId": v["vpcId"], "VPCRegion": v.get("vpcRegion", new.region)} for v in new.get("vpcs", [])]
    comment = new.get("comment", "Managed by Pulumi")
    made = route53.create_hosted_zone(
        Name=name,
        CallerReference=new.hash(26),
        HostedZoneConfig={"Comment": comment, "PrivateZone": bool(vpcs)},
        **given(VPC=vpcs[0] if vpcs else None, DelegationSetId=new.get("delegationSetId")),
    )
    id = made["HostedZone"]["Id"].removeprefix("/hostedzone/")
    for vpc in vpcs[1:]:
        route53.associate_vpc_with_hosted_zone(HostedZoneId=id, VPC=vpc)
    _tag(new, "hostedzone", id)
    servers = made.get("DelegationSet", {}).get("NameServers", [])
    return id, {
        "arn": f"arn:aws:route53:::hostedzone/{id}",
        "comment": comment,
        "name": name.rstrip("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "zoneId": id,
    }


def _tag(new: New, kind: str, id: str) -> None:
    if new.tags:
        new.client("route53").change_tags_for_resource(ResourceType=kind, ResourceId=id, AddTags=new.tag_list)


@creates("aws:route53/record:Record")
def record(new: New) -> Made:
    route53 = new.client("route53")
    zone_id = new["zoneId"]
    domain = route53.get_hosted_zone(Id=zone_id)["HostedZone"]["Name"].rstrip(".")
    fqdn = _within(new["name"].rstrip(".").lower(), domain)
    record_set = {"Name": fqdn, "Type": new["type"], **_routing(new), **_answer(new)}
    action = "UPSERT" if new.get("allowOverwrite") else "CREATE"
    change = {"Action": action, "ResourceRecordSet": record_set}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})
    parts = [zone_id, new["name"].lower(), new["type"], *filter(None, [new.get("setIdentifier")])]
    return "_".join(parts), {"fqdn": fqdn, "name": new["name"]}


def _within(name: str, domain: str) -> str:
    """A record's full name: the program may leave the zone's off."""
    if name in ("", "@", domain) or name.endswith(f".{domain}"):
        return domain if name in ("", "@") else name
    return f"{name}.{domain}"


def _answer(new: New) -> dict[str, Any]:
    alias = new.first("aliases")
    if alias:
        target = {"HostedZoneId": alias["zoneId"], "DNSName": alias["name"]}
        return {"AliasTarget": {**target, "EvaluateTargetHealth": alias["evaluateTargetHealth"]}}
    texts = [_quoted(value) if new["type"] in ("TXT", "SPF") else value for value in new.get("records", [])]
    return given(TTL=new.get("ttl"), ResourceRecords=[{"Value": text} for text in texts])


def _quoted(value: str) -> str:
    return value if value.startswith('"') else f'"{value}"'


def _routing(new: New) -> dict[str, Any]:
    weight, place = new.first("weightedRoutingPolicies"), new.first("geolocationRoutingPolicies")
    near, network = new.first("geoproximityRoutingPolicy"), new.first("cidrRoutingPolicy")
    return given(
        SetIdentifier=new.get("setIdentifier"),
        HealthCheckId=new.get("healthCheckId"),
        Weight=weight.get("weight"),
        Region=new.first("latencyRoutingPolicies").get("region"),
        Failover=new.first("failoverRoutingPolicies").get("type"),
        MultiValueAnswer=new.get("multivalueAnswerRoutingPolicy"),
        GeoLocation=given(
            ContinentCode=place.get("continent"),
            CountryCode=place.get("country"),
            SubdivisionCode=place.get("subdivision"),
        ),
        CidrRoutingConfig=given(
            CollectionId=network.get("collectionId"), LocationName=network.get("locationName")
        ),
        GeoProximityLocation=given(
            AWSRegion=near.get("awsRegion"), Bias=near.get("bias"), LocalZoneGroup=near.get("localZoneGroup")
        ),
    )


HEALTH_CHECK = {
    "fqdn": "FullyQualifiedDomainName",
    "childHealthThreshold": "HealthThreshold",
    "invertHealthcheck": "Inverted",
    **{
        key: None
        for key in ("cloudwatchAlarmName", "cloudwatchAlarmRegion", "referenceName", "tags", "triggers")
    },
}


@creates("aws:route53/healthCheck:HealthCheck")
def health_check(new: New) -> Made:
    route53 = new.client("route53")
    config = shapes.fit_member(route53, "create_health_check", "HealthCheckConfig", new.inputs, HEALTH_CHECK)
    if new.get("cloudwatchAlarmName"):
        alarm = {"Name": new["cloudwatchAlarmName"], "Region": new["cloudwatchAlarmRegion"]}
        config["AlarmIdentifier"] = alarm
    shapes.validate(
        route53, "create_health_check", {"CallerReference": new.hash(26), "HealthCheckConfig": config}
    )
    reference = f"{new.get('referenceName', '')}{new.hash(26)}"
    made = route53.create_health_check(CallerReference=reference, HealthCheckConfig=config)["HealthCheck"]
    id = made["Id"]
    _tag(new, "healthcheck", id)
    return id, {"arn": f"arn:aws:route53:::healthcheck/{id}"}
