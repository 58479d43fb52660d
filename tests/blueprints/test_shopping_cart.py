"""The cart: what it is made of, who may reach whom, and no way more."""

import base64
import gzip
import json
import re

import pytest

from blueprints.shopping_cart import PROGRAM, ShoppingCart
from components.access import connect
from components.control.feature_flags import FeatureFlags
from components.network import Network
from components.service.gateway import Gateway
from components.state.work_queue import WorkQueue
from fourplane.chaos import Wish, strike
from fourplane.reach import reach
from fourplane.sandbox import Sandbox
from tests.boot.cart_shop import INDEXES
from tests.boot.cart_shop import TABLES as KEYS

TABLES = ("carts", "products", "stock", "holds", "checkouts", "orders")
KEY, KEY_THERE = (f"arn:aws:kms:{region}:123456789012:key/k" for region in ("us-east-1", "us-west-2"))


def program(**more):
    network = Network("net", {"zones": 3})
    flags = FeatureFlags("busy-flags", {"flags": {"preload": {"description": "Related items"}}})
    told = {"flags": flags.name, "handover": "busy-orders"}
    cart = ShoppingCart("cart", {**network.private, "data": network.data, **told, **more})
    waiting = WorkQueue("busy-orders", {})
    connect(cart.service, flags, waiting.entry)
    route = {cart.service.name: {"paths": ["/api/carts"]}}
    gateway = Gateway("gateway", {**network.private, "image": "kong:3", "routes": route})
    connect(gateway, cart.service)
    connect(cart.service, network.endpoints)
    connect(gateway, network.endpoints)


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        there = {"replicas": ["us-west-2"], "replica_key_arns": {"us-west-2": KEY_THERE}}
        yield run_in(tmp_path_factory.mktemp("cart"), lambda: program(key_arn=KEY, **there), cloud), cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


def statements(graph, name):
    policies = [one for one in graph.all("aws:iam/rolePolicy:RolePolicy") if one.name == name]
    return {s["Sid"]: s for one in policies for s in json.loads(one.inputs["policy"])["Statement"]}


def told_of(graph):
    """What a machine of the service starts with."""
    template = graph.one("aws:ec2/launchTemplate:LaunchTemplate", "cart-service")
    data = base64.b64decode(template.inputs["userData"])
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()


def test_the_arrows_are_the_ways_and_no_way_more_is_open(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    ends = {(names.get(way.source, way.source), names.get(way.target, way.target)) for way in reach(graph)}
    assert {pair for pair in ends if any(end.startswith("cart") for end in pair)} == {
        ("gateway", "cart-service"),
        ("cart-service", "cart-dax"),
        ("cart-service", "busy-flags"),
        ("cart-service", "busy-orders"),
        *(("cart-service", f"cart-{table}") for table in TABLES),
        *(("cart-dax", f"cart-{table}") for table in ("carts", "products")),
        *(("cart-backups", f"cart-{table}") for table in TABLES),
        ("cart-service", "cart-image"),
        ("cart-service", "net"),
    }


def test_the_service_may_use_items_by_their_keys_and_nothing_else_of_the_tables(graph):
    for table in TABLES:
        said = statements(graph, f"cart-service-to-cart-{table}")
        assert "Items" in said and not any("Scan" in str(one) for one in said.values())


def test_a_session_stays_with_one_machine_of_the_service_and_of_no_other(graph):
    groups = {one.name: one.inputs.get("stickiness") for one in graph.all("aws:lb/targetGroup:TargetGroup")}
    kept = {"type": "lb_cookie", "cookieDuration": 3600}
    assert groups == {"cart-service-balancer": kept, "gateway-balancer": None}


def test_all_tables_are_in_another_region_and_can_be_restored_to_any_second(graph):
    tables = graph.all("aws:dynamodb/table:Table")
    assert len(tables) == len(TABLES)
    for table in tables:
        (there,) = table.inputs["replicas"]
        assert (there["regionName"], there["pointInTimeRecovery"]) == ("us-west-2", True)
        assert table.inputs["pointInTimeRecovery"]["enabled"] and table.protect


def test_all_tables_are_backed_up_here_and_there(graph):
    (chosen,) = (one.inputs["resources"] for one in graph.all("aws:backup/selection:Selection"))
    assert set(chosen) == {one.outputs["arn"] for one in graph.all("aws:dynamodb/table:Table")}
    (rule,) = graph.one("aws:backup/plan:Plan").inputs["rules"]
    (copy,) = rule["copyActions"]
    assert copy["destinationVaultArn"].split(":")[3] == "us-west-2"


def test_the_tables_are_those_that_the_program_knows(deployed):
    """As the program's own tests make them."""
    graph, cloud = deployed
    client = cloud.client("dynamodb", "us-east-1")
    for table in graph.all("aws:dynamodb/table:Table"):
        made = client.describe_table(TableName=table.outputs["name"])["Table"]
        keys = KEYS[table.name.removeprefix("cart-")]
        assert tuple(one["AttributeName"] for one in made["KeySchema"]) == keys
        indexes = [one["IndexName"] for one in made.get("GlobalSecondaryIndexes", [])]
        assert indexes == [*INDEXES.get(table.name.removeprefix("cart-"), ())][:1]


def test_without_a_queue_orders_stay_in_their_table(preview):
    network = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}
    data = {**network, "zones": ["us-east-1a", "us-east-1b", "us-east-1c"]}
    graph = preview(lambda: ShoppingCart("cart", {**network, "data": data}))
    orders = graph.one("aws:dynamodb/table:Table", "cart-orders")
    assert not orders.inputs.get("globalSecondaryIndexes") and "HANDOVER" not in told_of(graph)


def test_the_service_may_send_to_the_queue_and_take_nothing_out(graph):
    said = str(statements(graph, "cart-service-to-busy-orders"))
    assert "sqs:SendMessage" in said and "sqs:ReceiveMessage" not in said


def test_the_program_is_told_of_all_that_it_asks_for(graph):
    text = told_of(graph)
    asked = set(re.findall(r'setting(?:\.get\(|\[)"([A-Z_]+)"', (PROGRAM / "__main__.py").read_text()))
    assert len(asked) > 8 and {name for name in asked if f"{name}=" not in text} == set()
    assert "FLAGS=BUSY_FLAGS_ADDRESS" in text and "HANDOVER=BUSY_ORDERS_ADDRESS" in text
    assert re.search(r"CALLS=.*\bbusy-flags\b.*\bbusy-orders\b", text)


def test_the_image_has_the_program_and_what_it_stands_on(graph):
    context = set(graph.one("aws:s3/bucketObject:BucketObject").inputs["source"].assets)
    modules = {f"cart/{file.name}" for file in PROGRAM.glob("*.py")}
    assert modules < context and "components/service/python/web.py" in context
    assert context - modules - {path for path in context if path.startswith("components/")} == {
        "Dockerfile",
        "requirements.txt",
    }


def test_it_goes_on_when_a_zone_is_lost(deployed):
    graph, cloud = deployed
    report = strike(graph, cloud.client, Wish("gorilla", zone="us-east-1a"))
    found = {one["component"]: one["state"] for one in report.as_json()["components"]}
    ours = {name: state for name, state in found.items() if name.startswith("cart")}
    assert len(ours) > 8 and set(ours.values()) == {"works"}, ours
