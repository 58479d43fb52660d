"""Arrows: what connect() opens, and nothing else does."""

import pytest

from components.access import connect, expose
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
FLEET = {**PLACE, "image": "public.ecr.aws/a:1", "port": 8080}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def two_fleets():
    return AutoScalingService("a", FLEET), AutoScalingService("b", FLEET)


def test_a_fleet_reaches_nothing_until_an_arrow_is_drawn(preview):
    graph = preview(two_fleets)
    assert {r.name for r in graph.all(INGRESS)} == {"a-balancer-to-a", "b-balancer-to-b"}


def test_an_arrow_is_a_rule_on_each_side_and_an_address(preview):
    graph = preview(lambda: connect(*two_fleets()))
    leaving, entering = graph.one(EGRESS, "a-to-b").inputs, graph.one(INGRESS, "a-to-b").inputs
    assert leaving["referencedSecurityGroupId"] == entering["securityGroupId"]
    assert entering["referencedSecurityGroupId"] == leaving["securityGroupId"]
    assert (entering["fromPort"], entering["toPort"], entering["ipProtocol"]) == (80, 80, "tcp")
    assert graph.one("aws:ssm/parameter:Parameter").inputs["name"] == "/dev/a/b"


def test_arrows_both_ways_stand_without_a_cycle(preview):
    def program():
        a, b = two_fleets()
        connect(a, b)
        connect(b, a)

    graph = preview(program)
    assert {"a-to-b", "b-to-a"} <= {r.name for r in graph.all(INGRESS)}


def test_rejects_an_arrow_drawn_twice(preview):
    def program():
        a, b = two_fleets()
        connect(a, b, b)

    with pytest.raises(Exception, match="the arrow from 'a' to 'b' is drawn twice"):
        preview(program)


def test_the_internet_comes_in_only_where_a_server_is_exposed(preview):
    graph = preview(lambda: expose(two_fleets()[0]))
    open_to_all = [r.name for r in graph.all(INGRESS) if r.inputs.get("cidrIpv4") or r.inputs.get("cidrIpv6")]
    assert open_to_all == ["internet-to-a-ipv4", "internet-to-a-ipv6"]
