"""What could not be handled waits for somebody, who is told."""

from collections.abc import Iterator
from typing import Any

from policy.resource import Resource, Stack, at
from policy.rule import MEDIUM, Complaints, rule

QUEUE = "aws:sqs/queue:Queue"
REDRIVE = "aws:sqs/redrivePolicy:RedrivePolicy"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALARMS = (ALARM, "aws:cloudwatch/compositeAlarm:CompositeAlarm")
EVENT_RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"
SCHEDULE = "aws:scheduler/schedule:Schedule"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
ASYNCHRONOUS = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
MACHINE = "aws:sfn/stateMachine:StateMachine"
DELIVERED = ("lambda", "sqs", "firehose", "http", "https")
ASIDE = {
    "redrivePolicy": (QUEUE, SUBSCRIPTION, REDRIVE),
    "deadLetterConfig": (FUNCTION, TARGET),
    "destinationConfig": (ASYNCHRONOUS, MAPPING),
    "target": (SCHEDULE,),
}
"""Who puts aside what failed, and the property that says where."""
WHERE = {SUBSCRIPTION: "redrivePolicy", SCHEDULE: "target.deadLetterConfig"}


@rule(
    QUEUE,
    severity=MEDIUM,
    frameworks=("AwsSolutions-SQS3", "WA REL05-BP04"),
    mend="set redrivePolicy to a second queue, which has an alarm on ApproximateNumberOfMessagesVisible",
    url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html",
    themes=("observability",),
)
def each_queue_puts_aside_what_fails_and_alarms(queue: Resource, stack: Stack) -> Complaints:
    """A message that cannot be handled is handed out again for ever, or is lost with nobody told."""
    takes = any(stack.users(queue, key, *types) for key, types in ASIDE.items())
    gives = queue.given("redrivePolicy") or stack.users(queue, "queueUrl", REDRIVE)
    if not takes and not gives and not any(map(_is_about_any, stack.users(queue, "dimensions", ALARM))):
        yield "hands out what fails for ever"
    if takes and not stack.users(queue, "dimensions", ALARM):
        yield "takes what failed, and no alarm tells"


def _is_about_any(alarm: Resource) -> bool:
    """Whether it goes off for a single message: in that queue programs put aside what failed."""
    return alarm.given("metricName") == "ApproximateNumberOfMessagesVisible" and not alarm.given("threshold")


@rule(
    (TARGET, SCHEDULE, SUBSCRIPTION),
    severity=MEDIUM,
    frameworks=("WA REL05-BP04",),
    mend="set deadLetterConfig (redrivePolicy of a subscription) to a queue; an event rule may have an alarm "
    "on its FailedInvocations instead, or listen to alarms that tell somebody",
    url="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
    themes=("observability",),
)
def what_an_event_starts_is_not_lost_in_silence(caller: Resource, stack: Stack) -> Complaints:
    """EventBridge and SNS try for a day at most, and forget; only what comes again by itself may be lost."""
    rules = stack.behind(caller, "rule", EVENT_RULE)
    again = any(one.given("scheduleExpression") for one in rules) or _comes_again(caller)
    told = any(stack.users(one, "dimensions", ALARM) or _tells(one, stack) for one in rules)
    kept = caller.given(WHERE.get(caller.type, "deadLetterConfig"))
    if not (again or told or kept):
        yield "forgets what could not be delivered, and tells nobody"


def _tells(listens: Resource, stack: Stack) -> bool:
    """Whether a rule listens to alarms alone, which tell somebody besides."""
    heard = stack.behind(listens, "eventPattern")
    return bool(heard) and all(one.type in ALARMS and one["alarmActions"] for one in heard)


def _comes_again(caller: Resource) -> bool:
    if caller.type == SUBSCRIPTION:
        return caller["protocol"] not in DELIVERED  # e-mail and phones have no second queue
    return caller.type == SCHEDULE and not str(caller["scheduleExpression"]).startswith("at(")


