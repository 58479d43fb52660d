"""A copy of a database that is promoted when nothing comes from its writer's region any more."""

import json
from types import SimpleNamespace

import boto3
import pytest
import yaml
from botocore.stub import Stubber
from moto import mock_aws

from components.control.database_failover import DatabaseFailover
from components.control.procedures import FOLDER, scripted
from fourplane.errors import Mistake

HOME = "arn:aws:rds:us-east-1:123456789012:cluster:dev-bills"
COPY = "arn:aws:rds:eu-west-1:123456789012:cluster:dev-bills"
ADDRESS = "dev-bills.cluster-1.eu-west-1.rds.amazonaws.com:3306"
DATABASE = {
    "global_cluster_id": "dev-bills",
    "copy_id": "dev-bills",
    "copy_arn": COPY,
    "writer_arn": HOME,
    "writer_address": ADDRESS,
}
SETTING = "/dev/app/bills"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:t"
ARGS = {"database": DATABASE, "settings": [SETTING], "topic_arn": TOPIC}
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"


@pytest.fixture
def graph(preview):
    return preview(lambda: DatabaseFailover("it", ARGS))


@pytest.fixture
def alarms(graph):
    """The alarms that it listens to, by what they measure."""
    return {one.inputs["metricName"]: one.inputs for one in graph.all(ALARM)}


def test_it_listens_only_to_what_the_copy_s_own_region_measures(alarms):
    between = {"DBClusterIdentifier": "dev-bills", "SourceRegion": "us-east-1"}
    assert {name: one["dimensions"] for name, one in alarms.items()} == {
        "AuroraGlobalDBProgressLag": between,
        "AuroraGlobalDBDataTransferBytes": between,
        "EngineUptime": {"DBClusterIdentifier": "dev-bills"},
    }


def test_what_is_not_heard_of_is_taken_for_the_worst(alarms):
    assert all(one["treatMissingData"] == "breaching" for one in alarms.values())
    assert {
        (one["period"], one["evaluationPeriods"], one["datapointsToAlarm"]) for one in alarms.values()
    } == {(60, 5, 5)}


def test_a_copy_that_catches_up_or_is_not_well_itself_is_not_promoted(graph, alarms):
    arns = {one.name: one.outputs["arn"] for one in graph.all(ALARM)}
    rule = graph.one(COMPOSITE).inputs["alarmRule"]
    assert rule == f'ALARM("{arns["it-lag"]}") AND ALARM("{arns["it-silence"]}") AND OK("{arns["it-copy"]}")'
    assert alarms["EngineUptime"]["threshold"] == 900  # a new one is not, either


def test_the_runbook_is_started_by_all_of_it_together(graph):
    pattern = json.loads(graph.one("aws:cloudwatch/eventRule:EventRule").inputs["eventPattern"])
    assert pattern["resources"] == [graph.one(COMPOSITE).outputs["arn"]]
    assert graph.one(COMPOSITE).inputs["alarmActions"] == [TOPIC]


def test_its_role_may_fail_over_to_this_copy_and_no_other(graph):
    role = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "it-runbook").inputs["policy"])
    whole = "arn:aws:rds::123456789012:global-cluster:dev-bills"
    assert {one["Action"]: one["Resource"] for one in role["Statement"]} == {
        "rds:FailoverGlobalCluster": [whole, HOME, COPY],
        "rds:DescribeGlobalClusters": whole,
        "rds:DescribeDBClusters": COPY,
        "ssm:PutParameter": ["arn:aws:ssm:eu-west-1:123456789012:parameter/dev/app/bills"],
        "sns:Publish": TOPIC,
    }


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"minutes": 0}, "minutes must be at least 1, got 0"),
        ({"settings": []}, "settings must be one parameter or more"),
    ],
)
def test_rejects_what_never_helps(preview, args, said):
    with pytest.raises(Mistake, match=said):
        preview(lambda: DatabaseFailover("it", {**ARGS, **args}))


@pytest.fixture
def script():
    """The script of the document, in one piece with what it calls itself."""
    step = yaml.safe_load(scripted("fail-over.yaml", "fail-over.py"))["mainSteps"][0]["inputs"]
    made = {}
    exec(compile(step["Script"], str(FOLDER / "fail-over.py"), "exec"), made)
    made |= {"POLL_SECONDS": 0, "TRIES": 2}
    return SimpleNamespace(run=made[step["Handler"]], promote=made["promote"])


