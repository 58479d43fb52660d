"""Ways that events take."""

import pulumi
import pulumi_aws as aws
import pytest

from tests.reach.documents import document, role


def function(name, *statements):
    made = role(f"{name}-role", *statements)
    return aws.lambda_.Function(
        name, role=made.arn, handler="h.h", runtime="python3.13", code=pulumi.FileArchive(".")
    )


def permission(target, service):
    aws.lambda_.Permission(
        "may", action="lambda:InvokeFunction", function=target.name, principal=f"{service}.amazonaws.com"
    )


def test_an_event_source_mapping_leads_from_the_queue_to_the_function(ways):
    def program():
        queue = aws.sqs.Queue("jobs")
        fetches = {"Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage"], "Resource": queue.arn}
        worker = function("worker", fetches)
        aws.lambda_.EventSourceMapping("m", event_source_arn=queue.arn, function_name=worker.arn)

    assert ways(program) == {"jobs -> worker event source mapping lambda"}


def rule_to_function():
    bucket = aws.s3.Bucket("studio")
    aws.s3.BucketNotification("studio", bucket=bucket.bucket, eventbridge=True)
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket.bucket]}}}
    rule = aws.cloudwatch.EventRule("uploads", event_pattern=pulumi.Output.json_dumps(pattern))
    worker = function("worker")
    aws.cloudwatch.EventTarget("t", rule=rule.name, arn=worker.arn)
    permission(worker, "events")


@pytest.mark.parametrize(
    ("part", "closed"),
    [
        ("", ""),
        ("Permission may", "uploads -> worker event rule lambda"),
        ("EventTarget t", "uploads -> worker event rule lambda"),
        ("BucketNotification studio", "studio -> uploads event pattern s3"),
    ],
)
def test_a_rule_hands_a_bucket_s_events_to_a_target_that_lets_it(ways, part, closed):
    whole = {"studio -> uploads event pattern s3", "uploads -> worker event rule lambda"}
    assert ways(rule_to_function, [part]) == whole - {closed}


@pytest.mark.parametrize("part", ["", "Permission may"])
def test_a_bucket_calls_a_function_that_lets_it(ways, part):
    def program():
        worker, bucket = function("worker"), aws.s3.Bucket("studio")
        permission(worker, "s3")
        told = [{"lambda_function_arn": worker.arn, "events": ["s3:ObjectCreated:*"]}]
        aws.s3.BucketNotification("studio", bucket=bucket.bucket, lambda_functions=told)

    assert ways(program, [part]) == (set() if part else {"studio -> worker bucket notification lambda"})


@pytest.mark.parametrize("part", ["", "QueuePolicy jobs"])
def test_a_topic_feeds_a_queue_that_lets_it(ways, part):
    def program():
        topic, queue = aws.sns.Topic("news"), aws.sqs.Queue("jobs")
        aws.sns.TopicSubscription("s", topic=topic.arn, protocol="sqs", endpoint=queue.arn)
        lets = {
            "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue.arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic.arn}},
        }  # fmt: skip
        aws.sqs.QueuePolicy("jobs", queue_url=queue.url, policy=document(lets))

    assert ways(program, [part]) == (set() if part else {"news -> jobs subscription sqs"})


def test_an_alarm_tells_a_topic(ways):
    def program():
        topic = aws.sns.Topic("pager")
        aws.cloudwatch.MetricAlarm(
            "slow",
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=1,
            alarm_actions=[topic.arn],
        )

    assert ways(program) == {"slow -> pager alarm sns"}


@pytest.mark.parametrize("part", ["", "EventTarget t"])
def test_an_alarm_s_changes_start_a_state_machine(ways, part):
    def program():
        limit = {"comparison_operator": "GreaterThanThreshold", "evaluation_periods": 1}
        alarm = aws.cloudwatch.MetricAlarm("hot", **limit)
        machine = aws.sfn.StateMachine("answer", role_arn=role("runs").arn, definition="{}")
        pattern = {"source": ["aws.cloudwatch"], "resources": [alarm.arn]}
        rule = aws.cloudwatch.EventRule("changes", event_pattern=pulumi.Output.json_dumps(pattern))
        starter = role("starts")
        aws.cloudwatch.EventTarget("t", rule=rule.name, arn=machine.arn, role_arn=starter.arn)

    whole = {"hot -> answer alarm event states", "changes -> answer event rule sfn"}
    assert ways(program, [part]) == (set() if part else whole)


@pytest.mark.parametrize(("told", "heard"), [("load", True), ("other", False)])
def test_who_tells_metrics_of_a_namespace_is_looked_at_by_its_alarms(ways, told, heard):
    def program():
        condition = {"StringEquals": {"cloudwatch:namespace": told}}
        role("monitor", {"Action": "cloudwatch:PutMetricData", "Resource": "*", "Condition": condition})
        limit = {"comparison_operator": "GreaterThanThreshold", "evaluation_periods": 1}
        aws.cloudwatch.MetricAlarm("hot", namespace="load", metric_name="a", **limit)
        metric = {"namespace": "load", "metric_name": "a", "stat": "Sum", "period": 60}
        math = {"id": "b", "expression": "2 * a", "return_data": True}
        aws.cloudwatch.MetricAlarm("double", metric_queries=[{"id": "a", "metric": metric}, math], **limit)

    looking = {f"monitor -> {alarm} metrics cloudwatch:PutMetricData" for alarm in ("hot", "double")}
    assert ways(program) == (looking if heard else set())
