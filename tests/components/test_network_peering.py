"""Links between the networks of two regions."""

import pulumi
import pulumi_aws as aws
import pytest

from components.network import Network
from components.network_peering import peer
from components.region import Region

ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ROUTE = "aws:ec2/route:Route"


def linked(cidr_block="10.1.0.0/16", **how):
    def program():
        there = aws.Provider("eu", region="eu-west-1")
        region = Region("eu", {}, pulumi.ResourceOptions(providers=[there]))
        home = Network("network", {"zones": 2})
        peer("eu", home, Network("network", {"zones": 2, "cidr_block": cidr_block}, region.child), **how)

    return program


def routes(graph):
    return {
        (r.region, r.name, r.inputs["destinationCidrBlock"])
        for r in graph.all(ROUTE)
        if "vpcPeeringConnectionId" in r.inputs
    }


def test_each_region_makes_its_own_end_of_the_link(preview):
    graph = preview(linked())
    asked, accepted = graph.one(PEERING), graph.one(ACCEPTER)
    assert (asked.region, asked.inputs["peerRegion"], accepted.region) == (
        "us-east-1",
        "eu-west-1",
        "eu-west-1",
    )
    assert accepted.inputs["vpcPeeringConnectionId"] == asked.id and accepted.inputs["autoAccept"]


def test_only_data_subnets_have_a_route_to_the_other_region(preview):
    assert routes(preview(linked())) == {
        ("us-east-1", "network-data-eu", "10.1.0.0/16"),
        ("eu-west-1", "network-data-eu", "10.0.0.0/16"),
    }


def test_other_tiers_have_one_where_the_user_says_so(preview):
    found = routes(preview(linked(tiers=("private",))))
    assert {(region, name) for region, name, _ in found} == {
        (region, f"network-private-{zone}-eu") for region in ("us-east-1", "eu-west-1") for zone in "ab"
    }


def test_a_link_opens_nothing(preview):
    rules = [r for r in preview(linked()).values() if r.type.startswith("aws:vpc/securityGroup")]
    assert rules == []


def test_rejects_networks_that_share_addresses(preview):
    with pytest.raises(
        Exception, match=r"10\.0\.0\.0/16, and of 'network', 10\.0\.128\.0/20, must not overlap"
    ):
        preview(linked("10.0.128.0/20"))


def test_rejects_a_tier_that_is_none(preview):
    with pytest.raises(Exception, match="tiers must be among public, private, data, got 'edge'"):
        preview(linked(tiers=("edge",)))
