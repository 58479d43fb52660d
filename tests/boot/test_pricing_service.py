"""The pricing service, compiled and run: by Debian's Scala 2.11, of which its pods' 2.13 takes all that the
service uses."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.boot import compiled
from tests.boot.kong_machine import free_port

SOURCE = Path("stacks/services/PricingService.scala").resolve()
AIRPORT = "from_lat=37.6213&from_lng=-122.3790&to_lat=37.7749&to_lng=-122.4194"


@pytest.fixture(scope="module")
def get():
    """get(path): (status, text) of a service that is running."""
    port = free_port()
    process = subprocess.Popen(compiled.scala(SOURCE), env={**os.environ, "PORT": str(port)})

    def get(path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    for _ in range(1500):
        try:
            get("/health")
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    yield get
    process.kill()
    process.wait()


@pytest.fixture
def price(get):
    def price(query):
        status, text = get(f"/api/prices?{query}")
        assert status == 200, text
        return json.loads(text)

    return price


def test_a_ride_costs_by_its_distance_and_time(price):
    ride = price(AIRPORT)
    crow = 17.44  # km, by the haversine formula, from another implementation
    assert abs(ride["distance_km"] / 1.3 - crow) < 0.02 and abs(ride["minutes"] - 56.7) < 0.1
    assert abs(ride["fare"] - (2.5 + 1.1 * ride["distance_km"] + 0.28 * ride["minutes"])) < 0.03
    assert (ride["surge"], ride["currency"]) == (1.0, "USD")


@pytest.mark.parametrize(
    ("supply", "demand", "surge"),
    [(10, 5, 1), (10, 10, 1), (10, 15, 1.5), (1, 100, 3), (0, 1, 3), (0, 0, 1)],
)
def test_surge_is_demand_over_supply_and_never_above_three(price, supply, demand, surge):
    ride = price(f"{AIRPORT}&supply={supply}&demand={demand}")
    assert ride["surge"] == surge and abs(ride["fare"] - surge * price(AIRPORT)["fare"]) < 0.02


def test_without_a_destination_it_is_the_least_that_a_ride_costs(price):
    assert price("from_lat=37.6&from_lng=-122.3")["fare"] == 7.0


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from_lat=91&from_lng=0",
        "from_lat=a&from_lng=0",
        f"{AIRPORT}&supply=-1",
        "from_lat=1&from_lng=NaN",
    ],
)
def test_rejects_what_is_nowhere(get, query):
    assert get(f"/api/prices?{query}")[0] == 400


def test_measures_its_prices_as_prometheus_takes_them(get, program):
    get(f"/api/prices?{AIRPORT}")
    status, text = get("/metrics")
    assert status == 200 and 'price_seconds_bucket{le="0.001"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)
