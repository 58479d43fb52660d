"""A Spark job: how it is started, what it may do, and how it stands when a zone is lost."""

import json

import pytest

from components.network import Network
from components.service.spark_job import SparkJob
from fourplane.sandbox import Sandbox

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
APPLICATION = "aws:emrserverless/application:Application"
SCHEDULE = "aws:scheduler/schedule:Schedule"


@pytest.fixture
def made(run):
    def make(**more):
        def program():
            SparkJob("it", {**Network("net", {"zones": 2}).private, "program": __file__, **more})

        with Sandbox() as cloud:
            graph = run(program, cloud)
            make.known = cloud.client("emr-serverless", "us-east-1").list_applications()["applications"]
        return graph

    return make


def said(graph):
    return json.loads(graph.one(SCHEDULE).inputs["target"]["input"])


def test_a_stream_is_asked_for_each_minute_by_a_function_that_may_do_just_that(made):
    graph = made(arguments=["--stream", "clicks"])
    assert graph.one(SCHEDULE).inputs["scheduleExpression"] == "rate(1 minute)"
    keeper = graph.one("aws:lambda/function:Function")
    assert graph.one(SCHEDULE).inputs["target"]["arn"] == keeper.outputs["arn"]
    assert keeper.inputs["reservedConcurrentExecutions"] == 1
    spark = said(graph)["jobDriver"]["sparkSubmit"]
    assert spark["entryPointArguments"][:3] == ["--stream", "clicks", "--checkpoint"]
    assert "RocksDBStateStoreProvider" in spark["sparkSubmitParameters"]
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "it-keeper").inputs["policy"])
    own = {one["Sid"]: one for one in policy["Statement"] if one["Sid"] != "Log"}
    arn = graph.one(APPLICATION).outputs["arn"]
    assert own["Start"]["Resource"] == arn and own["End"]["Resource"] == f"{arn}/jobruns/*"
    assert own["HandOver"]["Resource"] == graph.one("aws:iam/role:Role", "it").outputs["arn"]


def test_a_batch_is_started_by_the_schedule_itself(made):
    graph = made(schedule="cron(0 2 * * ? *)")
    target = graph.one(SCHEDULE).inputs["target"]
    assert target["arn"] == "arn:aws:scheduler:::aws-sdk:emrserverless:startJobRun"
    disk = graph.one(APPLICATION).inputs["maximumCapacity"]["disk"]
    assert disk == "420 GB"  # two workers, with room to sort, and a driver
    assert said(graph)["Mode"] == "BATCH" and not graph.all("aws:lambda/function:Function")
    assert "--checkpoint" not in said(graph)["JobDriver"]["SparkSubmit"]["EntryPointArguments"]


def test_another_program_or_argument_makes_another_run(made, tmp_path):
    program = tmp_path / "job.py"
    names = set()
    for text, argument in (("a", "1"), ("b", "1"), ("b", "2")):
        program.write_text(text)
        names.add(said(made(program=str(program), arguments=[argument]))["name"])
    assert len(names) == 3 and all(name.startswith("it-") for name in names)


def test_its_workers_are_private_bounded_and_logged_and_its_role_is_emr_s(made):
    graph = made(executors=3)
    application = graph.one(APPLICATION).inputs
    assert [one["id"] for one in made.known] == [graph.one(APPLICATION).id]
    private = {one.id for one in graph.all("aws:ec2/subnet:Subnet") if "private" in one.name}
    assert set(application["networkConfiguration"]["subnetIds"]) == private
    assert application["maximumCapacity"] == {"cpu": "16 vCPU", "memory": "64 GB", "disk": "80 GB"}
    logs = application["monitoringConfiguration"]["cloudwatchLoggingConfiguration"]
    assert logs["logGroupName"] == graph.one("aws:cloudwatch/logGroup:LogGroup", "it").outputs["name"]
    (trust,) = json.loads(graph.one("aws:iam/role:Role", "it").inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "emr-serverless.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_a_stream_that_stands_still_and_a_batch_that_failed_are_alarmed(made):
    still = made().one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    assert (still["metricName"], still["treatMissingData"]) == ("RunningJobs", "breaching")
    failed = made(schedule="rate(1 day)").one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    assert (failed["metricName"], failed["threshold"]) == ("FailedJobs", 0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"executors": 0}, "executors must be at least 1"),
        ({"program": "/nowhere.py"}, "program must be a file that is there"),
        ({"subnet_ids": ["subnet-1"]}, "subnet_ids must be two or more, so that a zone can be lost"),
    ],
)
def test_rejects_what_cannot_run(preview, wrong, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: SparkJob("it", {**PLACE, "program": __file__, **wrong}))
