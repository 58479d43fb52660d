"""Ways of canaries, and ways by the names of a stack's own zones."""

import pulumi
import pulumi_aws as aws
import pytest

from components.access import connect, let_out
from components.edge.cdn_edge import CdnEdge
from components.edge.geography import Geography
from components.edge.synthetic_client import SyntheticClient
from components.service.auto_scaling_service import AutoScalingService
from components.service.function import Function

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"
PRIVATE = {"origin_arn": BALANCER, "origin_dns_name": "a.elb.amazonaws.com"}
VISIT = "phone -> edge canary https"


def by_cloudfront_s_name():
    edge = CdnEdge("edge", PRIVATE)
    SyntheticClient("phone", {"host": edge.domain_name, "paths": ["/"]})


def by_its_own_name():
    zone = aws.route53.Zone("zone", name="example.com")
    named = {"aliases": ["example.com"], "zone_id": zone.zone_id, "certificate_arn": CERTIFICATE}
    CdnEdge("edge", {**PRIVATE, **named})
    SyntheticClient("phone", {"host": "example.com", "paths": ["/"]})


@pytest.mark.parametrize("program", [by_cloudfront_s_name, by_its_own_name])
def test_a_canary_visits_the_distribution_that_it_names(ways, program):
    assert VISIT in ways(program) and VISIT not in ways(program, ["Canary phone"])


def test_a_name_that_leads_nowhere_is_no_way(ways):
    without = ["Record edge-example.com-a", "Record edge-example.com-aaaa"]
    assert VISIT not in ways(by_its_own_name, without)


def test_a_canary_reaches_nothing_else(ways):
    found = ways(by_cloudfront_s_name)
    assert {way for way in found if way.startswith("phone ->")} == {VISIT}


def public_origin():
    zone = aws.route53.Zone("zone", name="example.com")
    fleet = {**PLACE, "image": "a:1", "port": 80}
    front = {**PLACE, "internet_facing": True, "certificate_arn": CERTIFICATE}
    api = AutoScalingService("api", {**fleet, "front": front})
    edge = CdnEdge("edge", {"origin_dns_name": "origin.example.com"})
    record = {
        "name": "origin.example.com", "zone_id": zone.zone_id, "health_check_id": "h-1",
        "target": api.dns_name, "target_zone_id": api.zone_id,
    }  # fmt: skip
    Geography("us", {"area": "us", "host": "example.com", "p99_ms": 150, "record": record})
    connect(edge, api)


@pytest.mark.parametrize(
    "part", ["", "Record us", "SecurityGroupIngressRule edge-to-api", "Listener api-balancer"]
)
def test_a_distribution_finds_a_public_balancer_by_its_record(ways, part):
    assert ("edge -> api public origin tcp 443" in ways(public_origin, [part])) is not bool(part)


def visited():
    edge = CdnEdge("edge", PRIVATE)
    Geography("us", {"area": "us", "host": edge.domain_name, "p99_ms": 150})
    code = {"caller.py": __file__}
    site = {"SITE": pulumi.Output.format("https://{}", edge.domain_name)}
    asked = {**PLACE, "code": code, "handler": "caller.handler", "environment": site}
    let_out(Function("caller", asked))
    Function("inside", asked)


def test_health_checkers_and_functions_that_may_leave_visit_it_too(ways):
    found = ways(visited)
    assert {"us -> edge health check https", "caller -> edge visit https"} <= set(found)
    assert not [way for way in found if way.startswith("inside -> edge")]
