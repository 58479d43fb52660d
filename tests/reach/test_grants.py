"""Ways that IAM opens."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from components.control.feature_flags import FeatureFlags
from fourplane.reach.policies import actions
from tests.reach.documents import document, role


def test_a_statement_that_names_a_resource_is_a_way_for_each_action(ways):
    def program():
        bucket, _ = aws.s3.Bucket("content"), aws.s3.Bucket("other")
        inside = pulumi.Output.format("{}/films/*", bucket.arn)
        role("r", {"Action": ["s3:GetObject", "s3:PutObject", "sqs:SendMessage"], "Resource": [inside]})

    assert ways(program) == {"r -> content IAM s3:GetObject", "r -> content IAM s3:PutObject"}


@pytest.mark.parametrize("pattern", ["*", "arn:aws:s3:::*", "arn:aws:s3:::*/*"])
def test_a_statement_for_everything_names_every_bucket(ways, pattern):
    def program():
        aws.s3.Bucket("content")
        role("r", {"Action": "s3:*", "Resource": pattern})

    assert ways(program) == {"r -> content IAM s3:*"}


def test_a_managed_policy_counts_once_it_is_attached(ways):
    def program():
        table = aws.dynamodb.Table("carts", hash_key="id", attributes=[{"name": "id", "type": "S"}])
        made = aws.iam.Role("r", assume_role_policy="{}")
        held = aws.iam.Policy("p", policy=document({"Action": "dynamodb:GetItem", "Resource": table.arn}))
        aws.iam.RolePolicyAttachment("a", role=made.name, policy_arn=held.arn)

    assert ways(program) == {"r -> carts IAM dynamodb:GetItem"}
    assert ways(program, ["RolePolicyAttachment a"]) == set()


def test_a_bucket_policy_that_names_a_role_is_a_way(ways):
    def program():
        bucket, made = aws.s3.Bucket("content"), aws.iam.Role("r", assume_role_policy="{}")
        statement = {"Principal": {"AWS": made.arn}, "Action": "s3:GetObject", "Resource": bucket.arn}
        aws.s3.BucketPolicy("content", bucket=bucket.bucket, policy=document(statement))

    assert ways(program) == {"r -> content IAM s3:GetObject"}


def test_what_is_no_policy_document_opens_nothing(ways):
    def program():
        made = aws.iam.Role("r", assume_role_policy="{}")
        aws.iam.RolePolicy("r", role=made.name, policy=json.dumps("no policy"))

    assert ways(program) == set()


def test_what_aws_lets_nobody_narrow_to_a_resource_is_no_way():
    statement = {"Action": ["ssm:ListCommands", "ssm:GetParameter"], "Resource": "*"}
    assert list(actions(statement, "ssm")) == ["ssm:GetParameter"]


@pytest.mark.parametrize(
    ("denied", "left"),
    [
        ({"Action": "s3:Put*", "Resource": "*"}, {"s3:GetObject"}),
        ({"NotAction": "s3:GetObject", "Resource": "*"}, {"s3:GetObject"}),
        ({"Action": "*", "Resource": "arn:aws:s3:::another"}, {"s3:GetObject", "s3:PutObject"}),
        (
            {"Action": "*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"s3:GetObject", "s3:PutObject"},
        ),
    ],
)
def test_what_a_role_is_denied_in_all_circumstances_is_no_way(ways, denied, left):
    def program():
        bucket = aws.s3.Bucket("content")
        may = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": bucket.arn}
        role("r", may, {"Effect": "Deny", **denied})

    assert ways(program) == {f"r -> content IAM {action}" for action in left}


@pytest.mark.parametrize(("asked", "found"), [("dev", True), ("prod", False)])
def test_a_condition_on_tags_is_met_or_not(ways, asked, found):
    def program():
        aws.sqs.Queue("jobs", tags={"stack": "dev"})
        ours = {"Condition": {"StringEquals": {"aws:ResourceTag/stack": asked}}}
        role("r", {"Action": "sqs:SendMessage", "Resource": "*", **ours})

    assert ways(program) == ({"r -> jobs IAM sqs:SendMessage"} if found else set())


def test_what_a_role_may_do_to_a_topic_is_a_way_to_its_cluster(ways):
    def program():
        place = {"client_subnets": [], "instance_type": "kafka.m7g.large", "security_groups": []}
        cluster = aws.msk.Cluster(
            "events", kafka_version="3.9.x.kraft", number_of_broker_nodes=3, broker_node_group_info=place
        )
        topic = aws.msk.Topic("orders", cluster_arn=cluster.arn, partition_count=1, replication_factor=3)
        may = ["kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"]
        role(
            "r",
            {"Action": "kafka-cluster:Connect", "Resource": cluster.arn},
            {"Action": may, "Resource": topic.arn},
        )

    assert ways(program) == {
        "r -> events IAM kafka-cluster:Connect",
        "r -> orders IAM kafka-cluster:ReadData",
    }


def test_who_may_read_flags_has_a_way_to_them(ways):
    def program():
        made = FeatureFlags("flags", {"flags": {"a": {"description": "A"}}})
        role("r", *made.grants())

    read = ("appconfig:GetLatestConfiguration", "appconfig:StartConfigurationSession")
    assert ways(program) == {f"r -> flags IAM {action}" for action in read}


def test_who_comes_through_an_endpoint_may_do_what_a_bucket_s_policy_says(ways):
    def program():
        bucket = aws.s3.Bucket("packages")
        endpoint = aws.ec2.VpcEndpoint("network", vpc_id="vpc-1", service_name="com.amazonaws.us-east-1.s3")
        through = {"Condition": {"StringEquals": {"aws:SourceVpce": endpoint.id}}}
        statement = {"Principal": "*", "Action": "s3:GetObject", "Resource": bucket.arn, **through}
        aws.s3.BucketPolicy("packages", bucket=bucket.bucket, policy=document(statement))

    assert ways(program) == {"network -> packages IAM s3:GetObject"}
