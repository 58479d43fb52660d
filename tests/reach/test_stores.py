"""Ways to tables, through the cache before them, into queues and streams and out of them."""

import pulumi_aws as aws

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.dax_cluster import DaxCluster
from components.state.dynamo_table import DynamoTable
from components.state.event_stream import EventStream
from components.state.work_queue import WorkQueue


def web(network):
    return AutoScalingService("web", {**network.private, "image": "a/b:1", "port": 80})


def test_a_cache_leads_to_its_tables_and_a_client_to_the_cache(ways):
    def program():
        network = Network("network", {"zones": 3})
        carts = DynamoTable("carts", {"key": {"partition": ("cart", "S")}})
        cache = DaxCluster("quick", {**network.data, "table_arns": [carts.arn]})
        connect(web(network), cache)

    found = ways(program)
    assert {"web -> quick security groups tcp 9111", "web -> quick IAM dax:GetItem"} <= found
    assert "quick -> carts IAM dynamodb:GetItem" in found
    assert not any(one.startswith("web -> carts") for one in found)


def test_who_sends_takes_nothing_out_and_who_takes_out_sends_nothing(ways):
    def program():
        network = Network("network", {"zones": 3})
        app, work, clicks = web(network), WorkQueue("work", {}), EventStream("clicks", {})
        connect(app, work.entry, clicks.exit)

    found = {one.removeprefix("web -> ") for one in ways(program) if one.startswith("web -> ")}
    assert {"work IAM sqs:SendMessage", "clicks IAM kinesis:GetRecords"} <= found
    assert not {"work IAM sqs:ReceiveMessage", "clicks IAM kinesis:PutRecord"} & found


def test_a_queue_calls_a_function(ways):
    def program():
        role = aws.iam.Role("r", assume_role_policy="{}")
        function = aws.lambda_.Function("f", role=role.arn, runtime="python3.13", handler="a.b")
        work = WorkQueue("work", {})
        aws.lambda_.EventSourceMapping("m", event_source_arn=work.arn, function_name=function.arn)

    assert "work -> f event source mapping lambda" in ways(program)
