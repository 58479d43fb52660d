"""A checkout through the real services, each by what its image has: order in C++ on a MariaDB, inventory in
Rust, payment in Java, sealed by KMS, and shipping in Python."""

import time

import boto3
import pytest

from tests.boot.conftest import clients
from tests.boot.databases import PYTHON, REPOSITORY, mariadb
from tests.boot.open_search import OpenSearch
from tests.boot.shop_machine import (
    NO_KEYS,
    SERVICES,
    TRACE,
    Running,
    inventory_command,
    java_command,
    order_command,
    serve,
)

LAMP = {"available": 5, "cents": 3999, "grams": 900}


class Search(OpenSearch):
    documents, indices = {}, {}


@pytest.fixture(scope="module")
def shop():
    """The order service, and those that it calls, by name."""
    search, running = serve(Search), {}
    with mariadb() as database:
        kms = boto3.client("kms", **clients(database.endpoint))
        seal = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["Arn"]
        keys = {name: "test" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        role = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{search.address}", **NO_KEYS}
        running["inventory"] = Running(inventory_command(), STOCK_ADDRESS=search.address, **role)
        sealed = {
            "AWS_ENDPOINT_URL": database.endpoint,
            "SEAL_ADDRESS": seal,
            **keys,
            "AWS_REGION": "us-east-1",
        }
        running["payment"] = Running(java_command("ShopPaymentService"), **sealed)
        program = [PYTHON, str(SERVICES / "shipping/shipping_service.py")]
        running["shipping"] = Running(program, PYTHONPATH=str(REPOSITORY))
        addresses = {f"{name.upper()}_ADDRESS": one.address for name, one in running.items()}
        running["order"] = Running(
            order_command(), **database.settings("ORDERS"), **addresses, SWEEP_MILLISECONDS="50"
        )
        for _ in range(500):
            if Search.indices and running["order"].ask("GET", "/api/orders/none")[0] == 404:
                break
            time.sleep(0.02)
        yield running
        for one in running.values():
            one.kill()
    search.shutdown()
    search.server_close()


@pytest.fixture
def lamps(shop, request):
    """An article of the test's own, of which there are five."""
    sku = request.node.name.replace("_", "-")[:60]
    assert shop["inventory"].ask("POST", f"/api/inventory/{sku}", LAMP)[0] == 201
    return sku


def level(shop, sku):
    said = shop["inventory"].ask("GET", f"/api/inventory/{sku}")[1]
    return said["available"], said["held"]


def buy(shop, sku, quantity, **more):
    body = {"key": f"{sku}-1"[-64:], "user": "ann ü", "items": [{"sku": sku, "quantity": quantity}]}
    body |= {"country": "US", "method": "card-1", **more}
    return shop["order"].ask("POST", "/api/orders", body, **TRACE)[:2]


def test_what_is_bought_is_paid_for_labelled_and_out_of_stock(shop, lamps):
    status, said = buy(shop, lamps, 2, total_cents=2 * 3999 + 499 + 2 * 120)
    assert (status, said["state"], said["payment"]) == (201, "confirmed", "captured")
    assert shop["shipping"].ask("GET", f"/api/shipping/labels/{said['label']}")[0] == 200
    assert level(shop, lamps) == (3, 0)
    assert buy(shop, lamps, 2, total_cents=2 * 3999 + 499 + 2 * 120)[0] == 200 and level(shop, lamps) == (
        3,
        0,
    )


def test_what_cannot_be_paid_for_stays_in_stock(shop, lamps):
    status, said = buy(shop, lamps, 2, method="declined")
    assert (status, said["reason"]) == (409, "the acquirer declines") and level(shop, lamps) == (5, 0)


def test_what_nobody_delivers_or_there_is_not_stays_in_stock(shop, lamps):
    assert buy(shop, lamps, 1, country="AQ", key="far")[1]["reason"] == "nobody delivers to AQ"
    assert buy(shop, lamps, 6)[1]["reason"] == f"not enough of {lamps}"
    assert level(shop, lamps) == (5, 0)
