"""Alarms, logs and experiments of the world, and what breaks each rule about seeing."""

from tests.policy.world import Json, Made, Ref, change, remove

LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
FUNCTION = "aws:lambda/function:Function"
QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
CERTIFICATE = "aws:acm/certificate:Certificate"
EXPERIMENT = "aws:fis/experimentTemplate:ExperimentTemplate"
HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"
TAGS = {"owner": "shop", "stack": "shop-prod"}

WIDGET = {"type": "metric", "properties": {"title": "Orders", "region": "us-east-1", "metrics": []}}

WORLD = [
    Made(LOG_GROUP, "pay", {"name": "/aws/lambda/pay", "retentionInDays": 30, "tags": TAGS}),
    Made(
        FUNCTION,
        "pay",
        {
            "name": "pay",
            "architectures": ["arm64"],
            "deadLetterConfig": {"targetArn": Ref(QUEUE, "aside")},
            "tags": TAGS,
        },
    ),
    Made(
        ALARM,
        "late",
        {
            "metricName": "ApproximateAgeOfOldestMessage",
            "dimensions": {"QueueName": Ref(QUEUE, "orders", "name")},
            "alarmActions": [Ref(TOPIC, "alerts")],
            "treatMissingData": "notBreaching",
            "tags": TAGS,
        },
    ),
    Made(
        SUBSCRIPTION,
        "alerts",
        {
            "topic": Ref(TOPIC, "alerts"),
            "protocol": "https",
            "redrivePolicy": Json({"deadLetterTargetArn": Ref(QUEUE, "aside")}),
        },
    ),
    Made(DASHBOARD, "shop", {"dashboardBody": Json({"widgets": [WIDGET]})}),
    Made(CERTIFICATE, "shop", {"domainName": "shop.example", "validationMethod": "DNS", "tags": TAGS}),
    Made(HEALTH_CHECK, "shop", {"type": "HTTPS", "fqdn": "shop.example", "tags": TAGS}),
    Made(
        ALARM,
        "away",
        {
            "metricName": "HealthCheckStatus",
            "dimensions": {"HealthCheckId": Ref(HEALTH_CHECK, "shop", "id")},
            "alarmActions": [Ref(TOPIC, "alerts")],
            "treatMissingData": "breaching",
            "tags": TAGS,
        },
    ),
    Made(
        EXPERIMENT,
        "monkey",
        {
            "stopConditions": [{"source": "aws:cloudwatch:alarm", "value": Ref(ALARM, "late")}],
            "logConfiguration": {
                "cloudwatchLogsConfiguration": {"logGroupArn": Ref(LOG_GROUP, "pay")},
                "logSchemaVersion": 2,
            },
            "tags": TAGS,
        },
    ),
]

MUTATIONS = {
    "a_log_group_has_a_retention": change(LOG_GROUP, "pay", "retentionInDays", None),
    "an_alarm_tells_somebody": change(ALARM, "aside", "alarmActions", None),
    "an_alarm_says_what_silence_means": change(ALARM, "late", "treatMissingData", None),
    "each_queue_alarms_when_messages_grow_old": change(
        ALARM, "late", "metricName", "NumberOfMessagesSent", blame=(QUEUE, "orders")
    ),
    "each_function_logs_to_a_group_of_the_stack": change(
        LOG_GROUP, "pay", "name", "pay", blame=(FUNCTION, "pay")
    ),
    "each_topic_of_alarms_has_a_reader": remove(SUBSCRIPTION, "alerts", blame=(TOPIC, "alerts")),
    "a_dashboard_can_be_drawn": change(DASHBOARD, "shop", "dashboardBody", "{'widgets': []}"),
    "a_certificate_renews_itself_or_alarms": change(CERTIFICATE, "shop", "validationMethod", "EMAIL"),
    "each_health_check_is_listened_to": remove(ALARM, "away", blame=(HEALTH_CHECK, "shop")),
    "an_experiment_stops_when_it_hurts": change(EXPERIMENT, "monkey", "stopConditions", [{"source": "none"}]),
    "an_experiment_is_written_down": change(EXPERIMENT, "monkey", "logConfiguration", None),
}
