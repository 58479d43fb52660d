"""What a lost zone leaves of stores that are AWS's own."""

import pulumi
import pulumi_aws as aws
import pytest

from components.network import Network
from components.state.aurora_mysql import AuroraMySql
from components.state.search_domain import SearchDomain
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.apart import in_child


def stores(zones=3):
    network = Network("network", {"zones": zones})
    AuroraMySql("billing", {**network.data})
    SearchDomain("search", {**network.data})


@pytest.fixture(scope="module")
def struck(request, run_in, tmp_path_factory):
    """struck(zone): each component's verdict after the loss of a zone. `of` says of what."""
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("stack"), request.param, cloud)

        def struck(zone):
            wish = Wish("gorilla", zone=zone)
            report = in_child(lambda: strike(graph, cloud.client, wish).as_json())
            return {one["component"]: one for one in report["components"]}

        yield struck


def of(program):
    return pytest.mark.parametrize("struck", [program], ids=[program.__name__], indirect=True)


@of(stores)
def test_a_reader_takes_over_from_a_writer_that_is_lost(struck):
    billing = struck("us-east-1a")["billing"]
    assert billing["ok"] and billing["has"] == "1 of 2 instances" and "takes over" in billing["why"]


@of(stores)
def test_a_writer_that_is_left_stays_one(struck):
    billing = struck("us-east-1b")["billing"]
    assert billing["ok"] and billing["why"] == ""


@of(stores)
def test_search_keeps_most_of_its_masters_in_three_zones(struck):
    search = struck("us-east-1c")["search"]
    assert search["ok"] and search["has"] == "2 of 3 data nodes and 2 of 3 masters"


def stores_in_two_zones():
    stores(2)


@of(stores_in_two_zones)
def test_search_in_two_zones_may_lose_most_of_its_masters(struck):
    search = struck("us-east-1a")["search"]
    assert search["state"] == "broken" and "two of the masters" in search["why"]


def mystery():
    Network("network", {})
    odd = pulumi.ResourceOptions(parent=pulumi.ComponentResource("fourplane:index:Mystery", "odd"))
    aws.ebs.Volume("odd", availability_zone="us-east-1a", size=1, opts=odd)


@of(mystery)
def test_what_nobody_has_written_the_needs_of_is_not_called_working(struck):
    assert struck("us-east-1b")["odd"]["state"] == "unknown"
