"""A site's name, its certificates, its entrances, and who visits it."""

import pulumi
import pulumi_aws as aws
import pytest

from components.edge.cdn_edge import CdnEdge
from components.edge.certificate import Certificate
from components.edge.domain import Domain
from components.edge.entrance_health import EntranceHealth
from components.edge.firewall import Firewall
from components.edge.geography import Geography
from components.edge.load_balancer import LoadBalancer
from components.edge.private_names import PrivateNames
from components.edge.synthetic_client import SyntheticClient
from components.provider import provider
from components.region import Region
from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION

NAME = "shop.example.com"
FAR = "eu-west-1"


def records(cloud, zone_id):
    found = cloud.client("route53", REGION).list_resource_record_sets(HostedZoneId=zone_id)
    return found["ResourceRecordSets"]


def test_a_domain_is_signed_logged_and_has_cloudfront_s_certificate(deploy, cloud):
    graph = deploy(lambda: Domain("domain", {"domain": NAME, "region": FAR}))
    zone = graph.one("aws:route53/zone:Zone").id
    (logged,) = cloud.client("route53", REGION).list_query_logging_configs()["QueryLoggingConfigs"]
    assert f":us-east-1:123456789012:log-group:/aws/route53/{NAME}:" in logged["CloudWatchLogsLogGroupArn"]
    kinds = {one["Type"] for one in records(cloud, zone)}
    assert {"CAA", "CNAME", "NS"} <= kinds
    certificates = cloud.client("acm", REGION).list_certificates()["CertificateSummaryList"]
    assert [one["DomainName"] for one in certificates] == [NAME]
    assert graph.one("aws:route53/keySigningKey:KeySigningKey").outputs["dsRecord"].split(" ")[1:3] == [
        "13",
        "2",
    ]


def test_one_proof_does_for_the_certificates_of_several_regions(deploy, cloud):
    def program():
        domain = Domain("domain", {"domain": NAME})
        Certificate("far", {"domain": NAME, "proof": domain.proof, "region": FAR})

    graph = deploy(program)
    zone = graph.one("aws:route53/zone:Zone").id
    assert len([one for one in records(cloud, zone) if one["Type"] == "CNAME"]) == 1
    assert [
        one["DomainName"] for one in cloud.client("acm", FAR).list_certificates()["CertificateSummaryList"]
    ] == [NAME]


def test_rejects_a_proof_of_another_domain(deploy):
    def program():
        domain = Domain("domain", {"domain": NAME})
        Certificate("far", {"domain": "other.example.com", "proof": domain.proof})

    with pytest.raises(Mistake, match="missing DNS validation record"):
        deploy(program)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ({"region": FAR}, "keys of us-east-1 only"),
        ({}, "ECC_NIST_P256 keys only"),
    ],
)
def test_rejects_a_key_that_route_53_cannot_sign_with(deploy, key, words):
    def program():
        zone = aws.route53.Zone("it", name=NAME)
        made = aws.kms.Key("it", **key)
        aws.route53.KeySigningKey(
            "it", name="it", hosted_zone_id=zone.id, key_management_service_arn=made.arn
        )

    with pytest.raises(Mistake, match=words):
        deploy(program)


def test_a_balancer_has_its_name_in_a_zone_that_its_network_alone_sees(deploy, cloud):
    def program():
        domain, place = Domain("domain", {"domain": NAME}), network()
        inside = {"domain": f"inside.{NAME}", "vpc_id": place["vpc_id"], "zone_id": domain.zone_id}
        LoadBalancer("user", {**place, **PrivateNames("names", inside).tls, "target_port": 80})

    graph = deploy(program)
    zone = graph.one("aws:route53/zone:Zone", "names").id
    found = cloud.client("route53", REGION).get_hosted_zone(Id=zone)
    assert found["HostedZone"]["Config"]["PrivateZone"] and len(found["VPCs"]) == 1
    (record,) = [one for one in records(cloud, zone) if one["Type"] == "A"]
    balancer = graph.one("aws:lb/loadBalancer:LoadBalancer").outputs
    assert record["Name"] == f"user.inside.{NAME}." and record["AliasTarget"]["EvaluateTargetHealth"]
    assert record["AliasTarget"]["DNSName"].rstrip(".") == balancer["dnsName"]


def network(child=None):
    region = FAR if child else REGION
    vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16", opts=child)
    subnets = [
        aws.ec2.Subnet(
            f"it-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.0.{number}.0/24",
            availability_zone=f"{region}{zone}",
            opts=child,
        )
        for number, zone in enumerate("ab")
    ]
    return {"vpc_id": vpc.id, "subnet_ids": [subnet.id for subnet in subnets]}


