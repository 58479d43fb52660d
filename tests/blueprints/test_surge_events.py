"""An event's blueprint: what it is made of, who may reach whom, and that it can be rehearsed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blueprints.surge_events import SurgeEvents
from components.access import connect
from components.control.feature_flags import FeatureFlags
from components.edge.firewall import Firewall
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.private_bucket import PrivateBucket
from fourplane.chaos import Wish, strike
from fourplane.reach import reach
from fourplane.rehearse import rehearse
from fourplane.sandbox import Sandbox

POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTION = "aws:lambda/function:Function"
SALE = {"starts": "2030-07-16T07:00:00Z", "ends": "2030-07-18T07:00:00Z", "times": 3}


def program():
    network = Network("net", {"zones": 2, "interface_endpoints": ["appconfig", "monitoring", "wafv2"]})
    lists = PrivateBucket("lists", {"disposable": True})
    web = AutoScalingService(
        "web", {**network.private, "image": "public.ecr.aws/a:1", "port": 8080, "predictive": {}}
    )
    firewall = Firewall("edge", {"sheddable": {"low": {"paths": ["/api/reviews"]}}})
    flags = FeatureFlags("flags", {"flags": {"reviews": {"description": "Reviews", "enabled": True}}})
    surge = SurgeEvents(
        "surge",
        {
            **network.private,
            "events": {"sale": SALE},
            "fleets": {"web": {"group_name": web.group_name, "minimum": 2, "maximum": 8}},
            "hottest": {
                "site": "http://web", "bucket": lists.bucket, "bucket_arn": lists.arn, "key": "hottest"
            },
            "service": "http://web",
            "switch_arns": firewall.switch_arns,
            "shed_first": ["low"],
            "flags": {
                "address": flags.address,
                "strategy_id": flags.at_once_id,
                "statements": flags.changes(),
                "turned": ["reviews"],
            },
            "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:t"],
        },
    )  # fmt: skip
    connect(surge.warmer, web)
    connect(surge.deliverer, web)
    for worker in surge.workers:
        connect(worker, network.endpoints)


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        yield run_in(tmp_path_factory.mktemp("surge"), program, cloud), cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


def statements(graph, name):
    policies = [one for one in graph.all(POLICY) if one.name == name]
    return {s.get("Sid"): s for one in policies for s in json.loads(one.inputs["policy"])["Statement"]}


def test_what_is_warmed_shed_and_handed_over_is_reached_and_no_way_more_is_open(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    found = {
        (names.get(way.source, way.source), names.get(way.target, way.target), way.by) for way in reach(graph)
    }
    assert {way for way in found if any(end.startswith("surge") for end in way[:2])} == {
        ("surge-calendar", "web", "scheduled action"),
        ("surge-calendar", "surge-warming", "schedule"),
        ("surge-calendar", "surge-warming", "IAM"),
        ("surge-warming", "surge-warm", "IAM"),
        ("surge-warm", "lists", "IAM"),
        ("surge-warm", "web", "security groups"),
        ("surge-warm", "net", "security groups"),
        ("surge-waiting", "surge-protection", "alarm event"),
        ("surge-protection", "surge-protect", "IAM"),
        ("surge-protect", "edge", "IAM"),
        ("surge-protect", "flags", "IAM"),
        ("surge-protect", "net", "security groups"),
        ("surge-waiting", "surge-deliver", "event source mapping"),
        ("surge-deliver", "web", "security groups"),
    }


def test_each_function_may_do_what_it_does_and_no_more(graph):
    network = {"Interfaces", "Log", "Look", "Trace"}
    assert statements(graph, "surge-warm").keys() == {*network, "Hottest"}
    assert statements(graph, "surge-deliver").keys() == {*network, "Receive"}
    assert statements(graph, "surge-protect").keys() == {
        *network, "Alarms", "Shed", "FlagVersions", "FlagDeployments"
    }  # fmt: skip
    shed = statements(graph, "surge-protect")["Shed"]["Resource"]
    assert len(shed) == 2 and all(":global/ipset/edge-low-" in arn for arn in shed)
    assert statements(graph, "surge-warm")["Hottest"]["Resource"].endswith("/hottest")


def test_what_waits_is_worked_on_at_a_steady_pace_and_given_up_late(graph):
    mapping = graph.one("aws:lambda/eventSourceMapping:EventSourceMapping").inputs
    (queue,) = [one for one in graph.all("aws:sqs/queue:Queue") if one.name == "surge-waiting"]
    assert mapping["scalingConfig"] == {"maximumConcurrency": 5}
    assert (
        queue.inputs["visibilityTimeoutSeconds"] == 6 * graph.one(FUNCTION, "surge-deliver").inputs["timeout"]
    )
    assert json.loads(queue.inputs["redrivePolicy"])["maxReceiveCount"] == 100


def test_a_queue_that_is_late_has_the_least_that_matters_shed(graph):
    late = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "surge-waiting-late").outputs["arn"]
    pattern = graph.one("aws:cloudwatch/eventRule:EventRule", "surge-protection").inputs["eventPattern"]
    assert json.loads(pattern)["resources"] == [late]
    told = graph.one(FUNCTION, "surge-protect").inputs["environment"]["variables"]
    assert json.loads(told["ALARMS"]) == [late] and json.loads(told["CLASSES"]) == ["low"]
    assert json.loads(told["SWITCHES"]).keys() == {"low-ipv4", "low-ipv6"}


@pytest.mark.parametrize("name", ["warm", "protect", "deliver"])
def test_a_function_is_packed_with_all_that_it_imports(graph, name, tmp_path):
    for inside, asset in graph.one(FUNCTION, f"surge-{name}").inputs["code"].assets.items():
        (tmp_path / inside).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(asset.path, tmp_path / inside)
    here = str(Path.cwd())
    alone = f"import sys; sys.path = [{str(tmp_path)!r}, *(p for p in sys.path if p not in ('', {here!r}))]; "
    alone += "sys.meta_path = [f for f in sys.meta_path if 'editable' not in str(f).lower()]; "
    subprocess.run([sys.executable, "-c", f"{alone}import surge.{name}"], check=True, cwd=tmp_path)


def test_what_turns_flags_has_what_reads_them(graph):
    packed = set(graph.one(FUNCTION, "surge-protect").inputs["code"].assets)
    assert {
        "surge/protect.py",
        "components/service/python/flags.py",
        "components/service/python/aws.py",
    } < packed


def test_the_event_can_be_rehearsed_and_the_warming_begins(deployed):
    graph, cloud = deployed
    rehearsal = rehearse(graph, cloud.client, "sale")
    (web,) = rehearsal.tiers
    assert rehearsal.wrong == [] and (web.before.ready, web.during.ready, web.after.least) == (2, 6, 2)
    steps = cloud.client("stepfunctions", "us-east-1")
    machine = graph.one("aws:sfn/stateMachine:StateMachine", "surge-warming").outputs["arn"]
    (begun,) = steps.list_executions(stateMachineArn=machine)["executions"]
    said = steps.describe_execution(executionArn=begun["executionArn"])
    assert json.loads(said["input"]) == {"event": "sale"}


def test_it_survives_the_loss_of_a_zone(deployed):
    graph, cloud = deployed
    report = strike(graph, cloud.client, Wish("gorilla", zone="us-east-1a"))
    ours = [f.state for one, f in report.components if one.name.startswith("surge")]
    assert set(ours) == {"works"}


def test_rejects_classes_that_nothing_sheds(preview):
    args = {
        "vpc_id": "vpc-1", "subnet_ids": ["subnet-1"], "events": {"sale": SALE},
        "fleets": {"web": {"group_name": "web-1", "minimum": 2, "maximum": 8}}, "service": "http://web",
        "hottest": {"site": "http://web", "bucket": "b", "bucket_arn": "arn:aws:s3:::b", "key": "k"},
    }  # fmt: skip
    with pytest.raises(Exception, match=r"shed_first must be .* switch_arns, got \['low'\]"):
        preview(lambda: SurgeEvents("surge", {**args, "shed_first": ["low"]}))
