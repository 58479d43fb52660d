"""A second region: the same components under the same names, with a provider of their own, and the links."""

import pulumi
import pulumi_aws as aws
import pytest

from components.access import connect, open_between
from components.control.encryption_key import EncryptionKey
from components.network import Network
from components.network_peering import peer
from components.region import Region
from components.service.auto_scaling_service import AutoScalingService
from components.state.cassandra_ring import CassandraRing
from fourplane.errors import Mistake
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["a", "b", "c"],
    "zones": [f"us-east-1{zone}" for zone in "abc"],
    "image": "cassandra:5.0",
}
LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
RING = "fourplane:index:CassandraRing"


def place(cidr, opts, **more):
    """A network, and a service with its ring."""
    key = EncryptionKey("key", {}, opts)
    network = Network("network", {"cidr_block": cidr, "key_arn": key.key_arn}, opts)
    image = {"image": "public.ecr.aws/docker/library/cassandra:5.0"}
    ring = CassandraRing("users", {**network.data, **image, "key_arn": key.key_arn, **more}, opts)
    user = AutoScalingService("user", {**network.private, **image, "port": 8080}, opts)
    connect(user, ring)
    for machines in (user, ring):
        connect(machines, network.endpoints)
    return network, ring


def two_regions(link=True, between=True, **more):
    def program():
        there = aws.Provider("eu", region="eu-west-1")
        region = Region("eu", {}, pulumi.ResourceOptions(providers=[there]))
        home, users = place("10.0.0.0/16", None, **more)
        away, users_there = place("10.1.0.0/16", region.child, joins=users.seeds, **more)
        if link:
            peer("eu", home, away)
        if between:
            open_between("eu", users, users_there)

    return program


def in_eu(graph):
    return [r for r in graph.values() if "Region$" in r.urn]


def entries(graph, rule):
    """The addresses that a rule names."""
    found = next(one for one in graph.all(LIST) if one.id == rule.inputs["prefixListId"])
    assert found.region == rule.region and found.inputs["maxEntries"] == len(found.inputs["entries"])
    return {entry["cidr"] for entry in found.inputs["entries"]}


def across(graph, kind):
    return {one.region: one for one in graph.all(kind) if one.name == "users-eu-gossip"}


def ways(graph):
    short = {u: f"{'eu/' if 'Region$' in u else ''}{r.name}" for u, r in graph.items()}
    return {(short.get(way.source, way.source), short.get(way.target, way.target)) for way in reach(graph)}


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    """Both regions in the sandbox, and the sandbox to ask."""
    with Sandbox() as cloud:
        yield run_in(tmp_path_factory.mktemp("regions"), two_regions(), cloud), cloud


def test_everything_of_the_second_region_is_in_it(deployed):
    graph, _ = deployed
    named = {r.region for r in in_eu(graph) if r.custom and not r.type.startswith("aws:iam")}
    assert named == {"eu-west-1"} and len(in_eu(graph)) > 100


def test_machines_boot_from_their_own_region_s_image_in_its_zones(deployed):
    graph, cloud = deployed
    groups = [r.id for r in in_eu(graph) if r.type == "aws:autoscaling/group:Group"]
    scaling = cloud.client("autoscaling", "eu-west-1")
    found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=groups)["AutoScalingGroups"]
    machines = [one for group in found for one in group["Instances"]]
    assert {one["AvailabilityZone"] for one in machines} == {f"eu-west-1{zone}" for zone in "abc"}


def test_names_are_the_same_in_both_regions(deployed):
    _, cloud = deployed
    for region, block in (("us-east-1", "10.0."), ("eu-west-1", "10.1.")):
        told = cloud.client("ssm", region).get_parameter(Name="/dev/user/users")["Parameter"]["Value"]
        assert told.count(",") == 2 and all(one.startswith(block) for one in told.split(","))


def test_the_link_between_the_regions_is_active(deployed):
    _, cloud = deployed
    for region in ("us-east-1", "eu-west-1"):
        (link,) = cloud.client("ec2", region).describe_vpc_peering_connections()["VpcPeeringConnections"]
        assert link["Status"]["Code"] == "active"


def test_a_ring_dials_the_other_region_s_nodes_and_no_one_else_there(deployed):
    graph, _ = deployed
    nodes = {r.region: r.outputs["node_addresses"] for r in graph.all(RING)}
    assert entries(graph, across(graph, EGRESS)["us-east-1"]) == {
        f"{address}/32" for address in nodes["eu-west-1"].values()
    }
    assert entries(graph, across(graph, EGRESS)["eu-west-1"]) == {
        f"{address}/32" for address in nodes["us-east-1"].values()
    }


def test_a_ring_is_dialed_from_the_other_region_s_data_subnets_on_one_port(deployed):
    graph, _ = deployed
    entering = across(graph, INGRESS)
    data = {
        r.inputs["cidrBlock"]
        for r in graph.all("aws:ec2/subnet:Subnet")
        if r.region == "eu-west-1" and r.inputs["tags"]["tier"] == "data"
    }
    assert entries(graph, entering["us-east-1"]) == data and len(data) == 3
    assert {(one.inputs["fromPort"], one.inputs["toPort"]) for one in entering.values()} == {(7000, 7000)}


def test_the_two_rings_reach_each_other_and_nothing_else_crosses(deployed):
    graph, _ = deployed
    crossing = {(a, b) for a, b in ways(graph) if a.startswith("eu/") != b.startswith("eu/")}
    assert crossing == {("users", "eu/users"), ("eu/users", "users")}


def test_without_a_link_the_rings_do_not_reach_each_other(preview):
    found = ways(preview(two_regions(link=False)))
    assert not {("users", "eu/users"), ("eu/users", "users")} & found


def test_a_link_alone_lets_nobody_through(preview):
    found = ways(preview(two_regions(between=False)))
    assert not {(a, b) for a, b in found if a.startswith("eu/") != b.startswith("eu/")}


def test_a_ring_too_large_for_rules_is_known_by_its_subnets(preview):
    known = {}

    def program():
        blocks = {"cidr_blocks": ["10.0.32.0/20", "10.0.96.0/20", "10.0.160.0/20"], "nodes_per_zone": 14}
        known.update(CassandraRing("users", {**DATA, **blocks}).dialed_at())

    preview(program)
    assert [*known.values()] == ["10.0.32.0/20", "10.0.96.0/20", "10.0.160.0/20"]


def test_rejects_a_way_between_what_does_not_speak_on_the_same_ports(preview):
    def program():
        network = Network("network", {"zones": 2})
        fleet = {**network.private, "image": "a:1", "port": 80}
        open_between("eu", AutoScalingService("a", fleet), AutoScalingService("b", fleet))

    with pytest.raises(
        Mistake, match=r"open_between: 'a' and 'b' must speak on the same ports, got \{\} and \{\}"
    ):
        preview(program)


def test_rejects_a_way_to_a_component_whose_addresses_nobody_knows(preview):
    def program():
        open_between("eu", CassandraRing("a", DATA), CassandraRing("b", DATA))

    with pytest.raises(Mistake, match="open_between: 'a' needs cidr_blocks"):
        preview(program)
