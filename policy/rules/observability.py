"""What goes wrong is noticed, and somebody is told."""

from pulumi_policy import EnforcementLevel

from policy.resource import Resource, Stack, at, parsed
from policy.rule import HIGH, LOW, MEDIUM, Complaints, rule

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
CERTIFICATE = "aws:acm/certificate:Certificate"
EXPERIMENT = "aws:fis/experimentTemplate:ExperimentTemplate"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
HEALTH_CHECK_USERS = (ALARM, HEALTH_CHECK, "aws:route53/record:Record")

DAYS: dict[str, dict[str, object]] = {"days": {"type": "integer", "minimum": 1, "default": 30}}


@rule(
    LOG_GROUP,
    severity=MEDIUM,
    frameworks=("CKV_AWS_66", "CKV_AWS_338", "WA COST04-BP05"),
    mend="set retentionInDays",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-16",
    themes=("cost",),
    parameters=DAYS,
    remediate=lambda group, days: {"retentionInDays": days},
)
def a_log_group_has_a_retention(group: Resource, days: int) -> Complaints:
    """Logs without a retention cost more every month; with too short a one they are gone when needed."""
    if not (kept := group["retentionInDays"]):
        yield "keeps its logs for ever"
    elif kept < days:
        yield f"keeps its logs for {kept:g} days; {days:g} are asked for"


@rule(
    ALARM,
    severity=MEDIUM,
    frameworks=("CKV_AWS_319", "WA OPS08-BP04"),
    mend="set alarmActions to a topic that somebody reads",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html#cloudwatch-15",
)
def an_alarm_tells_somebody(alarm: Resource, stack: Stack) -> Complaints:
    """An alarm that neither acts nor is looked at by anything else of the stack goes off unheard."""
    if not alarm["alarmActions"] and not stack.users(alarm):
        yield "tells nobody"


@rule(
    ALARM,
    severity=MEDIUM,
    frameworks=("WA OPS08-BP04",),
    mend="set treatMissingData: breaching where silence is a fault, notBreaching where nothing was counted",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html",
)
def an_alarm_says_what_silence_means(alarm: Resource) -> Complaints:
    """Left to the default, an alarm of something that died stays in the state that it had."""
    if not alarm["treatMissingData"]:
        yield "does not say what missing data means"


@rule(
    QUEUE,
    severity=MEDIUM,
    frameworks=("WA OPS08-BP04",),
    mend="add an alarm on ApproximateAgeOfOldestMessage of the queue",
    url="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
)
def each_queue_alarms_when_messages_grow_old(queue: Resource, stack: Stack) -> Complaints:
    """Where nobody fetches nothing fails, and no queue for what failed ever fills."""
    works = stack.behind(queue, "redrivePolicy", QUEUE) or _aside(queue)
    alarms = [*stack.users(queue, "dimensions", ALARM), *stack.users(queue, "metricQueries", ALARM)]
    if works and not any("AgeOfOldest" in metric for alarm in alarms for metric in _metrics(alarm)):
        yield "alarms nobody when its messages wait too long"


@rule(
    FUNCTION,
    severity=MEDIUM,
    frameworks=("WA OPS08-BP02",),
    mend="declare the aws.cloudwatch.LogGroup /aws/lambda/NAME, or one of another name in loggingConfig",
    url="https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html",
)
def each_function_logs_to_a_group_of_the_stack(function: Resource, stack: Stack) -> Complaints:
    """Lambda makes a group itself where there is none, which keeps for ever and belongs to nobody."""
    named = f"/aws/lambda/{function['name']}"
    own = any(
        one["name"] == named or stack.uses(function, "loggingConfig", one) for one in stack.all(LOG_GROUP)
    )
    if not own:
        yield "logs to a group that the stack does not declare"


