"""Ways to and from zones: what an experiment strikes, what an alarm starts, what a dashboard shows."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from components.control.alerts import Alerts
from components.control.dashboard import Dashboard
from components.control.experiment import Experiment
from components.control.fault_permissions import Struck
from components.control.faults import gorilla, kong, latency, monkey
from components.control.procedures import roll_back
from components.control.region_health import RegionHealth
from components.control.runbook import Runbook
from components.control.zone_health import ZoneHealth
from components.network import Network

BALANCED = {"load_balancer_dimension": "app/w/1", "target_group_dimension": "targetgroup/w/1"}
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
TAGS = {"stack": "dev"}


@pytest.fixture
def near(ways):
    """near(program, without): the ways that the programs of these tests are about."""
    by = ("experiment", "alarm", "dashboard")
    return lambda program, without=(): {
        way for way in ways(program, without) if way.split(" ")[3].startswith(by)
    }


class Tagged(Network):
    """A network whose resources have the stack's tag, as a page gives it."""

    def _mark(self, args):
        made = super()._mark(args)
        if "tags" in made.props:
            made.props["tags"] = {**made.props["tags"], **TAGS}
        return made


def world():
    """A network of three watched zones, and a fleet in all of them."""
    network = Tagged("network", {})
    aws.autoscaling.Group(
        "web",
        min_size=3,
        max_size=3,
        vpc_zone_identifiers=network.private["subnet_ids"],
        tags=[
            {"key": k, "value": v, "propagate_at_launch": True}
            for k, v in {**TAGS, "component": "web"}.items()
        ],
    )
    zones = {
        zone: ZoneHealth(f"zone-{zone[-1]}", {"zone": zone, "fleets": {"web": BALANCED}}).alarm_arn
        for zone in network.zones
    }
    return network, zones, RegionHealth("region", {"zone_alarm_arns": zones}).alarm_arn


def strikes(fault, zone="us-east-1a", fleets=("web",)):
    def program():
        network, _, _ = world()
        struck = Struck(network.vpc_arn, "dev", fleets, zone, 10, 400)
        Experiment("it", {**fault(struck), "stop_alarm_arns": [ALARM]})

    return program


END, CUT = "aws:ec2:terminate-instances", "aws:network:disrupt-connectivity"


@pytest.mark.parametrize(
    ("fault", "zone", "struck"),
    [
        (monkey, "us-east-1a", {f"it -> zone-a experiment {END}"}),
        (gorilla, "us-east-1b", {f"it -> zone-b experiment {what}" for what in (END, CUT)}),
        (latency, "us-east-1c", {"it -> zone-c experiment aws:ssm:send-command"}),
        (kong, "", {f"it -> region experiment {CUT}"}),
    ],
)
def test_an_experiment_leads_to_the_zone_that_it_is_bound_to_or_to_the_region(near, fault, zone, struck):
    assert near(strikes(fault, zone)) == struck


def test_an_experiment_that_finds_nobody_leads_nowhere(near):
    assert near(strikes(monkey, "us-east-1a", ["api"])) == near(strikes(monkey, "us-east-1z")) == set()


def test_an_experiment_whose_role_may_not_leads_nowhere(near):
    assert near(strikes(monkey), ["RolePolicy it"]) == set()


def test_a_zone_that_nobody_watches_is_its_network_s(near):
    without = ["MetricAlarm zone-a", "CompositeAlarm region"]
    assert near(strikes(monkey), without) == {f"it -> network experiment {END}"}


def answered():
    _, zones, region = world()
    topic = Alerts("alerts", {}).topic_arn
    for name, alarms in (("rollback", zones), ("runbook", {"region": region})):
        Runbook(name, {**roll_back(topic, []), "alarm_arns": alarms, "topic_arn": topic})


STARTS = "alarm event ssm:StartAutomationExecution"


@pytest.mark.parametrize(
    ("part", "closed"),
    [
        ("", ""),
        ("EventTarget runbook", "region"),
        ("EventRule runbook", "region"),
        ("Document runbook", "region"),
        ("RolePolicy runbook-start", "region"),
        ("MetricAlarm zone-b", "zone-b"),
    ],
)
def test_an_alarm_leads_to_the_automation_that_its_rule_may_start(near, part, closed):
    every = {f"zone-{zone} -> rollback {STARTS}" for zone in "abc"} | {f"region -> runbook {STARTS}"}
    assert near(answered, [part]) == {way for way in every if not closed or not way.startswith(closed)}


def test_an_alarm_starts_nothing_in_another_region(near):
    def program():
        zone = {"zone": "eu-west-1a", "fleets": {"web": BALANCED}, "region": "eu-west-1"}
        topic = Alerts("alerts", {}).topic_arn
        alarms = {"a": ZoneHealth("zone-a", zone).alarm_arn}
        Runbook("rollback", {**roll_back(topic, []), "alarm_arns": alarms, "topic_arn": topic})

    assert near(program) == set()


def told(**of_the_alarm):
    def program():
        topic = Alerts("alerts", {}).topic_arn
        zone = {"zone": "us-east-1a", "fleets": {"web": BALANCED}, "alarm_actions": [topic]}
        ZoneHealth("zone-a", {**zone, **of_the_alarm})

    return program


def test_an_alarm_tells_a_topic_that_lets_it_in_its_own_region(near):
    assert near(told()) == {"zone-a -> alerts alarm sns"}
    assert near(told(region="eu-west-1")) == set()


def test_a_topic_that_lets_others_in_hears_no_alarm(near):
    def program():
        topic = aws.sns.Topic("alerts")
        lets = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish"}
        aws.sns.TopicPolicy("alerts", arn=topic.arn, policy=json.dumps({"Statement": [lets]}))
        zone = {"zone": "us-east-1a", "fleets": {"web": BALANCED}, "alarm_actions": [topic.arn]}
        ZoneHealth("zone-a", zone)

    assert near(program) == set()


def test_a_dashboard_is_led_to_by_the_zones_balancers_and_alarms_that_it_shows(near):
    def program():
        _, zones, region = world()
        balancer = aws.lb.LoadBalancer("api")
        fleet = {**BALANCED, "load_balancer_dimension": balancer.arn_suffix}
        shown = {
            "zones": ["us-east-1b"],
            "fleets": {"api": fleet},
            "alarms": {"a": {"c": zones["us-east-1c"]}},
        }
        Dashboard("board", {**shown, "composite_alarms": {"region": region}})

    requests = {f"api -> board dashboard {m}" for m in ("RequestCount", "HealthyHostCount")}
    assert {
        "zone-b -> board dashboard HealthyHostCount",
        "zone-c -> board dashboard alarm",
        "region -> board dashboard alarm",
        *requests,
    } <= near(program)
    assert not any(way.startswith("zone-a") for way in near(program))


def test_a_blueprint_s_part_that_nothing_is_tagged_in_is_a_box_of_its_own(ways):
    class Page(pulumi.ComponentResource):
        def __init__(self):
            super().__init__("fourplane:index:Page", "page")
            child = pulumi.ResourceOptions(parent=self)
            zone = {"zone": "us-east-1a", "fleets": {"web": BALANCED}}
            alarm = ZoneHealth("zone-a", zone, child).alarm_arn
            Dashboard("board", {"alarms": {"a": {"a": alarm}}}, child)

    assert ways(Page) == {"zone-a -> board dashboard alarm"}
