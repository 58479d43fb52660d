"""Steps that alarms start, and those who are told when they fail."""

import json

from components.control.state_machine import StateMachine

STEPS = '{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}'
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"


def machine(**more):
    return lambda: StateMachine("answer", {"definition": STEPS, **more})


def statements(graph, name):
    found = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])["Statement"]
    return {one.get("Sid"): one for one in found}


def test_every_run_is_logged_encrypted_and_traced(preview):
    graph = preview(machine(key_arn=KEY, log_retention_days=30))
    made = graph.one("aws:sfn/stateMachine:StateMachine").inputs
    log = graph.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert made["loggingConfiguration"]["level"] == "ALL" and made["tracingConfiguration"]["enabled"]
    assert (log["kmsKeyId"], log["retentionInDays"]) == (KEY, 30)
    assert log["name"] == "/aws/vendedlogs/states/dev-answer"


def test_it_may_call_its_functions_and_nothing_else(preview):
    graph = preview(machine(functions={"f": FUNCTION}))
    allowed = statements(graph, "answer-machine")
    assert allowed.keys() == {"Call", "Log", "Trace"} and allowed["Call"]["Resource"] == [FUNCTION]
    assert statements(preview(machine()), "answer-machine").keys() == {"Log", "Trace"}


def test_an_alarm_starts_it_and_a_start_that_fails_is_parked(preview):
    graph = preview(machine(alarm_arns=[ALARM]))
    pattern = json.loads(graph.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["resources"] == [ALARM] and pattern["detail"]["state"]["value"] == ["ALARM", "OK"]
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs
    queue = graph.one("aws:sqs/queue:Queue").outputs["arn"]
    assert target["deadLetterConfig"]["arn"] == queue
    assert statements(graph, "answer-start")[None]["Action"] == "states:StartExecution"


def test_without_alarms_nothing_starts_it(preview):
    graph = preview(machine())
    assert graph.all("aws:cloudwatch/eventRule:EventRule") == []


def test_who_is_woken_hears_of_runs_that_failed_and_of_starts_that_could_not_be_made(preview):
    alarms = preview(machine(alarm_actions=[TOPIC])).all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert {one.name: one.inputs["alarmActions"] for one in alarms} == {
        "answer": [TOPIC],
        "answer-failed": [TOPIC],
    }
