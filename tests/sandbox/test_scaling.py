"""What Application Auto Scaling moves, and functions that are called by an alias or fed by a queue."""

import pulumi_aws as aws
import pytest

from components.service.function import Function
from components.state.work_queue import WorkQueue
from fourplane.errors import Failure

REGION = "us-east-1"
SHARDS = {
    "service_namespace": "elasticache",
    "scalable_dimension": "elasticache:replication-group:NodeGroups",
    "resource_id": "replication-group/items",
}
AT = {"schedule": "at(2030-07-16T06:30:00)", "scalable_target_action": {"min_capacity": 4}}


def test_a_scheduled_action_is_held_for_a_target_of_caches_too(cloud, deploy):
    def program():
        aws.appautoscaling.Target("items", **SHARDS, min_capacity=2, max_capacity=2)
        aws.appautoscaling.ScheduledAction("items", name="sale.begin.items", **SHARDS, **AT)

    deploy(program)
    scaling = cloud.client("application-autoscaling", REGION)
    (held,) = scaling.describe_scheduled_actions(ServiceNamespace="elasticache")["ScheduledActions"]
    assert (held["ScheduledActionName"], held["Schedule"]) == ("sale.begin.items", AT["schedule"])
    assert held["ScalableTargetAction"] == {"MinCapacity": 4}


def test_rejects_an_action_of_what_is_no_target(deploy):
    with pytest.raises(Failure, match="no scalable target replication-group/items"):
        deploy(lambda: aws.appautoscaling.ScheduledAction("items", name="a", **SHARDS, **AT))


def test_a_function_has_an_alias_of_its_version_and_a_queue_feeds_it(cloud, deploy):
    def program():
        vpc = aws.ec2.Vpc("net", cidr_block="10.0.0.0/16")
        subnet = aws.ec2.Subnet("net", vpc_id=vpc.id, cidr_block="10.0.0.0/24")
        queue = WorkQueue("jobs", {"disposable": True})
        feed = {"queue_arn": queue.arn, "statements": queue.exit.grants()}
        place = {"vpc_id": vpc.id, "subnet_ids": [subnet.id]}
        code = {"code": {"a.py": __file__}, "handler": "a.b"}
        Function("worker", {**place, **code, "live": True, "feed": feed})

    name = deploy(program).one("aws:lambda/function:Function").id
    lambdas = cloud.client("lambda", REGION)
    assert lambdas.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    (mapping,) = lambdas.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["EventSourceArn"].split(":")[-1].startswith("jobs") and mapping["BatchSize"] == 10