def two_regions():
    """Three geographies over the entrances of two regions, one distribution before them."""
    domain = Domain("domain", {"domain": NAME})
    far = Region("far", {}, pulumi.ResourceOptions(providers=[provider(FAR)])).child
    entrances = []
    for child in (None, far):
        certificate = Certificate("entrance", {"domain": NAME, "proof": domain.proof}, child)
        front = {**network(child), "internet_facing": True, "certificate_arn": certificate.arn}
        balancer = LoadBalancer("gateway", {**front, "target_port": 80}, child)
        Firewall("entrance", {"load_balancer_arns": {"gateway": balancer.arn}}, child)
        metrics = {
            "load_balancer_dimension": balancer.dimension,
            "target_group_dimension": balancer.target_group_dimension,
        }
        entrances.append((balancer, EntranceHealth("entrance", metrics, child)))
    aliases = {"aliases": [NAME], "zone_id": domain.zone_id, "certificate_arn": domain.certificate_arn}
    CdnEdge("edge", {"origin_dns_name": f"origin.{NAME}", **aliases})
    for area, (balancer, health) in zip(("us", "eu", "asia"), [*entrances, entrances[0]], strict=True):
        record = {
            "name": f"origin.{NAME}",
            "zone_id": domain.zone_id,
            "target": balancer.dns_name,
            "target_zone_id": balancer.zone_id,
            "health_check_id": health.health_check_id,
        }
        Geography(area, {"area": area, "host": NAME, "p99_ms": 150, "record": record})


def test_a_site_of_two_regions_is_found_by_latency_and_health(deploy, cloud):
    graph = deploy(two_regions)
    found = records(cloud, graph.one("aws:route53/zone:Zone").id)
    origin = {one["SetIdentifier"]: one for one in found if one["Name"] == f"origin.{NAME}."}
    assert {id: one["Region"] for id, one in origin.items()} == {
        "us": "us-east-1",
        "eu": "eu-west-1",
        "asia": "ap-northeast-1",
    }
    checks = {check.id: check.inputs for check in graph.all("aws:route53/healthCheck:HealthCheck")}
    watched = {id: checks[one["HealthCheckId"]]["cloudwatchAlarmRegion"] for id, one in origin.items()}
    assert watched == {"us": REGION, "eu": FAR, "asia": REGION}
    assert [one["Type"] for one in found if one["Name"] == f"{NAME}." and "AliasTarget" in one] == [
        "A",
        "AAAA",
    ]


def test_each_region_s_entrance_has_a_firewall_there(deploy, cloud):
    graph = deploy(two_regions)
    for balancer in graph.all("aws:lb/loadBalancer:LoadBalancer"):
        waf = cloud.client("wafv2", balancer.region)
        acl = waf.get_web_acl_for_resource(ResourceArn=balancer.id)["WebACL"]
        assert balancer.region in acl["ARN"] and len(acl["Rules"]) == 2


def test_a_canary_runs_a_script_that_is_there(deploy, cloud):
    graph = deploy(lambda: SyntheticClient("phone", {"host": NAME, "paths": ["/"]}))
    canary = cloud.client("synthetics", REGION).get_canary(Name="dev-phone")["Canary"]
    assert canary["RuntimeVersion"].startswith("syn-python-selenium-")
    assert (
        canary["Schedule"]["Expression"] == "rate(5 minutes)" and canary["Code"]["Handler"] == "visit.handler"
    )
    group = graph.one("aws:cloudwatch/logGroup:LogGroup").outputs["name"]
    assert group == f"/aws/lambda/cwsyn-dev-phone-{canary['Id']}"


def canary(**more):
    role = aws.iam.Role("it", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
    code = {"s3_bucket": aws.s3.Bucket("it").bucket, "s3_key": "visit.zip"}
    given = {"name": "it", "runtime_version": "syn-python-selenium-14.0", "handler": "visit.handler", **code}
    aws.synthetics.Canary(
        "it",
        execution_role_arn=role.arn,
        artifact_s3_location="s3://it/visits",
        schedule={"expression": "rate(5 minutes)"},
        **{**given, **more},
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "HeadObject refused"),
        ({"name": "It"}, "a canary's name is of a-z"),
        ({"s3_bucket": None, "s3_key": None, "zip_file": "a.zip"}, "from a bucket"),
        (
            {"artifact_config": {"s3_encryption": {"encryption_mode": "SSE"}}},
            "HeadObject refused|EncryptionMode",
        ),
    ],
)
def test_rejects_a_canary_that_cannot_run(deploy, given, words):
    with pytest.raises((Mistake, Failure), match=words):
        deploy(lambda: canary(**given))
