import ipaddress
import json

import pytest

from components.network import Network, subnet_ranges

SUBNET = "aws:ec2/subnet:Subnet"
NAT = "aws:ec2/natGateway:NatGateway"
ROUTE = "aws:ec2/route:Route"


def network(**args):
    return lambda: Network("net", args)


def cidrs(graph):
    return {r.name: r.inputs["cidrBlock"] for r in graph.all(SUBNET)}


def test_has_a_public_a_private_and_a_data_subnet_in_every_zone(preview):
    graph = preview(network(zones=3))
    tiers = {(r.inputs["tags"]["tier"], r.inputs["availabilityZone"][-1]) for r in graph.all(SUBNET)}
    assert tiers == {(tier, zone) for tier in ("public", "private", "data") for zone in "abc"}


def test_adding_a_zone_renumbers_no_subnet(preview):
    three, four = cidrs(preview(network(zones=3))), cidrs(preview(network(zones=4)))
    assert three.items() < four.items()


@pytest.mark.parametrize("prefix", range(16, 23))
def test_subnets_never_overlap_and_fill_what_they_may(prefix):
    whole = ipaddress.IPv4Network(f"10.0.0.0/{prefix}")
    blocks = [block for tier in subnet_ranges(whole, 4).values() for block in tier]
    assert sum(block.num_addresses for block in blocks) == whole.num_addresses
    assert all(not a.overlaps(b) for i, a in enumerate(blocks) for b in blocks[:i])


def test_every_zone_has_its_own_way_out(preview):
    graph = preview(network())
    ways = {r.inputs["natGatewayId"] for r in graph.all(ROUTE) if "natGatewayId" in r.inputs}
    assert len(graph.all(NAT)) == 3 and ways == {r.id for r in graph.all(NAT)}


def test_one_way_out_serves_all_zones_where_the_user_asks_for_less(preview):
    graph = preview(network(single_zone_egress=True))
    assert len(graph.all(NAT)) == 1
    interface = [
        r for r in graph.all("aws:ec2/vpcEndpoint:VpcEndpoint") if r.inputs["vpcEndpointType"] == "Interface"
    ]
    assert interface and all(len(r.inputs["subnetIds"]) == 1 for r in interface)


def test_data_subnets_have_no_route_to_the_internet(preview):
    graph = preview(network())
    table = graph.one("aws:ec2/routeTable:RouteTable", "net-data")
    assert table.id not in {r.inputs["routeTableId"] for r in graph.all(ROUTE)}


def test_nothing_gets_a_public_address_by_itself(preview):
    assert not any(r.inputs["mapPublicIpOnLaunch"] for r in preview(network()).all(SUBNET))


def test_the_default_security_group_lets_nothing_through(preview):
    closed = preview(network()).one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs
    assert "ingress" not in closed and "egress" not in closed


def test_flow_logs_are_kept_and_can_be_encrypted_with_the_stack_s_key(preview):
    graph = preview(network(key_arn="arn:aws:kms:us-east-1:123456789012:key/k"))
    group = graph.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert group["retentionInDays"] == 365 and group["kmsKeyId"].endswith("key/k")
    assert graph.one("aws:ec2/flowLog:FlowLog").inputs["trafficType"] == "ALL"


def test_data_cannot_be_carried_to_another_account_s_bucket(preview):
    graph = preview(network())
    policy = json.loads(graph.one("aws:ec2/vpcEndpoint:VpcEndpoint", "net-endpoints-s3").inputs["policy"])
    writing = [s for s in policy["Statement"] if "s3:PutObject" in s["Action"]]
    assert [s["Condition"] for s in writing] == [{"StringEquals": {"aws:ResourceAccount": "123456789012"}}]


def test_packages_are_served_inside_the_network_where_it_knows_their_bucket(preview):
    graph = preview(network(package_bucket_arn="arn:aws:s3:::assets-1"))
    names = {r.name for r in graph.all("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert {"net-endpoints-codeartifact-api", "net-endpoints-codeartifact-repositories"} < names
    assert "net-endpoints-ecr-api" in names
    text = graph.one("aws:ec2/vpcEndpoint:VpcEndpoint", "net-endpoints-s3").inputs["policy"]
    [served] = [s for s in json.loads(text)["Statement"] if "arn:aws:s3:::assets-1/*" in s["Resource"]]
    assert served["Action"] == "s3:GetObject"


def test_packages_are_out_of_reach_where_it_does_not(preview):
    names = {r.name for r in preview(network()).all("aws:ec2/vpcEndpoint:VpcEndpoint")}
    assert not [name for name in names if "codeartifact" in name]


def test_a_network_can_stand_in_another_region_as_a_whole(preview):
    graph = preview(network(region="eu-west-1"))
    assert {
        r.region
        for r in graph.values()
        if r.type not in ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy")
    } == {"eu-west-1"}
    assert {r.inputs["availabilityZone"] for r in graph.all(SUBNET)} == {f"eu-west-1{z}" for z in "abc"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"zones": 1}, "zones must be 2 to 4, so that one can be lost, got 1"),
        ({"zones": 5}, "zones must be 2 to 4, so that one can be lost, got 5"),
        ({"cidr_block": "10.0.0.0/24"}, "cidr_block must be a network of /16 to /22.*got '10.0.0.0/24'"),
        ({"cidr_block": "10.0.0.1/16"}, "cidr_block must be a network of /16 to /22.*got '10.0.0.1/16'"),
        ({"cidr_block": "here"}, "cidr_block must be a network of /16 to /22.*got 'here'"),
        ({"zone": 3}, "Network 'net': no argument 'zone'; did you mean 'zones'?"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(network(**args))
