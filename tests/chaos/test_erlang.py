"""What a fault leaves of a region's Erlang cluster."""

import pytest

from components.access import connect
from components.network import Network
from components.service.chat_servers import ChatServers
from components.state.mnesia_database import MnesiaDatabase
from fourplane.chaos import Wish, strike
from fourplane.chaos.erlang import Tables
from fourplane.sandbox import Sandbox

ON = {"domain": "na.chat.example.com", "packages_url": "https://packages.s3.us-east-1.amazonaws.com"}


def stack():
    network = Network("network", {"zones": 3})
    database = MnesiaDatabase("users", {**network.data, **ON, "disposable": True})
    size = {"connections_per_server": 10_000, "instance_type": "m7g.large", "proxies": 2}
    chat = ChatServers("chat", {**network.data, **ON, **database.cluster, **size})
    connect(chat, database, network.endpoints)
    connect(database, network.endpoints)


@pytest.fixture(scope="module")
def struck(run_in, tmp_path_factory):
    """struck(wish): each component's verdict, and whether the arrow between them works."""

    def struck(wish):
        with Sandbox() as cloud:
            graph = run_in(tmp_path_factory.mktemp("stack"), stack, cloud)
            report = strike(graph, cloud.client, wish).as_json()
        parts = {one["component"]: one for one in report["components"]}
        arrows = {(one["from"], one["to"]): one["ok"] for one in report["arrows"]}
        return parts, arrows["chat", "users"]

    return struck


def test_a_zone_may_go(struck):
    parts, arrow = struck(Wish("gorilla", "us-east-1b"))
    assert parts["users"]["state"] == parts["chat"]["state"] == "works" and arrow
    assert parts["users"]["why"].startswith("down: users-b0; ")
    assert parts["chat"]["has"] == "2 healthy in 2 zones"


def test_a_lost_node_comes_back_as_itself(struck):
    parts, arrow = struck(Wish("monkey"))
    assert parts["users"]["why"].endswith(" came back with the same address and disk") and arrow


def test_two_neighbours_hold_some_partitions_alone():
    stores = ["a", "b", "c"]
    tables = Tables({name: name for name in stores}, stores, 64)
    assert tables.lost({"a", "b"}) == tables.lost({"c", "a"}) == 0
    assert tables.lost({"a"}) == 21 and tables.lost(set()) == 64
    assert tables.thin({"a", "b"}) == 42
