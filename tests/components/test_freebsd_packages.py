import json

import pulumi_aws as aws
import pytest

from components.control.freebsd_packages import FreeBsdPackages
from components.network import Network
from components.state.private_bucket import PrivateBucket
from fourplane.errors import Mistake
from fourplane.reach import reach

WANTED = {"packages": ["ejabberd", "www/py-boto3"], "endpoint_id": "vpce-1"}
PROJECT = "aws:codebuild/project:Project"
POLICY = "aws:iam/rolePolicy:RolePolicy"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture
def mirror(preview):
    """mirror(**args): its graph."""
    return lambda **args: preview(lambda: FreeBsdPackages("packages", {**WANTED, **args}))


def url(graph):
    return graph.one("fourplane:index:FreeBsdPackages").outputs["url"]


def told(graph):
    given = graph.one(PROJECT).inputs["environment"]["environmentVariables"]
    return {one["name"]: one["value"] for one in given}


def statements(graph, name):
    return {one["Sid"]: one for one in json.loads(graph.one(POLICY, name).inputs["policy"])["Statement"]}


@pytest.mark.parametrize(
    ("architecture", "abi"), [("arm64", "FreeBSD:14:aarch64"), ("x86_64", "FreeBSD:14:amd64")]
)
def test_copies_the_quarter_s_packages_for_the_machines(mirror, architecture, abi):
    graph = mirror(architecture=architecture)
    assert told(graph)["SITE"] == f"https://pkg.FreeBSD.org/{abi}/quarterly"
    assert told(graph)["PACKAGES"] == "ejabberd www/py-boto3"
    assert url(graph).endswith(f".amazonaws.com/{told(graph)['PREFIX']}")
    assert told(graph)["PREFIX"].endswith(f"/{abi}/quarterly")


@pytest.mark.parametrize("other", [{"packages": ["nginx"]}, {"edition": "2026-10"}, {"release": "15.0"}])
def test_what_a_url_leads_to_never_changes(mirror, other):
    again = mirror(packages=["ejabberd", "www/py-boto3", "ejabberd"], release="14.2")
    assert told(mirror(**other))["PREFIX"] != told(mirror())["PREFIX"] == told(again)["PREFIX"]


def test_who_comes_through_the_endpoint_may_read_packages_and_nothing_else(mirror):
    document = json.loads(mirror().one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    [allowed] = [one for one in document["Statement"] if one["Effect"] == "Allow"]
    assert (allowed["Principal"], allowed["Action"]) == ("*", "s3:GetObject")
    assert allowed["Resource"].endswith("/packages/*")
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceVpce": "vpce-1"}}


def test_it_is_readable_without_a_signature_whatever_the_stack_s_key_is(mirror):
    graph = mirror(key_arn=KEY)
    rule = graph.one("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
    assert "AES256" in json.dumps(rule.inputs["rules"]) and KEY not in json.dumps(rule.inputs["rules"])
    assert all(one.inputs["kmsKeyId"] == KEY for one in graph.all("aws:cloudwatch/logGroup:LogGroup"))


def test_the_build_writes_packages_and_the_function_only_looks(mirror):
    graph = mirror()
    build, function = statements(graph, "packages"), statements(graph, "packages-build")
    assert all(one.endswith(("/packages/*", "/failures/*")) for one in build["Mirror"]["Resource"])
    assert function["Mirror"]["Action"] == "s3:ListBucket"
    assert function["Failures"]["Resource"].endswith("/failures/*")
    assert '"*"' not in json.dumps([build, function])
    assert not graph.one(PROJECT).inputs["environment"]["privilegedMode"]


def test_machines_of_the_network_read_it_and_no_other_bucket(preview):
    def program():
        network = Network("network", {})
        FreeBsdPackages("packages", {**WANTED, "endpoint_id": network.endpoints.s3_endpoint_id})
        PrivateBucket("other", {})

    graph = preview(program)
    ways = {(graph[way.source].name, graph[way.target].name, way.at) for way in reach(graph)}
    assert ways == {("network", "packages", "s3:GetObject")}
    text = graph.one("aws:ec2/vpcEndpoint:VpcEndpoint", "network-endpoints-s3").inputs["policy"]
    own = next(one for one in json.loads(text)["Statement"] if one["Sid"] == "OwnBuckets")
    assert own["Principal"] == "*" and "s3:GetObject" in own["Action"]
    assert own["Condition"] == {"StringEquals": {"aws:ResourceAccount": "123456789012"}}


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ({"release": "14"}, "release must be a release such as '14.4', got '14'"),
        ({"packages": []}, r"packages must be names, origins or patterns, at least one, got \[\]"),
        ({"packages": ["a b"]}, r"packages must be names, origins or patterns.*got \['a b'\]"),
        ({"architecture": "mips"}, "architecture must be 'arm64' or 'x86_64'"),
    ],
)
def test_rejects_what_cannot_be(mirror, args, reason):
    with pytest.raises(Mistake, match=reason):
        mirror(**args)


def test_is_kept_unless_it_is_disposable(mirror):
    bucket = "aws:s3/bucket:Bucket"
    assert mirror().one(bucket).protect and not mirror(disposable=True).one(bucket).protect


def test_nobody_gets_the_address_before_the_packages_are_there(preview):
    def program():
        mirror = FreeBsdPackages("packages", WANTED)
        aws.ssm.Parameter("machine", type="String", value=mirror.url)

    graph = preview(program)
    asked = graph.one("aws:lambda/invocation:Invocation")
    assert json.loads(asked.inputs["input"]) == {"prefix": told(graph)["PREFIX"]}
    assert asked.urn in graph.one("aws:ssm/parameter:Parameter").dependencies
