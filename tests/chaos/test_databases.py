"""What a fault leaves of a database alone, of one with a standby, of a cluster of brokers, of a cache before
tables, and of a warehouse."""

import functools

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.dax_cluster import DaxCluster
from components.state.dynamo_table import DynamoTable
from components.state.event_stream import EventStream
from components.state.kafka_cluster import KafkaCluster
from components.state.postgresql import PostgreSql
from components.state.warehouse import Warehouse
from components.state.work_queue import WorkQueue
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.apart import in_child


def stack():
    network = Network("network", {"zones": 3})
    app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
    alone = PostgreSql("alone", {**network.data, "standby": False})
    connect(app, alone, PostgreSql("doubled", network.data))
    connect(app, KafkaCluster("events", {**network.data, "topics": {"orders": {}}}))
    carts = DynamoTable("carts", {"key": {"partition": ("cart", "S")}})
    cache = DaxCluster("quick", {**network.data, "table_arns": [carts.arn], "nodes": 4})
    both, one = Warehouse("both", network.data), Warehouse("one", {**network.data, "standby": False})
    connect(app, carts, cache, both, one, WorkQueue("work", {}).entry, EventStream("clicks", {}).exit)


@pytest.fixture(scope="module")
def struck(run_in, tmp_path_factory):
    """struck(wish): each component's verdict, whether each arrow works, and what was lost, by component."""
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("stack"), stack, cloud)

        @functools.cache
        def struck(wish):
            report = in_child(lambda: strike(graph, cloud.client, wish).as_json())
            parts = {one["component"]: one for one in report["components"]}
            arrows = {(one["from"], one["to"]): one["ok"] for one in report["arrows"]}
            return parts, arrows, {one["component"]: one for one in report["lost"]}

        yield struck


MONKEY, HERE, ELSEWHERE = Wish("monkey"), Wish("gorilla", "us-east-1a"), Wish("gorilla", "us-east-1c")


def test_a_database_without_a_standby_is_a_single_point_of_failure(struck):
    parts, arrows, lost = struck(MONKEY)
    assert lost["alone"]["type"] == "database instance" and lost["alone"]["zone"] == "us-east-1a"
    assert parts["alone"]["state"] == "degraded" and "no standby" in parts["alone"]["why"]
    assert not arrows["app", "alone"]


def test_a_standby_takes_the_place_of_a_lost_instance(struck):
    parts, arrows, lost = struck(MONKEY)
    assert "doubled" in lost and parts["doubled"]["ok"] and arrows["app", "doubled"]


def test_the_loss_of_its_zone_ends_a_database_without_a_standby(struck):
    parts, arrows, _ = struck(HERE)
    assert parts["alone"]["state"] == "broken" and "restore its backup" in parts["alone"]["why"]
    assert not arrows["app", "alone"] and struck(ELSEWHERE)[0]["alone"]["ok"]


def test_a_standby_survives_any_zone(struck):
    here, elsewhere = struck(HERE)[0]["doubled"], struck(ELSEWHERE)[0]["doubled"]
    assert here["ok"] and "takes over from us-east-1a" in here["why"] and elsewhere["ok"]


def test_events_are_taken_without_a_zone(struck):
    parts, arrows, _ = struck(HERE)
    assert parts["events"]["ok"] and parts["events"]["has"] == "2 of 3 copies of each partition"
    assert arrows["app", "events"]


def test_a_cache_and_a_warehouse_in_two_zones_survive_any_zone(struck):
    for zone in (HERE, ELSEWHERE):
        parts, arrows, _ = struck(zone)
        assert parts["quick"]["ok"] and parts["quick"]["has"] == "2 of 4 nodes"
        assert parts["both"]["ok"] and arrows["app", "both"] and arrows["app", "quick"]


def test_a_warehouse_in_one_zone_is_moved_when_that_is_lost(struck):
    here, elsewhere = struck(HERE)[0]["one"], struck(ELSEWHERE)[0]["one"]
    assert here["state"] == "degraded" and "AWS moves it to another zone" in here["why"]
    assert elsewhere["state"] == "works"


def test_tables_queues_and_streams_have_no_zone(struck):
    parts, arrows, _ = struck(HERE)
    assert all(parts[name]["ok"] for name in ("carts", "work", "clicks"))
    assert all(arrows["app", name] for name in ("carts", "work", "clicks"))


def test_they_are_lost_with_their_region_and_their_arrows_too(struck):
    parts, arrows, _ = struck(Wish("kong", "us-east-1"))
    assert {parts[name]["state"] for name in ("carts", "work", "clicks", "quick", "both")} == {"lost"}
    assert not any(arrows["app", name] for name in ("carts", "work", "clicks", "quick", "both"))
