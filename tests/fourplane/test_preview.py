"""A preview needs no cloud and shows what stands on what."""

import subprocess
import sys

import pytest


def test_every_text_that_only_a_cloud_knows_has_a_stand_in(run):
    graph = run('pulumi.export("lb", aws.lb.LoadBalancer("web"))', preview=True)
    lb = graph.one("aws:lb/loadBalancer:LoadBalancer")
    digits = lb.id.removeprefix("load-balancer-")
    assert len(digits) == 17 and int(digits, 16)
    assert lb.outputs["arn"] == f"arn:aws:elasticloadbalancing:us-east-1:123456789012:load-balancer/{digits}"
    assert lb.outputs["dnsName"] == f"{digits}.us-east-1.amazonaws.com"
    assert lb.outputs["name"] == f"web-{digits[:7]}"
    assert "subnets" not in lb.outputs


@pytest.mark.parametrize(
    ("made", "type", "start"),
    [
        (
            'aws.iam.Role("r", assume_role_policy="{}")',
            "aws:iam/role:Role",
            "arn:aws:iam::123456789012:role/",
        ),
        ('aws.s3.Bucket("b")', "aws:s3/bucket:Bucket", "arn:aws:s3:::"),
        (
            'aws.cloudwatch.LogGroup("l")',
            "aws:cloudwatch/logGroup:LogGroup",
            "arn:aws:logs:us-east-1:123456789012:",
        ),
        (
            'aws.sqs.Queue("q", region="eu-west-1")',
            "aws:sqs/queue:Queue",
            "arn:aws:sqs:eu-west-1:123456789012:queue/",
        ),
    ],
)
def test_an_arn_is_of_the_service_the_region_and_the_account(run, made, type, start):
    assert run(made, preview=True).one(type).outputs["arn"].startswith(start)


def test_inputs_are_kept_as_they_are(run):
    graph = run('aws.sqs.Queue("q", name="orders")', preview=True)
    assert graph.one("aws:sqs/queue:Queue").outputs["name"] == "orders"


def test_two_resources_have_different_stand_ins(run):
    graph = run('aws.sqs.Queue("a")\naws.sqs.Queue("b")', preview=True)
    assert len({r.outputs["arn"] for r in graph.values()}) == 2


FUNCTIONS = {
    "aws.get_caller_identity().account_id": "123456789012",
    "aws.get_region().region": "us-east-1",
    "aws.get_partition().dns_suffix": "amazonaws.com",
    "aws.get_availability_zones(region='us-west-1').names": ["us-west-1a", "us-west-1b"],
    "[n[-1] for n in aws.get_availability_zones(region='ap-northeast-1').names]": ["a", "c", "d"],
    "aws.get_availability_zones(exclude_names=['us-east-1e']).names[-2:]": ["us-east-1d", "us-east-1f"],
    "aws.ssm.get_parameter(name='/aws/service/ami-x/image').value[:4]": "ami-",
    "aws.ec2.get_ami(owners=['amazon']).id[:4]": "ami-",
    "aws.ec2.get_managed_prefix_list(name='x').name": "x",
    "len(aws.ec2.get_subnets().ids)": 1,
    "aws.cloudfront.get_cache_policy(name='Managed-CachingOptimized').id[:3]": "id-",
}  # fmt: skip


@pytest.mark.parametrize("asked", FUNCTIONS)
def test_functions_are_answered_without_a_cloud(run, asked):
    assert run(f'pulumi.export("answer", {asked})', preview=True).outputs["answer"] == FUNCTIONS[asked]


def test_a_function_that_no_sdk_has_gives_nothing_and_is_no_error(run):
    graph = run('pulumi.export("a", pulumi.runtime.invoke("gone:index/get:get", {}).value)', preview=True)
    assert graph.outputs["a"] == {}


def test_policy_documents_are_made(run):
    graph = run("""
        import json
        document = aws.iam.get_policy_document(statements=[{
            "sid": "Read", "actions": ["s3:GetObject"], "resources": ["*"],
            "principals": [{"type": "AWS", "identifiers": ["a"]}, {"type": "AWS", "identifiers": ["b"]}],
            "conditions": [{"test": "StringEquals", "variable": "aws:x", "values": ["1", "2"]}]}])
        pulumi.export("document", json.loads(document.json))
    """)
    assert graph.outputs["document"]["Statement"] == [{
        "Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
        "Principal": {"AWS": ["a", "b"]}, "Condition": {"StringEquals": {"aws:x": ["1", "2"]}},
    }]  # fmt: skip


def test_a_preview_loads_neither_boto3_nor_moto():
    loaded = "import sys, fourplane.cli.preview, fourplane.preview, fourplane.engine; print("
    loaded += "{'boto3', 'botocore', 'moto'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", loaded], text=True) == "set()\n"
