"""Ways to a CDN by its public address."""

import pytest

from components.access import connect
from components.edge.content_edge import ContentEdge
from components.service.auto_scaling_service import AutoScalingService

FLEET = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "image": "public.ecr.aws/a:1", "port": 80}
EDGE = {"near": "us-east-1", "origin_domain_name": "films.s3.us-east-1.amazonaws.com"}


def program():
    connect(AutoScalingService("cache", FLEET), ContentEdge("us", EDGE))


@pytest.mark.parametrize(
    "link", ["", "Parameter cache-to-us", "SecurityGroupEgressRule cache-to-us", "Distribution us"]
)
def test_a_fleet_fetches_from_an_edge_that_it_is_told_and_let_out_to(ways, link):
    assert ("cache -> us site tcp 443" in ways(program, [link])) is not bool(link)
