"""What a lost zone leaves of stores that are AWS's own."""

import pulumi
import pulumi_aws as aws
import pytest

from components.network import Network
from components.state.aurora_mysql import AuroraMySql
from components.state.search_domain import SearchDomain
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


@pytest.fixture
def struck(run):
    """struck(program, zone): each component's verdict after the loss of a zone."""

    def struck(program, zone):
        with Sandbox() as cloud:
            report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone=zone))
        return {one["component"]: one for one in report.as_json()["components"]}

    return struck


def stores(zones=3):
    network = Network("network", {"zones": zones})
    AuroraMySql("billing", {**network.data})
    SearchDomain("search", {**network.data})


def test_a_reader_takes_over_from_a_writer_that_is_lost(struck):
    billing = struck(stores, "us-east-1a")["billing"]
    assert billing["ok"] and billing["has"] == "1 of 2 instances" and "takes over" in billing["why"]


def test_a_writer_that_is_left_stays_one(struck):
    billing = struck(stores, "us-east-1b")["billing"]
    assert billing["ok"] and billing["why"] == ""


def test_search_keeps_most_of_its_masters_in_three_zones(struck):
    search = struck(stores, "us-east-1c")["search"]
    assert search["ok"] and search["has"] == "2 of 3 data nodes and 2 of 3 masters"


def test_search_in_two_zones_may_lose_most_of_its_masters(struck):
    search = struck(lambda: stores(2), "us-east-1a")["search"]
    assert search["state"] == "broken" and "two of the masters" in search["why"]


def test_what_nobody_has_written_the_needs_of_is_not_called_working(struck):
    def program():
        Network("network", {})
        odd = pulumi.ResourceOptions(parent=pulumi.ComponentResource("fourplane:index:Mystery", "odd"))
        aws.ebs.Volume("odd", availability_zone="us-east-1a", size=1, opts=odd)

    assert struck(program, "us-east-1b")["odd"]["state"] == "unknown"
