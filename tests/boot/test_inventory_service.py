"""The inventory service, by Debian's Rust and crates: on an OpenSearch that is as strict about versions, and
about signatures, as the real one."""

import subprocess
import threading
import time
import zlib

import pytest

from tests.boot.open_search import OpenSearch
from tests.boot.segments import TraceAgent, of_the_segment, the_one_segment
from tests.boot.shop_machine import (
    NO_KEYS,
    TRACE,
    Running,
    built,
    cargo,
    inventory_command,
    inventory_sources,
    serve,
)

KETTLE = {"available": 20, "cents": 3499, "grams": 1200}


@pytest.fixture(scope="module")
def inventory():
    search = serve(OpenSearch)
    here = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{search.address}", **NO_KEYS}
    running = Running(inventory_command(), STOCK_ADDRESS=search.address, **here)
    for _ in range(500):
        if OpenSearch.indices:
            break
        time.sleep(0.02)
    yield running
    assert running.end() == 0
    search.shutdown()
    search.server_close()


@pytest.fixture
def sku(inventory, request):
    """An article of the test's own, of which there are 20."""
    name = f"a{zlib.crc32(request.node.name.encode())}"
    assert inventory.ask("POST", f"/api/inventory/{name}", KETTLE)[0] == 201
    return name


def hold(inventory, key, verb="", **items):
    items = [{"sku": sku, "quantity": quantity} for sku, quantity in items.items()]
    return inventory.ask("POST", f"/api/holds{verb}", {"key": key, "items": items}, **TRACE)


def level(inventory, sku):
    said = inventory.ask("GET", f"/api/inventory/{sku}")[1]
    return said["available"], said["held"]


def test_its_holds_are_no_fields_of_the_index(inventory):
    index = OpenSearch.indices["/stock"]
    assert index["mappings"]["properties"]["holds"] == {"type": "object", "enabled": False}
    assert index["mappings"]["dynamic"] == "strict"


def test_holds_what_there_is_and_says_what_it_costs_and_weighs(inventory, sku):
    status, said, headers = hold(inventory, "o1", **{sku: 3})
    assert (status, said["cents"], said["grams"]) == (200, 3 * 3499, 3 * 1200)
    assert level(inventory, sku) == (17, 3) and headers["X-Amzn-Trace-Id"] == TRACE["X-Amzn-Trace-Id"]
    assert TRACE["X-Amzn-Trace-Id"] in OpenSearch.traces  # and so in OpenSearch's slow logs


def test_a_hold_that_is_asked_for_again_is_the_same(inventory, sku):
    assert [hold(inventory, "o1", **{sku: 3})[0] for _ in range(3)] == [200] * 3
    assert level(inventory, sku) == (17, 3)
    assert [hold(inventory, "o1", "/release", **{sku: 3})[0] for _ in range(2)] == [200] * 2
    assert level(inventory, sku) == (20, 0)


def test_holds_all_of_an_order_or_nothing_of_it(inventory, sku):
    inventory.ask("POST", f"/api/inventory/{sku}z", {**KETTLE, "available": 1})
    status, said, _ = hold(inventory, "o1", **{sku: 3, f"{sku}z": 2})
    assert (status, said["error"]) == (409, f"not enough of {sku}z") and level(inventory, sku) == (20, 0)
    assert hold(inventory, "o2", **{sku: 3, "nothing": 1})[0] == 404 and level(inventory, sku) == (20, 0)


def test_of_many_who_want_the_last_ones_no_more_get_them_than_there_are(inventory, sku):
    got = []

    def buy(buyer):
        for number in range(5):
            status = 503
            while status == 503:
                status = hold(inventory, f"o{buyer}-{number}", **{sku: 1})[0]
            got.append(status)

    buyers = [threading.Thread(target=buy, args=(buyer,)) for buyer in range(6)]
    for buyer in buyers:
        buyer.start()
    for buyer in buyers:
        buyer.join()
    assert (got.count(200), got.count(409)) == (20, 10) and level(inventory, sku) == (0, 20)
    assert "stock_conflicts_total 0\n" not in inventory.ask("GET", "/metrics")[1]  # they did collide


def test_what_is_taken_has_left_the_house_once(inventory, sku):
    hold(inventory, "o1", **{sku: 3})
    assert [hold(inventory, "o1", "/take", **{sku: 3})[0] for _ in range(2)] == [200] * 2
    assert level(inventory, sku) == (17, 0)
    assert hold(inventory, "o1", "/release", **{sku: 3})[0] == 200  # the order could not be paid for
    assert level(inventory, sku) == (20, 0)


