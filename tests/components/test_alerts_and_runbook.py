"""Who is told when an alarm goes off, and what is done at once."""

import importlib.util
import json

import boto3
import pytest
import yaml
from moto import mock_aws

from components.control.alerts import Alerts
from components.control.procedures import FOLDER, fail_over, roll_back, scripted, stand_down
from components.control.runbook import Runbook

ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
URL = "https://events.pagerduty.com/integration/hunter22hunter22/enqueue"
DATABASE = {
    "global_cluster_id": "b",
    "copy_id": "b",
    "copy_arn": "arn:aws:rds:us-east-1:123456789012:cluster:b",
    "writer_arn": "arn:aws:rds:eu-west-1:123456789012:cluster:b",
    "writer_address": "b:3306",
}
PROCEDURES = {
    "fail_over": lambda: fail_over(DATABASE, ["/dev/a/b"]),
    "roll_back": lambda: roll_back(TOPIC, ["web-1"]),
    "stand_down": lambda: stand_down(TOPIC, ["EXT1"]),
}


@pytest.fixture(params=PROCEDURES)
def procedure(request):
    return PROCEDURES[request.param]


@pytest.fixture
def runbook(preview):
    """runbook(procedure): the graph of a runbook."""
    args = {"alarm_arns": {"a": ALARM}, "topic_arn": TOPIC, "key_arn": KEY}
    return lambda procedure: preview(lambda: Runbook("it", {**procedure(), **args}))


def test_only_this_account_s_alarms_and_budgets_publish_and_only_over_tls(preview):
    policy = (
        preview(lambda: Alerts("it", {"key_arn": KEY}))
        .one("aws:sns/topicPolicy:TopicPolicy")
        .inputs["policy"]
    )
    *allowed, deny = json.loads(policy)["Statement"]
    services = {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    assert {one["Principal"]["Service"] for one in allowed} == services
    assert all(one["Condition"].keys() == {"ArnLike", "StringEquals"} for one in allowed)
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


def test_an_alarm_starts_the_runbook_with_what_it_asks_for(runbook, procedure):
    graph = runbook(procedure)
    pattern = json.loads(graph.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["resources"] == [ALARM] and pattern["detail"] == {"state": {"value": ["ALARM"]}}
    given = json.loads(graph.one("aws:cloudwatch/eventTarget:EventTarget").inputs["input"])
    document = yaml.safe_load(graph.one("aws:ssm/document:Document").inputs["content"])
    assert given.keys() == document["parameters"].keys()
    assert all(isinstance(value, list) for value in given.values())  # what SSM wants of every parameter


@pytest.mark.parametrize(
    ("procedure", "does"),
    [
        (
            PROCEDURES["roll_back"],
            {
                "autoscaling:RollbackInstanceRefresh": [
                    "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/web-1"
                ]
            },
        ),
        (
            PROCEDURES["stand_down"],
            {
                "fis:StopExperiment": "arn:aws:fis:us-east-1:123456789012:experiment/*",
                "fis:ListExperiments": "*",
                "cloudwatch:DescribeAlarms": "*",
            },
        ),
    ],
)
def test_the_runbook_s_role_may_do_what_its_steps_do_and_no_more(runbook, procedure, does):
    policy = json.loads(runbook(procedure).one("aws:iam/rolePolicy:RolePolicy", "it").inputs["policy"])
    key = policy["Statement"].pop()
    assert key["Sid"] == "Key" and key["Resource"] == KEY
    allowed = {one["Action"]: one["Resource"] for one in policy["Statement"]}
    assert allowed == {**does, "sns:Publish": TOPIC}


def test_every_step_of_the_rollback_is_a_call_that_aws_has():
    document = yaml.safe_load((FOLDER / "roll-back.yaml").read_text())
    steps = document["mainSteps"] + document["mainSteps"][0]["inputs"]["Steps"]
    calls = [step["inputs"] for step in steps if step["action"] == "aws:executeAwsApi"]
    assert len(calls) == 2
    for call in calls:
        model = boto3.client(call["Service"], region_name="us-east-1").meta.service_model
        known = model.operation_model(call["Api"]).input_shape
        assert set(known.required_members) <= call.keys() - {"Service", "Api"} <= known.members.keys()


@pytest.fixture
def cloud(monkeypatch):
    """What SSM gives a script: a region and the role's credentials."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


@pytest.fixture
def script():
    """The function that the document's step names, from the text in the document."""
    step = yaml.safe_load(scripted("stand-down.yaml", "stand-down.py"))["mainSteps"][0]["inputs"]
    spec = importlib.util.spec_from_loader("stand_down", loader=None)
    module = importlib.util.module_from_spec(spec)
    exec(compile(step["Script"], str(FOLDER / "stand-down.py"), "exec"), module.__dict__)
    return getattr(module, step["Handler"])


def experiment(fis, token):
    """A template, and an experiment of it that runs."""
    template = fis.create_experiment_template(
        clientToken=token,
        description="it",
        roleArn="arn:aws:iam::123456789012:role/r",
        stopConditions=[{"source": "none"}],
        actions={"wait": {"actionId": "aws:fis:wait", "parameters": {"duration": "PT10M"}}},
    )["experimentTemplate"]["id"]
    return template, fis.start_experiment(experimentTemplateId=template)["experiment"]["id"]


def test_standing_down_stops_the_experiments_of_its_templates_and_no_others(cloud, script):
    fis, topic = boto3.client("fis"), boto3.client("sns").create_topic(Name="t")["TopicArn"]
    ours, running = experiment(fis, "ours")
    _, theirs = experiment(fis, "theirs")
    assert script({"Templates": [ours], "Topic": topic}, {}) == {"Stopped": [running]}
    states = {one["id"]: one["state"]["status"] for one in fis.list_experiments()["experiments"]}
    assert states[running] in ("stopping", "stopped") and states[theirs] not in ("stopping", "stopped")


def test_standing_down_tells_which_alarms_are_on(cloud, script):
    topic, queue = boto3.client("sns").create_topic(Name="t")["TopicArn"], boto3.client("sqs")
    url = queue.create_queue(QueueName="q")["QueueUrl"]
    arn = queue.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    for name, state in (("zone-a", "ALARM"), ("zone-b", "OK")):
        boto3.client("cloudwatch").put_metric_alarm(
            AlarmName=name, ComparisonOperator="LessThanThreshold", EvaluationPeriods=1, Threshold=1
        )
        boto3.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="it")
    script({"Templates": [], "Topic": topic}, {})
    told = json.loads(queue.receive_message(QueueUrl=url)["Messages"][0]["Body"])["Message"]
    assert told == "Experiments stopped: none was running\nAlarms that are on: zone-a"


def test_rejects_a_runbook_that_nothing_starts(preview):
    with pytest.raises(Exception, match="alarm_arns must be one or more"):
        preview(lambda: Runbook("it", {**roll_back(TOPIC, ["a"]), "alarm_arns": {}, "topic_arn": TOPIC}))
