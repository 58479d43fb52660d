"""What the loss of a zone leaves of a stack, and that the cloud says the same."""

import pytest

from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.stacks.conftest import Deployed, deploy
from tests.stacks.look import component, drawn, instances, zones


@pytest.fixture(scope="module")
def without_a_zone():
    """netflix-prod after the loss of a zone, for tests that only look at it."""
    with Sandbox() as cloud:
        graph = deploy(cloud, "netflix-prod")
        deployed = Deployed(graph, cloud, "us-east-1")
        yield deployed, strike(graph, cloud.client, Wish("gorilla", zone="us-east-1b"), drawn(graph))


def test_prod_survives_the_loss_of_a_zone(without_a_zone):
    deployed, report = without_a_zone
    shown = {(one["from"], one["to"]) for one in report.as_json()["arrows"]}
    assert report.survives and {("edge", "gateway"), ("gateway", "user"), ("user", "users")} <= shown
    assert {one["zone"] for one in report.fault.lost} == {"us-east-1b"}
    assert zones(instances(deployed)) == {"us-east-1a", "us-east-1c"}


def test_nothing_comes_back_in_a_lost_zone(without_a_zone):
    deployed, _ = without_a_zone
    name = next(
        r.id
        for r in deployed.graph.all("aws:autoscaling/group:Group")
        if r.name == "user" and r.region == "us-east-1"
    )
    deployed.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=12)
    assert zones(instances(deployed, component="user")) == {"us-east-1a", "us-east-1c"}


def test_a_ring_answers_with_one_rack_less_and_says_what_is_down(without_a_zone):
    _, report = without_a_zone
    ring = component(report, "users", "CassandraRing")
    assert ring["ok"] and ring["has"].startswith("4 of 6 nodes") and "users-b0, users-b1" in ring["why"]
