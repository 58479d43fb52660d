import json
import re

import pytest

from components.component import Component, ComponentArgs
from components.control.chat_objectives import LIMITS, ChatObjectives
from components.ejabberd.agent_permissions import statements
from components.machine import instance_profile
from fourplane.reach import reach
from fourplane.sandbox import Sandbox
from tests.boot.agent_machine import loaded

TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
ARGS = {"namespace": "dev-chat", "nodes": 3, "connections_per_server": 1_000_000, "alarm_actions": [TOPIC]}
VITALS = {
    *("run_queue", "longest_mailbox", "processes", "process_limit", "ports", "port_limit", "memory_bytes"),
    *("connections", "connections_accepted", "connections_refused", "messages_sent", "messages_delivered"),
    *("messages_stored", "messages_failed", "mnesia_overloads", "mnesia_partitions", "delivery_p99_ms"),
    *("cores", "conntrack_left"),
}
"""What nodes tell: mod_vitals and the agent beside them."""


def alarms(graph):
    return {r.name.removeprefix("chat-"): r for r in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}


@pytest.fixture(scope="module")
def chat(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        folder = tmp_path_factory.mktemp("chat")
        yield run_in(folder, lambda: ChatObjectives("chat", {**ARGS, "region": "eu-west-1"}), cloud), cloud


def judged(alarm, **vitals):
    """What an alarm's math gives for what CloudWatch would take of the nodes' vitals."""
    expression = next(q["expression"] for q in alarm.inputs["metricQueries"] if "expression" in q)
    ids = {q["id"]: q["metric"]["metricName"] for q in alarm.inputs["metricQueries"] if "metric" in q}
    known = {id: vitals[name] for id, name in ids.items() if name in vitals}
    filled = re.sub(r"FILL\((\w+), 0\)", lambda one: str(known.get(one[1], 0)), expression)
    return eval(filled, {}, known)


# What is just well, and what is not.
@pytest.mark.parametrize(
    ("key", "well", "wrong"),
    [
        ("delivery", {"delivery_p99_ms": 100}, {"delivery_p99_ms": 101}),
        (
            "availability",
            {"messages_sent": 10_000, "messages_failed": 9},
            {"messages_sent": 10_000, "messages_failed": 11},
        ),
        (
            "admission",
            {"connections_accepted": 9991, "connections_refused": 9},
            {"connections_accepted": 9989, "connections_refused": 11},
        ),
        ("silent", {"connections": 3}, {}),
        ("full", {"connections": 900_000}, {"connections": 900_001}),
        ("run-queue", {"run_queue": 64, "cores": 8}, {"run_queue": 65, "cores": 8}),
        ("mailboxes", {"longest_mailbox": 10_000}, {"longest_mailbox": 10_001}),
        ("processes", {"processes": 80, "process_limit": 100}, {"processes": 81, "process_limit": 100}),
        ("ports", {"ports": 80, "port_limit": 100}, {"ports": 81, "port_limit": 100}),
        (
            "tracked",
            {"connections": 900, "conntrack_left": 100},
            {"connections": 901, "conntrack_left": 99},
        ),
        ("overload", {"mnesia_overloads": 0}, {"mnesia_overloads": 1}),
        ("split", {"mnesia_partitions": 0}, {"mnesia_partitions": 1}),
    ],
)
def test_every_alarm_knows_well_from_wrong(chat, key, well, wrong):
    alarm = alarms(chat[0])[key]
    assert alarm.inputs["comparisonOperator"] == "GreaterThanThreshold"
    most = alarm.inputs["threshold"]
    assert judged(alarm, **well) <= most < judged(alarm, **wrong)


def test_every_alarm_looks_at_what_all_nodes_tell_and_somebody_hears_of_it(chat):
    made = alarms(chat[0])
    assert len(made) == 12
    for alarm in made.values():
        metrics = [query["metric"] for query in alarm.inputs["metricQueries"] if "metric" in query]
        assert {m["metricName"] for m in metrics} <= VITALS and {m["namespace"] for m in metrics} == {
            "dev-chat"
        }
        assert all(not metric["dimensions"] and metric["period"] == 60 for metric in metrics)
        assert alarm.inputs["alarmActions"] == [TOPIC] and alarm.region == "eu-west-1"


def test_mnesia_is_looked_at_where_its_tables_are(preview):
    made = alarms(preview(lambda: ChatObjectives("chat", {**ARGS, "tables_namespace": "dev-tables"})))
    spaces = {key: alarm.inputs["metricQueries"][0]["metric"]["namespace"] for key, alarm in made.items()}
    assert {key for key, space in spaces.items() if space == "dev-tables"} == {"overload", "split"}


def test_only_a_node_that_says_nothing_is_wrong_without_a_word(chat):
    silent = {key for key, a in alarms(chat[0]).items() if a.inputs["treatMissingData"] != "notBreaching"}
    assert silent == {"silent"}


def test_the_counters_that_alarms_add_up_are_told_as_growth(chat):
    counted = loaded().COUNTED
    summed = {
        query["metric"]["metricName"]
        for alarm in alarms(chat[0]).values()
        for query in alarm.inputs["metricQueries"]
        if "metric" in query and query["metric"]["stat"] == "Sum"
    }
    assert summed and summed == {name for name in VITALS if counted.fullmatch(name)} - {
        "messages_delivered", "messages_stored",
    }  # fmt: skip


def test_the_dashboard_shows_every_alarm_and_each_node_in_its_own_region(chat):
    graph, cloud = chat
    name = graph.one("fourplane:index:ChatObjectives").outputs["dashboard_name"]
    found = cloud.client("cloudwatch", "eu-west-1").get_dashboard(DashboardName=name)
    widgets = [widget["properties"] for widget in json.loads(found["DashboardBody"])["widgets"]]
    arns = {arn for widget in widgets for arn in widget.get("annotations", {}).get("alarms", [])}
    assert arns == {alarm.outputs["arn"] for alarm in alarms(graph).values()} and name.endswith("eu-west-1")
    lines = [line for widget in widgets for line in widget.get("metrics", [])]
    assert {line[1] for line in lines if len(line) > 1} == {name for name in VITALS if "messages_" in name}
    (search,) = [
        w["metrics"][0][0]["expression"] for w in widgets if w.get("title") == "Connections, by node"
    ]
    assert search == """SEARCH('{"dev-chat",Node} MetricName="connections"', 'Maximum', 60)"""


class Machines(Component):
    """Whoever may do what nodes may."""

    def __init__(self, name: str, args: ComponentArgs, opts=None) -> None:
        super().__init__(name, args, opts)
        near = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"
        group = "arn:aws:logs:us-east-1:123456789012:log-group:/dev/chat"
        instance_profile(self, near, statements(near, "dev-chat", group, "node", "/dev/chat"))
        self.register_outputs({})


@pytest.mark.parametrize(("namespace", "heard"), [("dev-chat", True), ("dev-other", False)])
def test_the_nodes_metrics_reach_the_alarms_of_their_namespace(preview, namespace, heard):
    def program():
        Machines("servers", {})
        ChatObjectives("chat", {**ARGS, "namespace": namespace})

    graph = preview(program)
    names = {urn: resource.name for urn, resource in graph.items()}
    ways = {(names.get(way.source), names.get(way.target), way.by) for way in reach(graph)}
    assert (("servers", "chat", "metrics") in ways) == heard


def test_a_node_lets_only_instances_of_its_own_groups_end(preview):
    graph = preview(lambda: Machines("servers", {}))
    said = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    by_action = {json.dumps(one["Action"]): one for one in said}
    ends = by_action['"autoscaling:CompleteLifecycleAction"']
    assert (
        ends["Resource"]
        == "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/*"
    )
    assert ends["Condition"] == {"StringEquals": {"autoscaling:ResourceTag/node": "/dev/chat"}}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"nodes": 0}, "nodes must be at least 1"),
        ({"connections_per_server": 0}, "connections_per_server must be at least 1"),
        ({"delivery_ms": 0}, "delivery_ms must be over 0"),
        ({"percent": 100}, "percent must be over 0 and under 100"),
        ({"minutes": 0}, "minutes must be at least 1"),
    ],
)
def test_rejects_promises_that_mean_nothing(preview, wrong, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: ChatObjectives("chat", {**ARGS, **wrong}))


def test_the_limits_stand_apart_from_the_promises(chat):
    assert alarms(chat[0]).keys() - LIMITS.keys() == {
        "delivery", "availability", "admission", "silent", "full",
    }  # fmt: skip