@rule(
    FUNCTION,
    severity=MEDIUM,
    frameworks=("CKV_AWS_116", "WA REL05-BP04"),
    mend="set deadLetterConfig, or destinationConfig.onFailure of an aws.lambda.FunctionEventInvokeConfig",
    url="https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html",
)
def what_a_function_was_told_is_not_lost(function: Resource, stack: Stack) -> Complaints:
    """Lambda has taken the event: when the function fails three times there is nobody else who has it."""
    kept = any(one.given("destinationConfig.onFailure") for one in _of(function, stack, ASYNCHRONOUS))
    if _is_told(function, stack) and not kept and not function.given("deadLetterConfig"):
        yield "is called by events, and loses those that it fails on"


def _of(function: Resource, stack: Stack, *types: str) -> list[Resource]:
    """What names a function, or an alias of it, as its functionName."""
    named = [function, *stack.users(function, "functionName", ALIAS)]
    return [one for name in named for one in stack.users(name, "functionName", *types)]


def _is_told(function: Resource, stack: Stack) -> bool:
    """Whether events call it which do not come again: S3's, SNS's, and those of rules with a pattern."""
    for name in [function, *stack.users(function, "functionName", ALIAS)]:
        if stack.users(name, "lambdaFunctions", NOTIFICATION) or stack.users(name, "endpoint", SUBSCRIPTION):
            return True
        rules = (r for t in stack.users(name, "arn", TARGET) for r in stack.behind(t, "rule", EVENT_RULE))
        if any(one.given("eventPattern") for one in rules):
            return True
    return False


@rule(
    MAPPING,
    severity=MEDIUM,
    frameworks=("WA REL04-BP04",),
    mend="set the queue's visibilityTimeoutSeconds to six times the function's timeout or more",
    url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html",
)
def a_message_is_not_handed_out_twice(mapping: Resource, stack: Stack) -> Complaints:
    """Lambda tries again when it is throttled; meanwhile a queue in a hurry gives the message to another."""
    for queue in stack.behind(mapping, "eventSourceArn", QUEUE):
        waits = queue.given("visibilityTimeoutSeconds") or 30
        for function in _functions(mapping, stack):
            if waits < 6 * (takes := function.given("timeout") or 3):
                yield f"reads from a queue that waits {waits:g} seconds; '{function.name}' may take {takes:g}"


@rule(
    MAPPING,
    severity=MEDIUM,
    frameworks=("CKV_AWS_115", "WA REL05-BP02"),
    mend="set scalingConfig.maximumConcurrency, or reservedConcurrentExecutions of the function",
    url="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
)
def a_backlog_does_not_take_every_function(mapping: Resource, stack: Stack) -> Complaints:
    """A thousand waiting messages start a thousand functions, which is all that the account has."""
    reads = stack.behind(mapping, "eventSourceArn", QUEUE)
    reserved = [one.given("reservedConcurrentExecutions") for one in _functions(mapping, stack)]
    if reads and not mapping.given("scalingConfig.maximumConcurrency") and not any(reserved):
        yield "works off a queue with as many functions as there are messages"


def _functions(mapping: Resource, stack: Stack) -> list[Resource]:
    named = stack.behind(mapping, "functionName", FUNCTION, ALIAS)
    behind = [one for name in named for one in stack.behind(name, "functionName", FUNCTION)]
    return [one for one in [*named, *behind] if one.type == FUNCTION]


@rule(
    MACHINE,
    severity=MEDIUM,
    frameworks=("WA REL05-BP03",),
    mend="give the state a Retry, or a Catch that leads to what is done about it",
    url="https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html",
)
def a_step_that_calls_is_tried_again(machine: Resource) -> Complaints:
    """By default a state machine ends at the first call that fails, in the middle of what it was doing."""
    for name, state in _states(machine.document("definition")):
        if state.get("Type") == "Task" and not state.get("Retry") and not state.get("Catch"):
            yield f"gives up when its step '{name}' fails once"


def _states(definition: Any) -> Iterator[tuple[str, Any]]:
    """All states, those inside of others too; none of a definition that is not read as JSON."""
    for name, state in (at(definition, "States") or {}).items():
        yield name, state
        inner = [*(state.get("Branches") or []), state.get("Iterator"), state.get("ItemProcessor")]
        for one in inner:
            yield from _states(one)
