"""Recommendations: what they are made of, how large, and who may reach whom."""

import json
import subprocess
import sys

import pytest

from blueprints.recommendation.sizes import sizes
from blueprints.recommendations import ENDPOINTS, Recommendations
from components.access import connect
from components.network import Network
from components.service.function import Function
from fourplane import wire
from fourplane.chaos import Wish, strike
from fourplane.errors import Mistake
from fourplane.reach import reach
from fourplane.sandbox import Sandbox, shapes
from fourplane.sandbox.assets import zipped
from fourplane.sandbox.aws.sagemaker import check

CALLERS = [f"more-{name}" for name in ("extraction", "batch", "training", "inference", "serving")]
FLAGS = "aws:appconfig/hostedConfigurationVersion:HostedConfigurationVersion"
POLICY = "aws:iam/rolePolicy:RolePolicy"
CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/shop"
ZONED = {"vpc_id": "v", "subnet_ids": ["s", "t"], "zones": ["us-east-1a", "us-east-1b"]}
PLANET = {"clicks": 100e6, "views": 500e6, "purchases": 10e6}


def program():
    network = Network("net", {"zones": 2, "interface_endpoints": list(ENDPOINTS)})
    shop = Function("shop", {**network.private, "code": {"a.py": __file__}, "handler": "a.b"})
    found = Recommendations(
        "more",
        {
            **network.private,
            "data": network.data,
            "hourly": PLANET,
            "campaign_arn": CAMPAIGN,
            "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:t"],
        },
    )
    connect(shop, found.events.entry, found.answers)
    for caller in found.callers:
        connect(caller, network.endpoints)


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("more"), program, cloud)
        yield graph, cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


def statements(graph, name):
    policies = [one for one in graph.all(POLICY) if one.name == name]
    return {s.get("Sid"): s for one in policies for s in json.loads(one.inputs["policy"])["Statement"]}


def test_events_become_answers_stage_by_stage_and_no_way_more_is_open(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    found = {
        (names.get(way.source, way.source), names.get(way.target, way.target), way.by) for way in reach(graph)
    }
    ours = {way for way in found if any(end.startswith("more") for end in way[:2])}
    assert ours == {
        ("shop", "more-events", "IAM"),
        ("more-extraction", "more-events", "IAM"),
        ("more-extraction", "more-features", "IAM"),
        ("more-features", "more-found", "bucket notification"),
        ("more-found", "more-inference", "event source mapping"),
        ("more-batch", "more-features", "IAM"),
        ("more-training", "more-features", "IAM"),
        ("more-training", "more-trainer", "IAM"),
        ("more-training", "more-models", "IAM"),
        ("more-inference", "more-features", "IAM"),
        ("more-inference", "more-models", "IAM"),
        *(("more-inference", "more-hot", by) for by in ("security groups", "IAM")),
        ("shop", "more-serving", "IAM"),
        ("more-serving", "more-flags", "IAM"),
        ("more-serving", "more-features", "IAM"),
        *(("more-serving", "more-hot", by) for by in ("security groups", "IAM")),
        *((name, "net", "security groups") for name in CALLERS),
    }


def test_each_stage_may_do_what_it_does_and_no_more(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    may = {}
    for way in reach(graph):
        if way.by == "IAM":
            may.setdefault((names.get(way.source), names.get(way.target)), set()).add(way.at)
    assert may["shop", "more-events"] == {"kinesis:PutRecord", "kinesis:PutRecords"}
    assert "kinesis:PutRecord" not in may["more-extraction", "more-events"]
    assert {"s3:PutObject", "s3:DeleteObject"} <= may["more-extraction", "more-features"]
    for reader in ("training", "inference", "serving"):
        assert may[f"more-{reader}", "more-features"] == {"s3:GetObject", "s3:ListBucket"}
    assert "sagemaker:CreateModelPackage" in may["more-training", "more-models"]
    assert "sagemaker:CreateModelPackage" not in may["more-inference", "more-models"]
    assert may["more-serving", "more-hot"] == {"secretsmanager:GetSecretValue"}
    assert statements(graph, "more-serving")["Personalize"] == {
        "Sid": "Personalize",
        "Effect": "Allow",
        "Action": "personalize:GetRecommendations",
        "Resource": CAMPAIGN,
    }


def test_the_stream_is_kept_running_and_the_batch_and_the_training_are_run_at_night(graph, deployed):
    schedules = {one.name: one.inputs for one in graph.all("aws:scheduler/schedule:Schedule")}
    assert {name: one["scheduleExpression"] for name, one in schedules.items()} == {
        "more-extraction": "rate(1 minute)",
        "more-batch": "cron(0 2 * * ? *)",
        "more-training": "cron(0 6 * * ? *)",
    }
    client = deployed[1].client("emr-serverless", "us-east-1")
    asked = json.loads(schedules["more-extraction"]["target"]["input"])
    assert asked["mode"] == "STREAMING" and asked["executionTimeoutMinutes"] == 0
    shapes.validate(client, "start_job_run", {**asked, "clientToken": "a"})
    arguments = asked["jobDriver"]["sparkSubmit"]["entryPointArguments"]
    assert arguments[arguments.index("--region") + 1] == "us-east-1"
    assert arguments[-2] == "--checkpoint" and arguments[-1].startswith("s3://more-extraction-work")
    night = json.loads(schedules["more-batch"]["target"]["input"])
    lower = {key[0].lower() + key[1:]: value for key, value in night.items()}
    spark = lower["jobDriver"]["SparkSubmit"]
    lower["jobDriver"] = {"sparkSubmit": {key[0].lower() + key[1:]: value for key, value in spark.items()}}
    lower["retryPolicy"] = {"maxAttempts": night["RetryPolicy"]["MaxAttempts"]}
    lower["clientToken"] = "a"
    shapes.validate(client, "start_job_run", lower)
    assert night["ClientToken"] == "<aws.scheduler.execution-id>" and night["Mode"] == "BATCH"


def definition(graph):
    return json.loads(graph.one("aws:sagemaker/pipeline:Pipeline").inputs["pipelineDefinition"])


def test_a_model_is_trained_then_judged_and_only_then_registered(graph):
    train, evaluate, register = definition(graph)["Steps"]
    assert [train["Type"], evaluate["Type"], register["Type"]] == ["Training", "Processing", "RegisterModel"]
    assert register["DependsOn"] == ["Evaluate"]
    learned = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    assert register["Arguments"]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == learned
    assert train["Arguments"]["EnableNetworkIsolation"] and train["Arguments"]["VpcConfig"]["Subnets"]
    channels = [one["ChannelName"] for one in train["Arguments"]["InputDataConfig"]]
    assert channels == ["items", "pairs"]  # what learn.py reads


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda steps: steps[2]["DependsOn"].append("Bless"), "'Steps.Bless', which is nowhere before it"),
        (lambda steps: steps[0]["Arguments"].pop("OutputDataConfig"), "Missing required .*OutputDataConfig"),
        (lambda steps: steps[0].update(Type="Trainings"), "no step of type 'Trainings'"),
        (lambda steps: steps[2]["Arguments"].update(ModelApprovalStatus="Yes"), "must be one of Approved"),
    ],
)
def test_a_definition_that_sagemaker_would_not_take_is_refused(graph, deployed, broken, said):
    wrong = definition(graph)
    broken(wrong["Steps"])
    with pytest.raises(Mistake, match=said):
        check(deployed[1].client("sagemaker", "us-east-1"), json.dumps(wrong))


