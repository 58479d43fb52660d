"""A copy of a database in a region that is left: it answers reads, and takes writes once it is promoted."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox

ENGINE = {"engine": "aurora-mysql", "skip_final_snapshot": True}


def region(name, kind="fourplane:index:Region"):
    away = [aws.Provider("eu", region="eu-west-1")]
    return pulumi.ResourceOptions(
        parent=pulumi.ComponentResource(kind, name, {}, pulumi.ResourceOptions(providers=away))
    )


def database(opts, **settings):
    part = pulumi.ComponentResource("fourplane:index:AuroraMySql", "bills", {}, opts)
    child = pulumi.ResourceOptions(parent=part)
    cluster = aws.rds.Cluster(
        "bills", cluster_identifier="bills", global_cluster_identifier="all", **ENGINE, **settings, opts=child
    )
    aws.rds.ClusterInstance(
        "bills",
        cluster_identifier=cluster.id,
        engine="aurora-mysql",
        instance_class="db.r7g.large",
        opts=child,
    )


def promoter(opts, enabled=True):
    part = pulumi.ComponentResource("fourplane:index:Promoter", "promoter", {}, opts)
    child = pulumi.ResourceOptions(parent=part)
    role = aws.iam.Role("promoter", assume_role_policy="{}", opts=child)
    allow = {"Effect": "Allow", "Action": "rds:FailoverGlobalCluster", "Resource": "*"}
    aws.iam.RolePolicy(
        "promoter", role=role.id, policy=json.dumps({"Version": "2012-10-17", "Statement": allow}), opts=child
    )
    state = "ENABLED" if enabled else "DISABLED"
    rule = aws.cloudwatch.EventRule("promoter", event_pattern='{"source": ["x"]}', state=state, opts=child)
    queue = aws.sqs.Queue("promoter", opts=child)
    aws.cloudwatch.EventTarget("promoter", rule=rule.name, arn=queue.arn, opts=child)


@pytest.fixture
def bills(run):
    """bills(promoter): what is left of the copy of a global database when the writer's region is lost."""

    def bills(more=None, lost="us-east-1"):
        def program():
            eu = region("eu")
            database(None, master_username="admin", master_password="just-a-test-password")
            database(eu)
            if more:
                more(eu)

        with Sandbox() as cloud:
            report = strike(run(program, cloud), cloud.client, Wish("kong", region=lost))
        return {one["component"]: one for one in report.as_json()["components"]}

    return bills


def test_a_copy_is_read_only_until_somebody_promotes_it(bills):
    copy = bills()["eu/bills"]
    assert copy["state"] == "degraded" and not copy["ok"]
    assert "read only until failed over: aws rds failover-global-cluster --region eu-west-1" in copy["why"]
    assert (
        "--global-cluster-identifier all --target-db-cluster-identifier arn:aws:rds:eu-west-1" in copy["why"]
    )


def test_a_copy_that_is_promoted_by_an_event_works(bills):
    copy = bills(promoter)["eu/bills"]
    assert copy["ok"] and "until eu/promoter has failed over" in copy["why"]


@pytest.mark.parametrize("more", [lambda eu: promoter(None), lambda eu: promoter(eu, enabled=False)])
def test_what_is_lost_or_off_promotes_nothing(bills, more):
    assert bills(more)["eu/bills"]["state"] == "degraded"


def test_a_writer_does_not_mind_the_loss_of_its_copy(bills):
    assert bills(lost="eu-west-1")["bills"]["state"] == "works"
