"""What the chaos tools leave of a stack, and that the cloud says the same."""

import pytest

from fourplane.chaos import Wish, strike
from fourplane.errors import Mistake
from fourplane.sandbox import Sandbox
from tests.stacks.conftest import Deployed, deploy
from tests.stacks.look import instances, zones


@pytest.fixture
def broken(request):
    """broken(stack, wish, *overrides): a deployment that was struck, and the report."""
    cloud = Sandbox()
    request.addfinalizer(lambda: cloud.__exit__(None, None, None))
    cloud.__enter__()

    def strike_it(stack, wish, *overrides):
        graph = deploy(cloud, stack, *overrides)
        return Deployed(graph, cloud, "us-east-1"), strike(graph, cloud.client, wish)

    return strike_it


def component(report, name, type):
    shown = report.as_json()["components"]
    return next(one for one in shown if (one["component"], one["type"]) == (name, type))


def arrow(report, client, server):
    return next(a for a in report.as_json()["arrows"] if (a["from"], a["to"]) == (client, server))


def test_prod_survives_the_loss_of_a_zone(broken):
    deployed, report = broken("netflix-prod", Wish("gorilla", zone="us-east-1a"))
    drawn = {(one["from"], one["to"]) for one in report.as_json()["arrows"]}
    assert report.survives and {("edge", "gateway"), ("gateway", "user"), ("user", "users")} <= drawn
    assert zones(instances(deployed)) == {"us-east-1b", "us-east-1c"}


def test_nothing_comes_back_in_a_lost_zone(broken):
    deployed, report = broken("netflix-prod", Wish("gorilla", zone="us-east-1b"))
    scaling = deployed.client("autoscaling")
    for group in scaling.describe_auto_scaling_groups()["AutoScalingGroups"]:
        scaling.set_desired_capacity(
            AutoScalingGroupName=group["AutoScalingGroupName"], DesiredCapacity=group["MaxSize"]
        )
    assert "us-east-1b" not in zones(instances(deployed))
    assert {one["zone"] for one in report.fault.lost} == {"us-east-1b"}


def test_a_ring_answers_with_one_rack_less_and_says_what_is_down(broken):
    _, report = broken("netflix-prod", Wish("gorilla", zone="us-east-1c"))
    ring = component(report, "users", "CassandraRing")
    assert ring["ok"] and ring["has"].startswith("4 of 6 nodes") and "users-c0, users-c1" in ring["why"]


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


def test_chance_is_the_same_for_the_same_seed(broken):
    deployed, report = broken("netflix-prod", Wish("gorilla", seed=3))
    assert (
        report.fault.place
        == strike(deployed.graph, deployed.cloud.client, Wish("latency", seed=3)).fault.place
    )


def test_one_region_does_not_survive_its_loss_but_the_edge_is_no_region_s(broken):
    deployed, report = broken("netflix-dev", Wish("kong"))
    assert not report.survives and instances(deployed) == []
    assert component(report, "edge", "CdnEdge")["ok"] and not arrow(report, "edge", "gateway")["ok"]


def test_a_delay_is_compared_with_what_the_gateway_waits(broken):
    deployed, slow = broken("netflix-prod", Wish("latency", zone="us-east-1b", delay_ms=400))
    assert "gateway waits 2000 ms" in arrow(slow, "gateway", "user")["why"] and not slow.survives
    quick = strike(deployed.graph, deployed.cloud.client, Wish("latency", zone="us-east-1b", delay_ms=50))
    assert quick.survives and "ms more of the 2000 ms" in arrow(quick, "gateway", "user")["why"]
    long = strike(deployed.graph, deployed.cloud.client, Wish("latency", zone="us-east-1b", delay_ms=2500))
    assert "replaced without end" in component(long, "user", "AutoScalingService")["why"]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish("gorilla", zone="us-east-1d"), "nothing in zone us-east-1d; it is in us-east-1a, us-east-1b"),
        (Wish("latency", region="eu-west-1"), "nothing in any zone of eu-west-1"),
        (Wish("kong", region="eu-west-1"), "nothing in region eu-west-1; it is in us-east-1"),
    ],
)
def test_rejects_a_fault_that_means_nothing_for_the_stack(broken, wish, said):
    with pytest.raises(Mistake, match=said):
        broken("netflix-dev", wish)