def described(writer, **state):
    members = [{"DBClusterArn": arn, "IsWriter": arn == writer} for arn in (HOME, COPY)]
    return {"GlobalClusters": [{"GlobalClusterMembers": members, "FailoverState": state}]}


@pytest.fixture
def promote(script):
    """promote(answers): what the script says, AWS answering each call as given; no call may be another."""

    def promote(*answers):
        rds = boto3.client("rds", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
        with Stubber(rds) as aws:
            for call, answer, *asked in answers:
                aws.add_response(call, answer, *asked)
            told = script.promote(rds, "dev-bills", COPY)
            aws.assert_no_pending_responses()
        return told

    return promote


LOOK = "describe_global_clusters"
ASKED = {"GlobalClusterIdentifier": "dev-bills", "TargetDbClusterIdentifier": COPY, "AllowDataLoss": True}
WELL = ("describe_db_clusters", {"DBClusters": [{"Status": "available"}]}, {"DBClusterIdentifier": COPY})


def test_a_copy_is_promoted_and_waited_for(promote):
    told = promote(
        (LOOK, described(HOME), {"GlobalClusterIdentifier": "dev-bills"}),
        ("failover_global_cluster", {"GlobalCluster": {}}, ASKED),
        (LOOK, described(HOME, Status="failing-over", ToDbClusterArn=COPY)),
        (LOOK, described(COPY)),
        WELL,
    )
    assert told.startswith(f"{COPY} was promoted")


def test_what_somebody_has_asked_for_is_not_asked_for_again(promote):
    coming = described(HOME, Status="pending", ToDbClusterArn=COPY)
    assert "was promoted" in promote((LOOK, coming), (LOOK, described(COPY)), WELL)
    assert promote((LOOK, described(COPY))) == f"{COPY} was the writer already"


def test_a_copy_that_does_not_get_to_write_is_a_failure(promote):
    answers = [(LOOK, described(HOME)), ("failover_global_cluster", {"GlobalCluster": {}})]
    with pytest.raises(TimeoutError, match="does not write yet"):
        promote(*answers, (LOOK, described(HOME)), (LOOK, described(HOME)))


@pytest.fixture
def cloud(monkeypatch):
    """cloud(): a database whose writer is the copy, a setting, and the messages that a topic got."""
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        rds, sns, sqs = (boto3.client(service) for service in ("rds", "sns", "sqs"))
        rds.create_global_cluster(GlobalClusterIdentifier="dev-bills", Engine="aurora-mysql")
        rds.create_db_cluster(
            DBClusterIdentifier="dev-bills",
            Engine="aurora-mysql",
            GlobalClusterIdentifier="dev-bills",
            MasterUsername="admin",
            MasterUserPassword="just-a-test-password",
        )
        boto3.client("ssm").put_parameter(Name=SETTING, Value="a-reader:3306", Type="String")
        topic = sns.create_topic(Name="t")["TopicArn"]
        url = sqs.create_queue(QueueName="q")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield lambda: json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])["Message"]


EVENTS = {"Database": "dev-bills", "Copy": COPY, "Writer": ADDRESS, "Settings": [SETTING]}


def test_clients_are_sent_to_the_new_writer_and_the_topic_is_told(cloud, script):
    topic = boto3.client("sns").list_topics()["Topics"][0]["TopicArn"]
    script.run({**EVENTS, "Topic": topic}, {})
    assert boto3.client("ssm").get_parameter(Name=SETTING)["Parameter"]["Value"] == ADDRESS
    assert cloud() == f"{COPY} was the writer already\n{SETTING} is {ADDRESS}"


def test_a_failure_is_told_too_and_sends_nobody_anywhere(cloud, script):
    topic = boto3.client("sns").list_topics()["Topics"][0]["TopicArn"]
    with pytest.raises(Exception, match="failover_global_cluster"):  # which moto does not have
        script.run({**EVENTS, "Topic": topic, "Copy": HOME}, {})
    assert boto3.client("ssm").get_parameter(Name=SETTING)["Parameter"]["Value"] == "a-reader:3306"
    assert cloud().startswith("Not done: ")
