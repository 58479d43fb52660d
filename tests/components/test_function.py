"""Functions in a network of ours, and what is packed with them."""

import io
import json
import subprocess
import sys
import zipfile

import pulumi
import pytest

from components.access import connect
from components.network import Network
from components.service.function import Function, packed
from components.state.redis_cluster import RedisCluster
from fourplane.sandbox import Sandbox, assets

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
ZONED = {**PLACE, "zones": ["us-east-1a", "us-east-1b"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
FUNCTION = "aws:lambda/function:Function"


def function(**more):
    return Function("work", {**PLACE, "code": {"a/b.py": __file__}, "handler": "a.b.handler", **more})


def statements(graph, name):
    return json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])["Statement"]


def test_it_runs_in_its_subnets_with_a_group_of_its_own_that_nothing_is_open_to(preview):
    graph = preview(function)
    made = graph.one(FUNCTION).inputs
    assert made["vpcConfig"]["subnetIds"] == PLACE["subnet_ids"]
    assert made["vpcConfig"]["securityGroupIds"] == [graph.one("aws:ec2/securityGroup:SecurityGroup").id]
    assert [one for one in graph.values() if "securityGroupIngressRule" in one.type] == []


def test_its_log_and_its_settings_are_encrypted_and_it_is_traced(preview):
    graph = preview(lambda: function(key_arn=KEY, environment={"A": "b"}))
    made = graph.one(FUNCTION).inputs
    assert made["kmsKeyArn"] == graph.one("aws:cloudwatch/logGroup:LogGroup").inputs["kmsKeyId"] == KEY
    assert made["tracingConfig"] == {"mode": "Active"} and made["reservedConcurrentExecutions"] == 5


def test_lambda_makes_its_interfaces_and_its_code_may_not(preview):
    graph = preview(function)
    allowed = {one["Sid"]: one for one in statements(graph, "work")}
    (denied,) = statements(graph, "work-code")
    assert allowed["Interfaces"]["Resource"].endswith(":*/*") and denied["Effect"] == "Deny"
    assert {*allowed["Interfaces"]["Action"], *allowed["Look"]["Action"]} == set(denied["Action"])
    assert denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"] == graph.one(FUNCTION).outputs["arn"]


def test_an_arrow_opens_the_way_to_a_cache_and_lets_its_password_be_read(preview):
    def program():
        connect(function(), RedisCluster("cache", {**ZONED, "password": True}))

    graph = preview(program)
    out = graph.one("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").inputs
    into = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").inputs
    assert out["securityGroupId"] == into["referencedSecurityGroupId"] and out["fromPort"] == 6379
    assert statements(graph, "work-to-cache")[0]["Action"] == "secretsmanager:GetSecretValue"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"seconds": 901}, "seconds must be 1 to 900, got 901"),
        ({"concurrency": 0}, "concurrency must be at least 1"),
        ({"code": {"a.py": "/nowhere/a.py"}}, "code must be files that are there, got '/nowhere/a.py'"),
    ],
)
def test_rejects_what_cannot_run(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: function(**more))


def test_its_packages_are_pure_and_run_from_the_zip_alone(tmp_path):
    files = packed(("redis", "s2cell"))
    assert any("LICENSE" in name for name in files) and not any("__pycache__" in name for name in files)
    whole = zipfile.ZipFile(io.BytesIO(assets.zipped(pulumi.AssetArchive(files))))
    whole.extractall(tmp_path)
    program = "import redis.cluster, s2cell; print(s2cell.lat_lon_to_token(0, 0, 12), redis.__file__)"
    said = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["1000001", str(tmp_path / "redis/__init__.py")]


def test_rejects_a_package_that_was_compiled_for_this_machine():
    with pytest.raises(ValueError, match="pydantic_core is not pure Python"):
        packed(("pydantic_core",))


def test_the_cloud_takes_it(run):
    def program():
        network = Network("net", {"zones": 2, "interface_endpoints": []})
        args = {**network.private, "code": {"b.py": __file__}, "handler": "b.c", "packages": ["s2cell"]}
        Function("work", args)

    with Sandbox() as cloud:
        name = run(program, cloud).one(FUNCTION).outputs["name"]
        made = cloud.client("lambda", "us-east-1").get_function(FunctionName=name)
    assert made["Configuration"]["Architectures"] == ["arm64"]
    assert len(made["Configuration"]["VpcConfig"]["SubnetIds"]) == 2
    assert made["Concurrency"]["ReservedConcurrentExecutions"] == 5


QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
RECEIVE = {"Sid": "Receive", "Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": QUEUE}
FEED = {"queue_arn": QUEUE, "statements": [RECEIVE]}


def test_a_queue_feeds_it_no_more_at_once_than_it_takes(preview):
    graph = preview(lambda: function(feed={**FEED, "at_once": 4}, concurrency=4))
    mapping = graph.one("aws:lambda/eventSourceMapping:EventSourceMapping").inputs
    assert mapping["scalingConfig"] == {"maximumConcurrency": 4} and mapping["eventSourceArn"] == QUEUE
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert "Receive" in {one["Sid"] for one in statements(graph, "work")}


@pytest.mark.parametrize("wrong", [{"at_once": 1}, {"at_once": 6}, {"batch": 11}])
def test_rejects_a_feed_that_it_would_turn_away(preview, wrong):
    with pytest.raises(Exception, match="Function 'work': feed must be "):
        preview(lambda: function(feed={**FEED, **wrong}))


def test_a_live_one_is_called_by_the_alias_of_its_latest_version(preview):
    graph = preview(lambda: function(live=True))
    alias = graph.one("aws:lambda/alias:Alias")
    assert graph.one(FUNCTION).inputs["publish"] is True and alias.inputs["name"] == "live"
    assert graph.one("fourplane:index:Function").outputs["arn"] == alias.outputs["arn"]
