"""Who is told when an alarm goes off, and what is done at once."""

import json

import boto3
import pytest
import yaml

from components.control.alerts import Alerts
from components.control.runbook import DOCUMENT, Runbook

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
URL = "https://events.pagerduty.com/integration/hunter22hunter22/enqueue"


@pytest.fixture
def runbook(preview):
    return preview(
        lambda: Runbook(
            "it",
            {"alarm_arns": {"a": ALARM}, "group_names": {"web": "web-1"}, "topic_arn": TOPIC, "key_arn": KEY},
        )
    )


def test_only_this_account_s_alarms_publish_and_only_over_tls(preview):
    policy = (
        preview(lambda: Alerts("it", {"key_arn": KEY}))
        .one("aws:sns/topicPolicy:TopicPolicy")
        .inputs["policy"]
    )
    allow, deny = json.loads(policy)["Statement"]
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"].keys() == {"ArnLike", "StringEquals"}
    assert deny["Effect"] == "Deny" and deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_messages_are_encrypted_with_the_key(preview):
    graph = preview(lambda: Alerts("it", {"key_arn": KEY}))
    assert graph.one("aws:sns/topic:Topic").inputs["kmsMasterKeyId"] == KEY


def test_pagerduty_s_url_is_a_secret(preview):
    graph = preview(lambda: Alerts("it", {"pagerduty_url": URL}))
    assert graph.one("aws:sns/topicSubscription:TopicSubscription").inputs["protocol"] == "https"
    assert "hunter22" not in json.dumps(graph.as_json())


def test_nobody_is_woken_unless_asked(preview):
    assert preview(lambda: Alerts("it", {})).all("aws:sns/topicSubscription:TopicSubscription") == []


def test_an_alarm_starts_the_runbook_with_what_it_asks_for(runbook):
    pattern = json.loads(runbook.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["resources"] == [ALARM] and pattern["detail"] == {"state": {"value": ["ALARM"]}}
    given = json.loads(runbook.one("aws:cloudwatch/eventTarget:EventTarget").inputs["input"])
    assert given.keys() == yaml.safe_load(DOCUMENT.read_text())["parameters"].keys()
    assert all(isinstance(value, list) for value in given.values())  # what SSM wants of every parameter


def test_the_runbook_s_role_may_do_what_its_steps_do_and_no_more(runbook):
    policy = json.loads(runbook.one("aws:iam/rolePolicy:RolePolicy", "it").inputs["policy"])
    allowed = {one["Sid"]: (one["Action"], one["Resource"]) for one in policy["Statement"]}
    assert allowed["RollBack"] == (
        "autoscaling:RollbackInstanceRefresh",
        ["arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/web-1"],
    )
    assert allowed["Tell"] == ("sns:Publish", TOPIC) and allowed["Key"][1] == KEY and len(allowed) == 3


def test_every_step_of_the_runbook_is_a_call_that_aws_has():
    document = yaml.safe_load(DOCUMENT.read_text())
    steps = document["mainSteps"] + document["mainSteps"][0]["inputs"]["Steps"]
    calls = [step["inputs"] for step in steps if step["action"] == "aws:executeAwsApi"]
    assert len(calls) == 2
    for call in calls:
        model = boto3.client(call["Service"], region_name="us-east-1").meta.service_model
        known = model.operation_model(call["Api"]).input_shape
        assert set(known.required_members) <= call.keys() - {"Service", "Api"} <= known.members.keys()


def test_rejects_a_runbook_that_nothing_starts(preview):
    with pytest.raises(Exception, match="alarm_arns must be one or more"):
        preview(lambda: Runbook("it", {"alarm_arns": {}, "group_names": {"a": "a"}, "topic_arn": TOPIC}))
