"""Where the names of a chat service lead when a region is lost."""

import pulumi
import pulumi_aws as aws
import pytest

from components.edge.chat_names import ChatNames
from components.region import Region
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox

REGIONS = {"na": "us-east-1", "eu": "eu-west-1", "asia": "ap-southeast-1"}


def area(region):
    """A region's part, as small as one can be: a load balancer in a network."""
    there = pulumi.ResourceOptions(providers=[aws.Provider(region, region=region)])
    parent = pulumi.ResourceOptions(parent=Region(region, {}, there))
    vpc = aws.ec2.Vpc(region, cidr_block="10.0.0.0/16", opts=parent)
    place = {"cidr_block": "10.0.0.0/24", "availability_zone": f"{region}a"}
    subnet = aws.ec2.Subnet(region, vpc_id=vpc.id, **place, opts=parent)
    kind = {"internal": True, "load_balancer_type": "network", "tags": {"Name": region}}
    balancer = aws.lb.LoadBalancer(region, subnets=[subnet.id], **kind, opts=parent)
    return {
        "region": region,
        "vpc_id": vpc.id,
        "dns_name": balancer.dns_name,
        "balancer_zone_id": balancer.zone_id,
        "servers": ["10.0.0.4"],
    }


def program():
    areas = {name: area(region) for name, region in REGIONS.items()}
    ChatNames("names", {"domain": "chat.internal", "areas": areas})


@pytest.fixture
def struck(run):
    """struck(lost, change): what the names do once a region is lost, the program's graph having been
    changed."""

    def struck(lost, change=lambda graph: None):
        with Sandbox() as cloud:
            graph = run(program, cloud)
            change(graph)
            report = strike(graph, cloud.client, Wish("kong", region=lost)).as_json()
        return next(one for one in report["components"] if one["component"] == "names")

    return struck


@pytest.mark.parametrize("lost", ["eu-west-1", "us-east-1"])
def test_they_lead_to_the_regions_that_are_left(struck, lost):
    found = struck(lost)
    left = sorted(set(REGIONS.values()) - {lost})
    assert found["ok"] and found["has"] == f"chat.internal leads to {', '.join(left)}"
    assert found["why"] == "1 of 3 areas lost"


def test_they_lead_astray_where_nobody_looks_whether_a_region_answers(struck):
    def unwatched(graph):
        record = graph.one("aws:route53/record:Record", "names-nearest-eu")
        record.inputs["aliases"][0]["evaluateTargetHealth"] = False

    found = struck("eu-west-1", unwatched)
    assert found["state"] == "broken" and "still answers with names-nearest-eu" in found["why"]
