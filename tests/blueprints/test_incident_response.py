"""Who watches the zones of a region, and what an alarm of theirs does."""

import json

import pytest

from blueprints.incident_response import IncidentResponse
from fourplane.sandbox import Sandbox

TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
FLEET = {
    "load_balancer_dimension": "app/web/1",
    "target_group_dimension": "targetgroup/web/1",
    "group_name": "web-1",
}
ARGS = {
    "vpc_arn": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1",
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "fleets": {"web": FLEET},
    "topic_arn": TOPIC,
    "alarm_arns": {"Objectives": {"compute": ALARM}},
    "rollback_alarm_arns": {"compute": ALARM},
}


@pytest.fixture
def response(run):
    def deploy(**more):
        with Sandbox() as cloud:
            return run(lambda: IncidentResponse("it", {**ARGS, **more}), cloud)

    return deploy


def alarms(graph):
    return {r.name: r for r in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}


def starts(graph, runbook):
    """The alarms that start a runbook."""
    rule = graph.one("aws:cloudwatch/eventRule:EventRule", runbook)
    return set(json.loads(rule.inputs["eventPattern"])["resources"])


def test_every_zone_and_the_region_wake_somebody(response):
    graph = response()
    zones = alarms(graph)
    assert zones.keys() == {"it-zone-a", "it-zone-b", "it-zone-c"}
    region = graph.one("aws:cloudwatch/compositeAlarm:CompositeAlarm")
    assert all(one.inputs["alarmActions"] == [TOPIC] for one in [*zones.values(), region])


def test_a_zone_s_alarm_rolls_back_what_is_being_deployed(response):
    graph = response()
    arns = {one.outputs["arn"] for one in alarms(graph).values()}
    assert starts(graph, "it-rollback") == arns | {ALARM}
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget", "it-rollback")
    assert json.loads(target.inputs["input"])["Groups"] == ["web-1"]


def test_the_region_s_alarm_starts_the_runbook(response):
    graph = response()
    region = graph.one("aws:cloudwatch/compositeAlarm:CompositeAlarm").outputs["arn"]
    assert starts(graph, "it-runbook") == {region}


def test_the_dashboard_shows_every_zone_and_every_alarm(response):
    graph = response()
    body = graph.one("aws:cloudwatch/dashboard:Dashboard").inputs["dashboardBody"]
    arns = {one.outputs["arn"] for one in alarms(graph).values()} | {ALARM}
    assert all(zone in body for zone in ARGS["zones"]) and all(arn in body for arn in arns)


@pytest.mark.parametrize("zones", [["us-east-1a"], ["us-east-1a", "us-east-1a"]])
def test_rejects_a_region_of_one_zone(response, zones):
    with pytest.raises(Exception, match="zones must be 2 zones or more, each once"):
        response(zones=zones)
