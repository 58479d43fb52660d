"""What the chaos tools leave of a stack, and that the cloud says the same."""

import pytest

from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.stacks.conftest import Deployed, deploy
from tests.stacks.look import arrow, component, drawn, instances


@pytest.fixture
def broken(request):
    """broken(stack, wish, *overrides): a deployment that was struck, and the report."""
    cloud = Sandbox()
    request.addfinalizer(lambda: cloud.__exit__(None, None, None))
    cloud.__enter__()

    def strike_it(stack, wish, *overrides):
        graph = deploy(cloud, stack, *overrides)
        return Deployed(graph, cloud, "us-east-1"), strike(graph, cloud.client, wish, drawn(graph))

    return strike_it


def test_prod_survives_the_loss_of_its_region(broken):
    deployed, report = broken("netflix-prod", Wish("kong"))
    assert report.survives and instances(deployed, component="gateway") == []
    assert component(report, "user", "AutoScalingService")["state"] == "lost"
    assert (
        component(report, "twin/user", "AutoScalingService")["ok"] and arrow(report, "edge", "gateway")["ok"]
    )


def test_dev_is_honest_about_its_one_way_out(broken):
    _, report = broken("netflix-dev", Wish("gorilla", zone="us-east-1a"))
    assert not report.survives
    assert component(report, "network", "Network")["state"] == "degraded"
    assert "NAT gateway in us-east-1a" in component(report, "network", "Network")["why"]
    assert arrow(report, "users", "network-endpoints")["state"] == "broken"


def test_a_machine_that_cannot_fetch_its_image_replaces_nothing(broken):
    _, report = broken("netflix-dev", Wish("gorilla", zone="us-east-1a"), "service_minimum=1")
    user = component(report, "user", "AutoScalingService")
    assert user["state"] == "broken" and "cannot boot" in user["why"]
    assert not arrow(report, "gateway", "user")["ok"]


def test_a_fleet_of_one_is_away_until_its_replacement_has_booted(broken):
    _, report = broken("netflix-dev", Wish("monkey"), "service_minimum=1")
    assert component(report, "user", "AutoScalingService")["state"] == "degraded"
    assert component(report, "users", "CassandraRing")["ok"]


def test_prod_survives_the_loss_of_an_instance_of_every_fleet(broken):
    deployed, report = broken("netflix-prod", Wish("monkey", seed=7))
    owners = [one["component"] for one in report.fault.lost]
    assert report.survives and len(owners) == len(set(owners)) and {"user", "users", "gateway"} <= {*owners}
    assert {one["id"] for one in report.fault.lost}.isdisjoint(
        one["InstanceId"] for one in instances(deployed)
    )


def test_one_region_does_not_survive_its_loss_but_the_edge_is_no_region_s(broken):
    deployed, report = broken("netflix-dev", Wish("kong"))
    assert not report.survives and instances(deployed) == []
    assert component(report, "edge", "CdnEdge")["ok"] and not arrow(report, "edge", "gateway")["ok"]
