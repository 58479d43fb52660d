"""The four chaos tools over one stack."""

import pytest

from blueprints.chaos_engineering import ChaosEngineering
from fourplane.sandbox import Sandbox

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
ARGS = {
    "vpc_arn": "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1",
    "fleets": ["web", "ring"],
    "zone": "us-east-1b",
    "group_names": {"web": "web-1"},
    "stop_alarm_arns": {"errors": ALARM},
    "pagerduty_url": "https://events.pagerduty.com/integration/hunter22hunter22/enqueue",
}


@pytest.fixture
def chaos(run):
    """chaos(**more): the blueprint in the sandbox, and its experiment templates as FIS has them."""

    def deploy(**more):
        with Sandbox() as cloud:
            graph = run(lambda: ChaosEngineering("chaos", {**ARGS, **more}), cloud)
            found = cloud.client("fis", "us-east-1").list_experiment_templates()["experimentTemplates"]
            return graph, {template["tags"]["fault"]: template for template in found}

    return deploy


def test_every_fault_has_an_experiment_that_is_found_by_its_tags(chaos):
    graph, templates = chaos()
    assert templates.keys() == {"monkey", "gorilla", "kong", "latency"}
    assert {template["tags"]["stack"] for template in templates.values()} == {"dev"}
    ids = graph.one("fourplane:index:ChaosEngineering").outputs["template_ids"]
    assert ids == {fault: template["id"] for fault, template in templates.items()}


def test_nothing_comes_by_itself_unless_asked(chaos):
    assert chaos()[0].all("aws:scheduler/schedule:Schedule") == []


def test_all_but_the_loss_of_a_region_come_in_working_hours(chaos):
    schedules = chaos(scheduled=True, time_zone="Europe/Paris")[0].all("aws:scheduler/schedule:Schedule")
    assert {one.name for one in schedules} == {"chaos-monkey", "chaos-gorilla", "chaos-latency"}
    assert {one.inputs["scheduleExpression"] for one in schedules} == {"cron(0 10 ? * MON-FRI *)"}


def test_the_alarms_that_stop_it_start_the_runbook(chaos):
    graph, _ = chaos()
    assert ALARM in graph.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"]
    stops = [r.inputs["stopConditions"] for r in graph.all("aws:fis/experimentTemplate:ExperimentTemplate")]
    assert stops == [[{"source": "aws:cloudwatch:alarm", "value": ALARM}]] * 4


def test_rejects_chaos_without_a_fleet_to_hit(chaos):
    with pytest.raises(Exception, match="fleets must be one fleet or more"):
        chaos(fleets=[])
