"""Two regions in one program."""

import pulumi
import pulumi_aws as aws

from components.network import Network


def vpcs(cloud, region):
    return {v["VpcId"] for v in cloud.client("ec2", region).describe_vpcs()["Vpcs"] if not v["IsDefault"]}


def two_networks():
    Network("us", {"region": "us-east-1"})
    there = aws.Provider("eu", region="eu-west-1")
    Network("eu", {}, pulumi.ResourceOptions(providers=[there]))


def test_networks_of_two_regions_stay_apart(run, cloud):
    graph = run(two_networks, cloud)
    for name, region in (("us", "us-east-1"), ("eu", "eu-west-1")):
        assert vpcs(cloud, region) == {graph.one("aws:ec2/vpc:Vpc", name).id}
        zones = {
            r.inputs["availabilityZone"] for r in graph.all("aws:ec2/subnet:Subnet") if r.region == region
        }
        assert zones == {f"{region}{letter}" for letter in "abc"}


def test_a_resource_says_in_which_region_it_is(run, cloud):
    graph = run(two_networks, cloud)
    assert {r.region for r in graph.all("aws:ec2/natGateway:NatGateway") if r.name.startswith("eu-")} == {
        "eu-west-1"
    }