def test_the_trainer_s_image_has_what_its_dockerfile_copies_and_what_it_imports(graph):
    context = set(graph.one("aws:s3/bucketObject:BucketObject", "more-trainer").inputs["source"].assets)
    modules = {f"recommendation/{name}.py" for name in ("__init__", "learn", "model")}
    assert context == {"Dockerfile", "run.packages", *modules}


@pytest.mark.parametrize(("function", "module"), [("inference", "infer"), ("serving", "serve")])
def test_a_function_s_zip_has_all_that_it_imports(graph, tmp_path, function, module):
    made = graph.one("aws:lambda/function:Function", f"more-{function}").inputs
    (tmp_path / "code.zip").write_bytes(zipped(made["code"]))
    assert made["handler"] == f"recommendation.{module}.handler"
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'code.zip')!r})\n"
        f"import redis; assert 'code.zip' in redis.__file__, redis.__file__\n"
        f"from recommendation.{module} import handler; assert 'code.zip' in handler.__code__.co_filename"
    )
    run = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr


def test_its_stages_go_on_when_a_zone_is_lost(deployed):
    graph, cloud = deployed
    report = strike(graph, cloud.client, Wish("gorilla", zone="us-east-1a"))
    found = {one["component"]: one["state"] for one in report.as_json()["components"]}
    assert {state for name, state in found.items() if name.startswith("more-")} == {"works"}


def test_without_a_campaign_nobody_is_in_the_test_and_nothing_may_ask_personalize(preview):
    graph = preview(
        lambda: Recommendations(
            "more",
            {"vpc_id": "v", "subnet_ids": ["s", "t"], "data": ZONED, "hourly": {**PLANET, "views": 1}},
        )
    )
    content = json.loads(wire.plain(graph.one(FLAGS).inputs)["content"])
    assert content["values"]["personalize"]["enabled"] is False
    assert "Personalize" not in statements(graph, "more-serving")


def test_the_planet_s_events_have_shards_workers_and_calls_enough(graph):
    stream = graph.one("aws:kinesis/stream:Stream", "more-events").inputs
    assert stream["shardCount"] == 339  # 610 million an hour, twice as many at the peak, 1000 a second each
    spark = graph.one("aws:emrserverless/application:Application", "more-extraction").inputs
    assert spark["maximumCapacity"]["cpu"] == "92 vCPU"  # 22 workers and a driver
    feed = graph.one("aws:lambda/eventSourceMapping:EventSourceMapping", "more-inference").inputs
    assert feed["scalingConfig"]["maximumConcurrency"] == 102


def test_a_load_that_cannot_be_is_refused_with_the_limit_and_its_source(preview):
    with pytest.raises(Exception, match=r"55000 shards.*at most 20000 shards .*service-sizes-and-limits"):
        sizes(99e9, peak=2, event_bytes=400)
    args = {"vpc_id": "v", "subnet_ids": ["s", "t"], "data": {}}
    with pytest.raises(Exception, match="hourly must be fewer, so that inference has at most 900 calls"):
        preview(lambda: Recommendations("more", {**args, "hourly": {**PLANET, "views": 6e9}}))
    with pytest.raises(Exception, match="peak must be 1 or more"):
        preview(lambda: Recommendations("more", {**args, "hourly": PLANET, "peak": 0.5}))
