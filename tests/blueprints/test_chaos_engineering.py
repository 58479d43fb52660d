"""The four chaos tools over one stack."""

import json

import pytest

from blueprints.chaos_engineering import ChaosEngineering
from fourplane.sandbox import Sandbox

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
FLEET = {"load_balancer_dimension": "app/web/1", "target_group_dimension": "targetgroup/web/1"}
ARGS = {
    "vpc_arn": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1",
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "fleets": {"web": {**FLEET, "group_name": "web-1"}, "api": {**FLEET, "group_name": "api-1"}},
    "stop_alarm_arns": {"errors": ALARM},
    "topic_arn": "arn:aws:sns:us-east-1:123456789012:t",
}


@pytest.fixture
def chaos(run):
    """chaos(**more): the blueprint in the sandbox, and its experiment templates as FIS has them."""

    def deploy(**more):
        with Sandbox() as cloud:
            graph = run(lambda: ChaosEngineering("chaos", {**ARGS, **more}), cloud)
            fis = cloud.client("fis", "us-east-1")
            found = [one["id"] for one in fis.list_experiment_templates()["experimentTemplates"]]
            templates = [fis.get_experiment_template(id=id)["experimentTemplate"] for id in found]
            return graph, {template["tags"]["fault"]: template for template in templates}

    return deploy


def zones(template):
    """The zones that an experiment is bound to."""
    filters = [f for target in template["targets"].values() for f in target.get("filters", [])]
    return {value for f in filters if "AvailabilityZone" in f["path"] for value in f["values"]}


def test_every_fault_has_an_experiment_that_is_found_by_its_tags(chaos):
    graph, templates = chaos()
    assert templates.keys() == {"monkey", "gorilla", "kong", "latency"}
    assert {template["tags"]["stack"] for template in templates.values()} == {"dev"}
    ids = graph.one("fourplane:index:ChaosEngineering").outputs["template_ids"]
    assert ids == {fault: template["id"] for fault, template in templates.items()}


@pytest.mark.parametrize(
    ("more", "struck"),
    [
        ({}, {"monkey": "a", "gorilla": "b", "latency": "c"}),
        ({"zones": ARGS["zones"][:2]}, {"monkey": "a", "gorilla": "b", "latency": "b"}),
        (
            {"struck_zones": ["us-east-1c", "us-east-1a", "us-east-1b"]},
            {"monkey": "c", "gorilla": "a", "latency": "b"},
        ),
    ],
)
def test_each_fault_strikes_its_own_zone_and_the_kong_all(chaos, more, struck):
    _, templates = chaos(**more)
    wanted = {fault: {f"us-east-1{zone}"} for fault, zone in struck.items()}
    assert {fault: zones(template) for fault, template in templates.items()} == {**wanted, "kong": set()}


def test_nothing_comes_by_itself_unless_asked(chaos):
    assert chaos()[0].all("aws:scheduler/schedule:Schedule") == []


def test_all_but_the_loss_of_a_region_come_in_working_hours_on_days_of_their_own(chaos):
    schedules = chaos(scheduled=True, time_zone="Europe/Paris")[0].all("aws:scheduler/schedule:Schedule")
    when = {one.name: one.inputs["scheduleExpression"] for one in schedules}
    assert when.keys() == {"chaos-monkey", "chaos-gorilla", "chaos-latency"}
    assert all(one.startswith("cron(0 10 ? * ") for one in when.values())
    days = [day for one in when.values() for day in one.split()[4].split(",")]
    assert sorted(days) == ["FRI", "MON", "THU", "TUE", "WED"]


def test_the_alarms_that_stop_it_start_the_rollback(chaos):
    graph, templates = chaos()
    rule = graph.one("aws:cloudwatch/eventRule:EventRule", "chaos-rollback")
    assert ALARM in json.loads(rule.inputs["eventPattern"])["resources"]
    stops = [template["stopConditions"] for template in templates.values()]
    assert stops == [[{"source": "aws:cloudwatch:alarm", "value": ALARM}]] * 4


def test_a_lost_region_stops_every_experiment_but_the_kong(chaos):
    graph, templates = chaos()
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget", "chaos-runbook")
    stopped = json.loads(target.inputs["input"])["Templates"]
    assert set(stopped) == {one["id"] for fault, one in templates.items() if fault != "kong"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fleets": {}}, "fleets must be one fleet or more"),
        ({"zones": ["us-east-1a"]}, "zones must be 2 zones or more"),
        ({"struck_zones": ["us-east-1a"]}, "struck_zones must be 3 of us-east-1a, us-east-1b, us-east-1c"),
        ({"struck_zones": ["us-east-1a", "us-east-1b", "eu-west-1a"]}, "struck_zones must be 3 of"),
    ],
)
def test_rejects_chaos_without_somebody_to_hit_somewhere(chaos, change, said):
    with pytest.raises(Exception, match=said):
        chaos(**change)
