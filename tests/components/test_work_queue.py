import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.work_queue import WorkQueue

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "image": "a:1", "port": 80}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
QUEUE, ALARM = "aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm"


def connected(preview, **more):
    """The graph, and what its producer and its worker may do."""

    def program():
        orders = WorkQueue("orders", more)
        connect(AutoScalingService("cart", PLACE), orders.entry)
        connect(AutoScalingService("order", PLACE), orders.exit)

    graph = preview(program)
    documents = [
        json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", f"{one}-to-orders").inputs["policy"])
        for one in ("cart", "order")
    ]
    return graph, *({s["Sid"]: s for s in one["Statement"]} for one in documents)


def test_who_has_work_sends_it_and_who_does_it_takes_it(preview):
    graph, producer, worker = connected(preview)
    arn = graph.one(QUEUE, "orders").outputs["arn"]
    assert producer.keys() == {"Send"} and worker.keys() == {"Receive"}
    assert producer["Send"]["Resource"] == worker["Receive"]["Resource"] == arn
    assert "sqs:SendMessage" not in worker["Receive"]["Action"]
    assert not {"sqs:ReceiveMessage", "sqs:DeleteMessage"} & set(producer["Send"]["Action"])


def test_both_are_told_its_url_under_its_name(preview):
    graph = connected(preview)[0]
    told = {
        one.inputs["name"]: one.inputs["insecureValue"] for one in graph.all("aws:ssm/parameter:Parameter")
    }
    url = graph.one(QUEUE, "orders").outputs["url"]
    assert told == {"/dev/cart/orders": url, "/dev/order/orders": url}


def test_it_is_encrypted_with_sqs_s_key_or_the_stack_s(preview):
    for queue in preview(lambda: WorkQueue("orders", {})).all(QUEUE):
        assert queue.inputs["sqsManagedSseEnabled"] is True and queue.protect
    graph, producer, worker = connected(preview, key_arn=KEY)
    assert {queue.inputs["kmsMasterKeyId"] for queue in graph.all(QUEUE)} == {KEY}
    assert producer["Key"]["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
    assert worker["Key"]["Action"] == ["kms:Decrypt"]


def test_what_fails_is_put_aside_where_no_other_queue_puts_anything(preview):
    graph = preview(lambda: WorkQueue("orders", {"attempts": 3}))
    queue, aside = graph.one(QUEUE, "orders"), graph.one(QUEUE, "orders-aside")
    wanted = {"deadLetterTargetArn": aside.outputs["arn"], "maxReceiveCount": 3}
    assert json.loads(queue.inputs["redrivePolicy"]) == wanted
    assert aside.inputs["messageRetentionSeconds"] == 14 * 86400
    allowed = graph.one("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy").inputs["redriveAllowPolicy"]
    assert json.loads(allowed)["sourceQueueArns"] == [queue.outputs["arn"]]


def test_late_work_and_work_put_aside_are_alarmed(preview):
    graph = preview(lambda: WorkQueue("orders", {"oldest_seconds": 30, "alarm_actions": ["arn:aws:sns:::t"]}))
    late, aside = (graph.one(ALARM, f"orders-{role}").inputs for role in ("late", "aside"))
    assert (late["metricName"], late["threshold"]) == ("ApproximateAgeOfOldestMessage", 30)
    assert aside["dimensions"]["QueueName"] == graph.one(QUEUE, "orders-aside").outputs["name"]
    assert late["alarmActions"] == aside["alarmActions"] == ["arn:aws:sns:::t"]


def test_nobody_speaks_to_it_in_the_clear(preview):
    for policy in preview(lambda: WorkQueue("orders", {})).all("aws:sqs/queuePolicy:QueuePolicy"):
        (statement,) = json.loads(policy.inputs["policy"])["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"work_seconds": 43201}, "work_seconds must be 1 to 43200"),
        ({"attempts": 0}, "attempts must be 1 to 1000"),
        ({"kept_seconds": 59}, "kept_seconds must be 60 to 1209600"),
        ({"kept_seconds": 60, "oldest_seconds": 60}, "oldest_seconds must be under kept_seconds, 60"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: WorkQueue("orders", more))
