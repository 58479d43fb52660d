"""A copy of a database in a region that is left: it answers reads, and takes writes once it is promoted."""

import json

import pulumi
import pulumi_aws as aws
import pytest

from components.control.alerts import Alerts
from components.control.database_failover import DatabaseFailover
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox

ENGINE = {"engine": "aurora-mysql", "skip_final_snapshot": True}
HOME = "arn:aws:rds:us-east-1:123456789012:cluster:bills"


def region(name, kind="fourplane:index:Region"):
    away = [aws.Provider("eu", region="eu-west-1")]
    return pulumi.ResourceOptions(
        parent=pulumi.ComponentResource(kind, name, {}, pulumi.ResourceOptions(providers=away))
    )


def database(opts, **settings):
    """A cluster and, in Parameter Store, the address that its client dials: a reader's, for a copy."""
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
    address = pulumi.Output.format("{}:3306", cluster.endpoint if settings else cluster.reader_endpoint)
    part.register_outputs({"address": address})
    app = pulumi.ResourceOptions(parent=pulumi.ComponentResource("fourplane:index:Website", "app", {}, opts))
    aws.ssm.Parameter("app", name="/dev/app/bills", type="String", insecure_value=address, opts=app)
    return cluster


def failover(cluster, opts, **more):
    DatabaseFailover(
        "failover",
        {
            "database": {
                "global_cluster_id": "all",
                "copy_id": cluster.id,
                "copy_arn": cluster.arn,
                "writer_arn": HOME,
                "writer_address": pulumi.Output.format("{}:3306", cluster.endpoint),
                **more.pop("database", {}),
            },
            "settings": ["/dev/app/bills"],
            "topic_arn": Alerts("alerts", {}, opts).topic_arn,
            **more,
        },
        opts,
    )


@pytest.fixture
def bills(run):
    """bills(more): what is left of the copy of a global database when the writer's region is lost, `more`
    having been given its cluster and its region."""

    def bills(more=None, lost="us-east-1"):
        def program():
            eu = region("eu")
            database(None, master_username="admin", master_password="just-a-test-password")
            copy = database(eu)
            if more:
                more(copy, eu)

        with Sandbox() as cloud:
            report = strike(run(program, cloud), cloud.client, Wish("kong", region=lost))
        return {one["component"]: one for one in report.as_json()["components"]}

    return bills


def disabled(copy, eu):
    """The rule of a failover turned off."""

    def off(args):
        if args.type_ == "aws:cloudwatch/eventRule:EventRule":
            return pulumi.ResourceTransformationResult({**args.props, "state": "DISABLED"}, args.opts)

    failover(copy, pulumi.ResourceOptions.merge(eu, pulumi.ResourceOptions(transformations=[off])))


def deaf(copy, eu):
    """A role that may fail over, beside a rule that starts it for anything but an alarm about the copy."""
    part = pulumi.ComponentResource("fourplane:index:Promoter", "promoter", {}, eu)
    child = pulumi.ResourceOptions(parent=part)
    role = aws.iam.Role("promoter", assume_role_policy="{}", opts=child)
    allow = {"Effect": "Allow", "Action": "rds:FailoverGlobalCluster", "Resource": "*"}
    aws.iam.RolePolicy(
        "promoter", role=role.id, policy=json.dumps({"Version": "2012-10-17", "Statement": allow}), opts=child
    )
    rule = aws.cloudwatch.EventRule("promoter", event_pattern='{"source": ["x"]}', opts=child)
    queue = aws.sqs.Queue("promoter", opts=child)
    aws.cloudwatch.EventTarget("promoter", rule=rule.name, arn=queue.arn, opts=child)


def test_a_copy_is_read_only_until_somebody_promotes_it(bills):
    copy = bills()["eu/bills"]
    assert copy["state"] == "degraded" and not copy["ok"]
    assert "read only until failed over: aws rds failover-global-cluster --region eu-west-1" in copy["why"]
    assert (
        "--global-cluster-identifier all --target-db-cluster-identifier arn:aws:rds:eu-west-1" in copy["why"]
    )


def test_a_copy_that_is_promoted_by_an_alarm_of_its_own_works(bills):
    copy = bills(failover)["eu/bills"]
    assert copy["ok"] and "until eu/failover-runbook has failed over" in copy["why"]


@pytest.mark.parametrize(
    "more",
    [
        lambda copy, eu: failover(copy, None),
        lambda copy, eu: failover(copy, eu, database={"global_cluster_id": "another"}),
        lambda copy, eu: failover(copy, eu, database={"copy_id": "another"}),
        lambda copy, eu: failover(copy, eu, database={"copy_arn": HOME}),
        disabled,
        deaf,
    ],
    ids=["lost with the region", "another database", "another's lag", "another copy", "off", "deaf"],
)
def test_what_cannot_promote_a_copy_changes_nothing(bills, more):
    copy = bills(more)["eu/bills"]
    assert copy["state"] == "degraded" and "read only until failed over" in copy["why"]


def test_a_client_that_is_not_told_goes_on_to_dial_a_reader(bills):
    copy = bills(lambda copy, eu: failover(copy, eu, settings=["/dev/other/bills"]))["eu/bills"]
    assert copy["state"] == "degraded" and "nobody tells eu/app where it is written then" in copy["why"]


def test_a_writer_does_not_mind_the_loss_of_its_copy(bills):
    assert bills(lost="eu-west-1")["bills"]["state"] == "works"
