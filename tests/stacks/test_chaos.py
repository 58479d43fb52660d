"""What the chaos tools leave of a stack, and that the cloud says the same."""

import pytest

from fourplane.chaos import Wish
from tests.stacks.conftest import on
from tests.stacks.look import arrow, component, instances, struck, zones

pytestmark = pytest.mark.apart


@on("netflix-prod")
def test_prod_survives_the_loss_of_its_region(deployed):
    report = struck(deployed, Wish("kong"))
    assert report.survives and instances(deployed, component="gateway") == []
    assert component(report, "user", "AutoScalingService")["state"] == "lost"
    assert (
        component(report, "twin/user", "AutoScalingService")["ok"] and arrow(report, "edge", "gateway")["ok"]
    )


@on("netflix-dev")
def test_dev_is_honest_about_its_one_way_out(deployed):
    report = struck(deployed, Wish("gorilla", zone="us-east-1a"))
    assert not report.survives
    assert component(report, "network", "Network")["state"] == "degraded"
    assert "NAT gateway in us-east-1a" in component(report, "network", "Network")["why"]
    assert arrow(report, "users", "network-endpoints")["state"] == "broken"


@on("netflix-prod")
def test_prod_survives_the_loss_of_an_instance_of_every_fleet(deployed):
    report = struck(deployed, Wish("monkey", seed=7))
    owners = [one["component"] for one in report.fault.lost]
    assert report.survives and len(owners) == len(set(owners)) and {"user", "users", "gateway"} <= {*owners}
    assert {one["id"] for one in report.fault.lost}.isdisjoint(
        one["InstanceId"] for one in instances(deployed)
    )


@on("netflix-dev")
def test_one_region_does_not_survive_its_loss_but_the_edge_is_no_region_s(deployed):
    report = struck(deployed, Wish("kong"))
    assert not report.survives and instances(deployed) == []
    assert component(report, "edge", "CdnEdge")["ok"] and not arrow(report, "edge", "gateway")["ok"]


@on("netflix-prod")
def test_prod_survives_the_loss_of_a_zone_and_nothing_comes_back_there(deployed):
    report = struck(deployed, Wish("gorilla", zone="us-east-1b"))
    shown = {(one["from"], one["to"]) for one in report.as_json()["arrows"]}
    assert report.survives and {("edge", "gateway"), ("gateway", "user"), ("user", "users")} <= shown
    assert {one["zone"] for one in report.fault.lost} == {"us-east-1b"}
    assert zones(instances(deployed)) == {"us-east-1a", "us-east-1c"}
    ring = component(report, "users", "CassandraRing")
    assert ring["ok"] and ring["has"].startswith("4 of 6 nodes") and "users-b0, users-b1" in ring["why"]
    name = next(
        r.id
        for r in deployed.graph.all("aws:autoscaling/group:Group")
        if r.name == "user" and r.region == "us-east-1"
    )
    deployed.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=12)
    assert zones(instances(deployed, component="user")) == {"us-east-1a", "us-east-1c"}