def test_a_hold_ends_by_itself_and_is_then_gone(inventory, sku):
    hold(inventory, "o1", **{sku: 20})
    document = OpenSearch.documents[sku]
    document["_source"]["holds"][0]["until"] = int(time.time()) - 1
    assert hold(inventory, "o2", **{sku: 20})[0] == 200
    assert hold(inventory, "o1", "/take", **{sku: 20})[0] == 410


def test_a_level_is_set_by_who_knows_the_last_one(inventory, sku):
    where = f"/api/inventory/{sku}"
    version = inventory.ask("GET", where)[1]["version"]
    hold(inventory, "o1", **{sku: 1})
    assert inventory.ask("POST", where, KETTLE)[0] == 409
    assert inventory.ask("POST", where, {**KETTLE, "version": version})[0] == 409
    version = inventory.ask("GET", where)[1]["version"]
    assert inventory.ask("POST", where, {**KETTLE, "available": 50, "version": version})[0] == 200
    assert level(inventory, sku) == (50, 1)


def test_lists_what_is_scarce(inventory, sku):
    hold(inventory, "o1", **{sku: 18})
    found = inventory.ask("GET", "/api/inventory?below=3")[1]["stock"]
    assert {"sku": sku, **KETTLE, "available": 2} in found and all("holds" not in one for one in found)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"[]",
        {"key": "a"},
        {"key": "a", "items": []},
        {"key": "_a", "items": [{"sku": "a", "quantity": 1}]},
        {"key": "a", "items": [{"sku": "a/b", "quantity": 1}]},
        {"key": "a", "items": [{"sku": "a", "quantity": 0}]},
    ],
)
def test_rejects_what_is_no_hold(inventory, wrong):
    assert inventory.ask("POST", "/api/holds", wrong)[0] == 400


def test_knows_no_other(inventory):
    assert inventory.ask("GET", "/api/inventory/nothing")[0] == 404
    assert inventory.ask("PUT", "/api/inventory/a", {})[0] == 404


def test_says_so_when_search_is_lost_and_stays_healthy_itself(inventory, sku):
    OpenSearch.lost = True
    try:
        status, said, headers = inventory.ask("GET", f"/api/inventory/{sku}")
        assert (status, said, headers["Retry-After"]) == (503, {"error": "stock is lost"}, "1")
        assert inventory.ask("GET", "/health")[0] == 200
    finally:
        OpenSearch.lost = False


def test_measures_itself_as_prometheus_takes_it(inventory, program):
    inventory.ask("GET", "/api/inventory/nothing")
    text = inventory.ask("GET", "/metrics")[1]
    assert 'opensearch_seconds_bucket{le="0.01"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)


def test_its_own_tests_pass():
    built("inventory-test", inventory_sources(), lambda out: cargo(out, "test", "--quiet"))


@pytest.fixture
def trace_agent():
    agent = TraceAgent()
    yield agent
    agent.end()


@pytest.fixture
def traced(inventory, trace_agent):
    search = serve(OpenSearch)
    here = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{search.address}", **NO_KEYS}
    here |= {"STOCK_ADDRESS": search.address, "AWS_XRAY_DAEMON_ADDRESS": trace_agent.address}
    running = Running(inventory_command(), **here)
    yield running
    assert running.end() == 0
    search.shutdown()
    search.server_close()


def test_tells_x_ray_of_a_sampled_request_and_open_search_whose_it_is(traced, trace_agent):
    path = "/api/inventory/nothing"
    segment = the_one_segment(trace_agent, lambda headers: traced.ask("GET", path, **headers)[0])
    assert segment["name"] == "inventory" and segment["error"]
    assert segment["http"]["request"] == {"method": "GET", "url": f"http://{traced.address}{path}"}
    assert of_the_segment(segment) in OpenSearch.traces


def test_answers_the_same_when_nobody_takes_its_segments(traced, sku, trace_agent):
    trace_agent.end()
    asked = [traced.ask("GET", f"/api/inventory/{sku}", **TRACE)[:2] for _ in range(3)]
    assert asked[0][0] == 200 and asked[0][1]["available"] == 20 and asked == [asked[0]] * 3