@rule(
    TOPIC,
    severity=HIGH,
    frameworks=("WA OPS08-BP04",),
    mend="add an aws.sns.TopicSubscription: of a pager, a chat, or an address that is read",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html",
    level=EnforcementLevel.ADVISORY,
)
def each_topic_of_alarms_has_a_reader(topic: Resource, stack: Stack) -> Complaints:
    """An alarm that is published to a topic without a subscription has told nobody."""
    alarmed = stack.users(topic, "alarmActions", ALARM, COMPOSITE)
    if alarmed and not stack.users(topic, "topic", SUBSCRIPTION):
        yield f"is told of alarms, {len(alarmed)} in all, and has no subscription in the stack"


@rule(
    DASHBOARD,
    severity=LOW,
    frameworks=("WA OPS08-BP05",),
    mend="write dashboardBody with json.dumps, and give every metric widget its region",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html",
)
def a_dashboard_can_be_drawn(dashboard: Resource) -> Complaints:
    """CloudWatch takes a body that it draws empty, which is found out in the middle of the night."""
    body = dashboard.document("dashboardBody")
    widgets = at(body, "widgets") or []
    if not widgets:
        yield "draws nothing: its body is no JSON, or has no widgets"
    for one in widgets:
        if one.get("type") == "metric" and not at(one, "properties.region"):
            yield f"has a widget without a region: '{at(one, 'properties.title') or 'untitled'}'"


@rule(
    CERTIFICATE,
    severity=HIGH,
    frameworks=("FSBP ACM.1",),
    mend="set validationMethod to DNS, or add an alarm on DaysToExpiry of the certificate",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/acm-controls.html#acm-1",
)
def a_certificate_renews_itself_or_alarms(certificate: Resource, stack: Stack) -> Complaints:
    """ACM renews what it can validate by DNS; whatever else expires takes the site with it."""
    if certificate.given("validationMethod") != "DNS" and not certificate.given("certificateAuthorityArn"):
        alarms = stack.users(certificate, "dimensions", ALARM)
        if not any("DaysToExpiry" in _metrics(alarm) for alarm in alarms):
            yield "expires with nobody told: ACM cannot renew it by itself"


@rule(
    HEALTH_CHECK,
    severity=MEDIUM,
    frameworks=("WA OPS08-BP04", "WA REL11-BP01"),
    mend="add an alarm on HealthCheckStatus of the check, or give the check to a record",
    url="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html",
)
def each_health_check_is_listened_to(check: Resource, stack: Stack) -> Complaints:
    """A check that neither an alarm nor a name asks finds the outage, and keeps it to itself."""
    if not stack.users(check, "", *HEALTH_CHECK_USERS):
        yield "is asked by no alarm and no record"


@rule(
    EXPERIMENT,
    severity=HIGH,
    frameworks=("WA REL12-BP04",),
    mend="give stopConditions an alarm of what users feel, with source aws:cloudwatch:alarm",
    url="https://docs.aws.amazon.com/fis/latest/userguide/stop-conditions.html",
)
def an_experiment_stops_when_it_hurts(experiment: Resource) -> Complaints:
    """An experiment that nothing stops is an outage that was planned."""
    if all(one.get("source") == "none" for one in experiment.many("stopConditions")):
        yield "has no stop condition"


@rule(
    EXPERIMENT,
    severity=LOW,
    frameworks=("WA REL12-BP04",),
    mend="set logConfiguration to a log group or a bucket",
    url="https://docs.aws.amazon.com/fis/latest/userguide/monitoring-logging.html",
)
def an_experiment_is_written_down(experiment: Resource) -> Complaints:
    """Without a log nobody can tell afterwards what was broken when, and what was merely chance."""
    if not experiment["logConfiguration"]:
        yield "leaves no log"


def _aside(queue: Resource) -> object:
    """Where a queue puts what failed, if that is written in it: only queues that work have such a place."""
    return at(parsed(queue.given("redrivePolicy")), "deadLetterTargetArn")


def _metrics(alarm: Resource) -> list[str]:
    """Names of the metrics that an alarm looks at."""
    queried = (at(query, "metric.metricName") for query in alarm.many("metricQueries"))
    return [name for name in (alarm["metricName"], *queried) if name]
