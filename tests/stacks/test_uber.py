"""Uber in its three phases: what is drawn is open, what is kept stays, what the first cannot survive."""

import pytest
import yaml

from components.component import ArgumentError
from components.state.sizes import redis_shards_of_memory
from fourplane import case_study, explain, project
from fourplane.chaos import Wish
from fourplane.drawn import Drawing, closed, undrawn, unneeded
from fourplane.errors import Mistake
from tests.stacks.conftest import on, previewed
from tests.stacks.look import component, struck

PHASES = ("monolith", "soa", "platform")
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def study(stack, phase="platform"):
    return case_study.read(project.find(), stack).under({"phase": phase})


def kept(graph):
    """The URNs of what holds data and is under the road's own component, and of who the users are."""
    holds = ("aws:rds/instance:Instance", "aws:cognito/userPool:UserPool", "aws:ecr/repository:Repository")
    return {
        r.urn
        for r in graph.values()
        if r.type in holds and r.name in ("road-database", "accounts", "road-image")
    }


@on("uber-dev", "uber-prod")
def test_what_is_drawn_is_open_and_what_is_open_is_drawn(deployed):
    graph, told = deployed.graph, study(deployed.graph.stack)
    assert closed(told, graph) == undrawn(told, graph) == unneeded(told, graph) == set()


def test_pods_that_no_arrow_joins_do_not_reach_each_other():
    graph = previewed("uber-dev")
    ends = {(graph[way.source].name, graph[way.target].name) for way in Drawing(study("uber-dev"), graph).ways
            if way.source in graph and way.target in graph}  # fmt: skip
    assert ("gateway", "trip") in ends
    assert not ends & {
        ("gateway", "payment"),
        ("gateway", "pricing"),
        ("rides-location", "rides-events"),
        ("trip", "users"),
    }


def test_a_rider_s_token_does_not_say_where_drivers_are():
    graph = previewed("uber-prod")
    files = [one.inputs["data"].get("kong.yml") for one in graph.all("kubernetes:core/v1:ConfigMap")]
    (kong,) = [yaml.safe_load(file) for file in files if file]
    asked = {
        service["name"]: plugin["config"]["scope"]
        for service in kong["services"]
        for plugin in service["plugins"]
        if plugin["name"] == "token-scope"
    }
    assert asked == {"rides-location": "rides/drive", "rides-matching": "rides/ride"}
    apps = {
        one.inputs["name"]: set(one.inputs["allowedOauthScopes"])
        for one in graph.all("aws:cognito/userPoolClient:UserPoolClient")
    }
    assert [app for app, scopes in apps.items() if "rides/drive" in scopes] == ["driver-app"]
    assert all(scopes & set(asked.values()) for scopes in apps.values())


@pytest.mark.parametrize("stack", ["uber-dev", "uber-prod"])
def test_every_alarm_tells_someone_or_starts_what_mends(stack):
    alarms = previewed(stack).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    silent = {one.name for one in alarms if not one.inputs.get("alarmActions")}
    assert silent == {"hot-threshold"}


@pytest.mark.parametrize("phase", PHASES)
def test_every_phase_is_explained_as_far_as_it_goes(phase):
    told = study("uber-dev", phase)
    proof = explain.prove(told, previewed("uber-dev", f"phase={phase}"))
    assert all(bool(resources) is claim.built for claim, resources in proof.items())
    nodes = told.diagrams["evolution-from-monolith-to-microservices"].nodes
    assert nodes["MONO_DB"].claim.built and nodes["MESH"].claim.built is (phase == "platform")


def test_what_a_phase_keeps_has_the_same_urn_in_the_next():
    first, *later = [kept(previewed("uber-prod", f"phase={phase}")) for phase in PHASES]
    assert len(first) == 3 and all(one == first for one in later)


def test_the_old_database_goes_when_its_rows_have_moved():
    graph = previewed("uber-prod", "legacy_database=false")
    assert graph.all("aws:rds/instance:Instance") == []


@pytest.mark.apart
@on("uber-prod", phase="monolith")
def test_a_monkey_finds_the_single_point_of_failure_of_the_monolith(deployed):
    report = struck(deployed, Wish("monkey"), phase="monolith")
    assert not report.survives
    assert component(report, "road-app", "AutoScalingService")["state"] == "degraded"
    assert component(report, "road-database", "PostgreSql")["state"] == "degraded"


@pytest.mark.apart
@on("uber-dev")
def test_the_platform_survives_a_lost_instance_of_everything(deployed):
    report = struck(deployed, Wish("monkey"), phase="platform")
    assert report.survives and report.failed == [] and len(report.arrows) > 30


@pytest.mark.apart
@on("uber-prod")
def test_the_platform_survives_a_lost_zone(deployed):
    report = struck(deployed, Wish("gorilla", zone="us-east-1b"), phase="platform")
    assert report.survives and report.failed == []


def test_a_size_that_no_cluster_can_have_is_one_line_with_the_limit_and_its_source():
    with pytest.raises(
        Mistake, match=r"1000 TB of cache\.r7g\.large are .* at most 500 nodes .*https://"
    ) as refused:
        previewed("uber-dev", "location_terabytes=1000", "location_node_type=cache.r7g.large")
    assert "\n" not in str(refused.value)
    with pytest.raises(Mistake, match=r"KafkaCluster 'rides-events': .*partitions.*https://"):
        previewed("uber-dev", "kafka_partitions=3000")
    with pytest.raises(Mistake, match="config 'location_terabytes' must be a finite number, got 'inf'"):
        previewed("uber-dev", "location_terabytes=inf")


def test_the_planet_s_memory_is_that_of_all_nodes():
    assert redis_shards_of_memory(100, "cache.r7g.16xlarge", 2) * 3 * 419.09 >= 100 * 931
    with pytest.raises(ArgumentError, match="at most 500 nodes"):
        redis_shards_of_memory(300, "cache.r7g.16xlarge", 2)
