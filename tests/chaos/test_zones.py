"""What no zone takes away, and what one machine alone does."""

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.service.service_image import ServiceImage
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.apart import in_child


def test_an_image_and_the_function_that_has_it_built_are_in_no_zone(run):
    def program():
        Network("network", {"zones": 2})
        ServiceImage("image", {"files": {"Dockerfile": "FROM scratch"}})

    with Sandbox() as cloud:
        report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone="us-east-1a"))
    found = {one["component"]: one for one in report.as_json()["components"]}
    assert found["image"]["ok"]


def alone():
    """A fleet of one, called by another, in a network with one way out."""
    network = Network("network", {"zones": 2, "single_zone_egress": True})
    fleet = {**network.private, "image": "a/b:1", "port": 80}
    one = AutoScalingService("one", {**fleet, "minimum": 1})
    connect(AutoScalingService("many", fleet), one)
    connect(one, network.endpoints)


@pytest.fixture(scope="module")
def struck(run_in, tmp_path_factory):
    """struck(wish): each component's verdict, and each arrow's."""
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("stack"), alone, cloud)

        def struck(wish):
            report = in_child(lambda: strike(graph, cloud.client, wish).as_json())
            found = {one["component"]: one for one in report["components"]}
            return found | {(one["from"], one["to"]): one for one in report["arrows"]}

        yield struck


def test_a_machine_that_cannot_fetch_its_image_replaces_nothing(struck):
    found = struck(Wish("gorilla", zone="us-east-1a"))
    assert found["one"]["state"] == "broken" and "cannot boot" in found["one"]["why"]
    assert not found["many", "one"]["ok"]


def test_a_fleet_of_one_is_away_until_its_replacement_has_booted(struck):
    found = struck(Wish("monkey"))
    assert found["one"]["state"] == "degraded" and found["many"]["ok"]
