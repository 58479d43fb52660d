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
