"""What a fault leaves of a database alone, of one with a standby, and of a cluster of brokers."""

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.kafka_cluster import KafkaCluster
from components.state.postgresql import PostgreSql
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


def stack():
    network = Network("network", {"zones": 3})
    app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
    alone = PostgreSql("alone", {**network.data, "standby": False})
    connect(app, alone, PostgreSql("doubled", network.data))
    connect(app, KafkaCluster("events", {**network.data, "topics": {"orders": {}}}))


@pytest.fixture(scope="module")
def struck(run_in, tmp_path_factory):
    """struck(wish): each component's verdict, whether each arrow works, and what was lost, by component."""
    folder, known = tmp_path_factory.mktemp("stack"), {}

    def struck(wish):
        if wish not in known:
            with Sandbox() as cloud:
                report = strike(run_in(folder, stack, cloud), cloud.client, wish).as_json()
            parts = {one["component"]: one for one in report["components"]}
            arrows = {(one["from"], one["to"]): one["ok"] for one in report["arrows"]}
            known[wish] = parts, arrows, {one["component"]: one for one in report["lost"]}
        return known[wish]

    return struck


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
