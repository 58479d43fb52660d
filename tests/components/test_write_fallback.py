"""What is said to who writes while nobody is there to take it."""

import json

import boto3
import pytest
import yaml

from components.edge.write_fallback import DOCUMENT, WriteFallback

LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
ARGS = {
    "listener_arn": LISTENER,
    "load_balancer_dimension": "app/a/1",
    "target_group_dimension": "targetgroup/a/1",
    "topic_arn": TOPIC,
}


def fallback(**more):
    return lambda: WriteFallback("writes", {**ARGS, **more})


def given(graph, role):
    """What an automation is started with, and by which state of which alarms."""
    rule = json.loads(
        graph.one("aws:cloudwatch/eventRule:EventRule", f"writes-{role}").inputs["eventPattern"]
    )
    target = graph.one("aws:cloudwatch/eventTarget:EventTarget", f"writes-{role}")
    return json.loads(target.inputs["input"]), rule["detail"]["state"]["value"], rule["resources"]


def test_a_rule_that_matches_nobody_answers_writes_with_503(preview):
    rule = preview(fallback(retry_seconds=20)).one("aws:lb/listenerRule:ListenerRule").inputs
    methods, sources = rule["conditions"]
    assert methods["httpRequestMethod"]["values"] == ["POST", "PUT", "PATCH", "DELETE"]
    assert sources["sourceIp"]["values"] == ["192.0.2.0/24"]
    answer = rule["actions"][0]["fixedResponse"]
    assert (answer["statusCode"], answer["contentType"]) == ("503", "application/json")
    assert json.loads(answer["messageBody"])["retry_after_seconds"] == 20


def test_it_matches_everybody_while_no_machine_is_healthy_and_then_nobody_again(preview):
    graph = preview(fallback())
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert (alarm.inputs["metricName"], alarm.inputs["treatMissingData"]) == ("HealthyHostCount", "breaching")
    for role, state, sources in (("refuse", "ALARM", ["0.0.0.0/0"]), ("resume", "OK", ["192.0.2.0/24"])):
        said, states, alarms = given(graph, role)
        assert (states, said["Sources"], alarms) == ([state], sources, [alarm.outputs["arn"]])
        assert said["Rule"] == [graph.one("aws:lb/listenerRule:ListenerRule").outputs["arn"]]
        assert said.keys() == yaml.safe_load(DOCUMENT.read_text())["parameters"].keys()


def test_the_automations_may_change_that_rule_and_nothing_else(preview):
    graph = preview(fallback())
    rule = graph.one("aws:lb/listenerRule:ListenerRule").outputs["arn"]
    for role in ("refuse", "resume"):
        policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", f"writes-{role}").inputs["policy"])
        allowed = {one["Action"]: one["Resource"] for one in policy["Statement"]}
        assert allowed == {"elasticloadbalancing:ModifyRule": rule, "sns:Publish": TOPIC}


def test_every_step_is_a_call_that_aws_has():
    for step in yaml.safe_load(DOCUMENT.read_text())["mainSteps"]:
        call = step["inputs"]
        model = boto3.client(call["Service"], region_name="us-east-1").meta.service_model
        known = model.operation_model(call["Api"]).input_shape
        assert set(known.required_members) <= call.keys() - {"Service", "Api"} <= known.members.keys()


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"minutes": 0}, "minutes must be at least 1"),
        ({"retry_seconds": 0}, "retry_seconds must be at least 1"),
        ({"priority": 0}, "priority must be 1 to 50000"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(fallback(**args))
