"""Ways that events take: who hands them to whom, where the receiver lets it."""

import json
from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, Way, many, texts
from fourplane.reach.policies import allowed, bound_to, principals

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALIAS = "aws:lambda/alias:Alias"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
MACHINE = "aws:sfn/stateMachine:StateMachine"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
PERMISSION = "aws:lambda/permission:Permission"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
ROLE = "aws:iam/role:Role"
RULE = "aws:cloudwatch/eventRule:EventRule"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
SOURCES = (QUEUE, "aws:kinesis/stream:Stream", "aws:dynamodb/table:Table", "aws:msk/cluster:Cluster")
RECEIVERS = (FUNCTION, QUEUE, TOPIC, MACHINE)


def event_ways(directory: Directory) -> Iterator[Way]:
    for kind in (_mappings, _rules, _patterns, _changes, _notifications, _subscriptions, _alarms):
        yield from kind(directory)


def _mappings(directory: Directory) -> Iterator[Way]:
    """Lambda fetches from a queue or a stream for a function. A table is named by its stream's ARN."""
    for mapping, values in directory.all(MAPPING):
        arn = str(values.get("eventSourceArn"))
        source = directory.named(arn, *SOURCES) or directory.named(arn.partition("/stream/")[0], *SOURCES)
        function = function_of(directory, values.get("functionName"), mapping)
        if source and function and values.get("enabled", True):
            yield Way(directory.of(source), directory.of(function), "event source mapping", "lambda")


def function_of(directory: Directory, name: object, near: Resource) -> Resource | None:
    """The function that a name or an ARN means, or that of an alias."""
    alias = directory.named(name, ALIAS, beside=near)
    meant = directory.values(alias).get("functionName") if alias else name
    return directory.named(meant, FUNCTION, beside=near)


def _rules(directory: Directory) -> Iterator[Way]:
    """EventBridge hands what a rule matches to its targets: with a role, or where the target lets it."""
    for entry, values in directory.all(TARGET):
        rule = directory.named(values.get("rule"), RULE, beside=entry)
        target = directory.named(values.get("arn"), *RECEIVERS)
        if rule is None or target is None or directory.values(rule).get("state") == "DISABLED":
            continue
        if values.get("roleArn") or _lets_in(directory, target, "events.amazonaws.com", rule):
            yield Way(directory.of(rule), directory.of(target), "event rule", _kind(target))


def _patterns(directory: Directory) -> Iterator[Way]:
    """A bucket that a rule's pattern names, and that tells EventBridge of its changes."""
    telling = {
        bucket.urn: bucket
        for _, values in directory.all(NOTIFICATION)
        if values.get("eventbridge") and (bucket := directory.named(values.get("bucket"), BUCKET))
    }
    for rule, values in directory.all(RULE):
        for text in texts(_json(values.get("eventPattern"))):
            if (bucket := directory.named(text, BUCKET)) and bucket.urn in telling:
                yield Way(directory.of(bucket), directory.of(rule), "event pattern", "s3")


def _changes(directory: Directory) -> Iterator[Way]:
    """An alarm whose changes start a state machine, by a rule of its region."""
    for entry, values in directory.all(TARGET):
        rule = directory.named(values.get("rule"), RULE, beside=entry)
        machine = directory.named(values.get("arn"), MACHINE)
        if rule is None or machine is None or directory.values(rule).get("state") == "DISABLED":
            continue
        for text in texts(_json(directory.values(rule).get("eventPattern"))):
            alarm = directory.named(text, ALARM, COMPOSITE)
            if alarm and alarm.region == rule.region and values.get("roleArn"):
                yield Way(directory.of(alarm), directory.of(machine), "alarm event", "states")


def _notifications(directory: Directory) -> Iterator[Way]:
    """A bucket calls functions, queues and topics when an object changes."""
    kinds = {"lambdaFunctions": "lambdaFunctionArn", "queues": "queueArn", "topics": "topicArn"}
    for _, values in directory.all(NOTIFICATION):
        bucket = directory.named(values.get("bucket"), BUCKET)
        for kind, key in kinds.items():
            for entry in many(values.get(kind)):
                target = directory.named(entry.get(key), *RECEIVERS)
                if bucket and target and _lets_in(directory, target, "s3.amazonaws.com", bucket):
                    yield Way(
                        directory.of(bucket), directory.of(target), "bucket notification", _kind(target)
                    )


def _subscriptions(directory: Directory) -> Iterator[Way]:
    """A topic hands its messages to a function or a queue."""
    for _, values in directory.all(SUBSCRIPTION):
        topic = directory.named(values.get("topic"), TOPIC)
        target = directory.named(values.get("endpoint"), *RECEIVERS)
        if topic and target and _lets_in(directory, target, "sns.amazonaws.com", topic):
            yield Way(directory.of(topic), directory.of(target), "subscription", _kind(target))


def _alarms(directory: Directory) -> Iterator[Way]:
    """An alarm tells a topic of its region; in one account a topic's own default policy lets it."""
    for alarm, values in directory.all(ALARM, COMPOSITE):
        for key in ("alarmActions", "okActions", "insufficientDataActions"):
            for arn in many(values.get(key)):
                topic = directory.named(arn, TOPIC)
                if topic is None or topic.region != alarm.region:
                    continue
                bare = not any(allowed(document) for document in _documents(directory, topic))
                if bare or _lets_in(directory, topic, "cloudwatch.amazonaws.com", alarm):
                    yield Way(directory.of(alarm), directory.of(topic), "alarm", "sns")


def _lets_in(directory: Directory, target: Resource, service: str, caller: Resource) -> bool:
    """Whether a function's permissions, or a queue's or topic's policy, let a service hand it something."""
    arn = str(directory.values(caller).get("arn"))
    if target.type == FUNCTION:
        return any(
            values.get("principal") == service
            and directory.named(values.get("function"), FUNCTION, beside=permission) is target
            and values.get("sourceArn") in (None, arn)
            for permission, values in directory.all(PERMISSION)
        )
    return any(
        service in principals(statement, "Service") and bound_to(statement, arn)
        for document in _documents(directory, target)
        for statement in allowed(document)
    )


def _documents(directory: Directory, target: Resource) -> Iterator[Any]:
    """The policies of a queue or a topic."""
    yield directory.values(target).get("policy")
    for key, policy, kind in (("queueUrl", QUEUE_POLICY, QUEUE), ("arn", TOPIC_POLICY, TOPIC)):
        for _, values in directory.all(policy):
            if directory.named(values.get(key), kind) is target:
                yield values.get("policy")


def _kind(target: Resource) -> str:
    return target.type.split(":")[1].split("/")[0]


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None
