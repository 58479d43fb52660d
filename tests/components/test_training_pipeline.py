"""A training pipeline, the models that it registers, and the data that it learns from."""

import json
from pathlib import Path

import pytest

from components.access import connect
from components.network import Network
from components.service.training_pipeline import TrainingPipeline
from components.state.dataset import Dataset
from components.state.model_registry import ModelRegistry
from components.state.work_queue import WorkQueue
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

DEFINITION = str(Path(__file__).parent / "data/pipeline.json.j2")
PIPELINE = "aws:sagemaker/pipeline:Pipeline"


KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
IMAGES = "arn:aws:ecr:us-east-1:123456789012:repository/trainer"


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    def program():
        network = Network("net", {"zones": 2, "interface_endpoints": ["sagemaker.api"]})
        data, models = Dataset("data", {"expire_after_days": 7}), ModelRegistry("models", {"key_arn": KEY})
        pipeline = TrainingPipeline(
            "train",
            {
                **network.private,
                "definition": DEFINITION,
                "schedule": "rate(1 day)",
                "repository_arns": [IMAGES],
            },
        )
        connect(pipeline, data.exit, models.entry, network.endpoints)
        found = {"bucket": data.bucket, "bucket_arn": data.arn, "under": "live/", "ending": ".gz"}
        WorkQueue("found", {"objects": found})

    with Sandbox() as cloud:
        yield run_in(tmp_path_factory.mktemp("train"), program, cloud), cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


def statements(graph, name):
    found = [one for one in graph.all("aws:iam/rolePolicy:RolePolicy") if one.name == name]
    return {s["Sid"]: s for one in found for s in json.loads(one.inputs["policy"])["Statement"]}


def test_its_jobs_wear_the_pipeline_s_group_and_role_and_reach_what_arrows_lead_to(graph):
    (step,) = json.loads(graph.one(PIPELINE).inputs["pipelineDefinition"])["Steps"]
    assert step["Arguments"]["RoleArn"] == graph.one("aws:iam/role:Role", "train").outputs["arn"]
    names = {urn: resource.name for urn, resource in graph.items()}
    ways = {(names.get(way.source), names.get(way.target), way.by) for way in reach(graph)}
    assert {
        ("train", "data", "IAM"), ("train", "models", "IAM"), ("train", "net", "security groups"),
        ("data", "found", "bucket notification"),
    } <= ways  # fmt: skip


def test_it_may_run_its_own_jobs_alone_and_give_its_role_to_sagemaker_alone(graph):
    own = statements(graph, "train")
    assert own["Jobs"]["Resource"] == [
        f"arn:aws:sagemaker:us-east-1:123456789012:{kind}-job/pipelines-*"
        for kind in ("processing", "training")
    ]
    assert own["HandOver"]["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert own["Pull"]["Resource"] == [IMAGES]
    anywhere = {sid for sid, one in own.items() if one["Resource"] == "*"}
    assert anywhere == {"Look", "LogIn"}


def test_it_is_started_at_its_times_by_what_may_do_nothing_else(graph):
    target = graph.one("aws:scheduler/schedule:Schedule").inputs["target"]
    assert target["arn"] == graph.one(PIPELINE).outputs["arn"]
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "train-schedule").inputs["policy"])
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": "sagemaker:StartPipelineExecution", "Resource": target["arn"]}
    ]


def test_who_trains_may_register_and_write_who_learns_from_data_may_read(graph):
    models, data = statements(graph, "train-to-models"), statements(graph, "train-to-data")
    assert "sagemaker:CreateModelPackage" in models["Models"]["Action"]
    group = "arn:aws:sagemaker:us-east-1:123456789012:model-package"
    assert models["Models"]["Resource"] == [f"{group}-group/dev-models", f"{group}/dev-models/*"]
    assert models["Key"]["Condition"]["StringEquals"] == {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert "s3:PutObject" in models["Files"]["Action"] and data["Files"]["Action"] == ["s3:GetObject"]


def test_a_dataset_s_new_files_are_told_to_a_queue_that_lets_just_that_bucket(graph):
    policy = json.loads(graph.one("aws:sqs/queuePolicy:QueuePolicy", "found").inputs["policy"])
    told = {one["Sid"]: one for one in policy["Statement"]}["NewObjects"]
    arn = graph.one("aws:s3/bucket:Bucket", "data").outputs["arn"]
    assert told["Condition"] == {
        "ArnEquals": {"aws:SourceArn": arn}, "StringEquals": {"aws:SourceAccount": "123456789012"},
    }  # fmt: skip
    (queue,) = graph.one("aws:s3/bucketNotification:BucketNotification").inputs["queues"]
    assert (queue["filterPrefix"], queue["filterSuffix"]) == ("live/", ".gz")


def test_the_cloud_knows_the_pipeline_and_the_group(deployed):
    client = deployed[1].client("sagemaker", "us-east-1")
    assert client.describe_pipeline(PipelineName="dev-train")["PipelineStatus"] == "Active"
    groups = client.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in groups] == ["dev-models"]


def test_rejects_a_definition_that_is_not_there_and_a_lifetime_that_cannot_be(preview):
    with pytest.raises(Exception, match="definition must be a file that is there"):
        preview(lambda: TrainingPipeline("it", {"vpc_id": "v", "subnet_ids": ["s"], "definition": "/no"}))
    with pytest.raises(Exception, match="expire_after_days must be at least 1"):
        preview(lambda: Dataset("it", {"expire_after_days": 0}))
