"""CloudWatch: logs, alarms, dashboards, and EventBridge rules (the provider keeps them in this module)."""

import json
from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given


@creates("aws:cloudwatch/logGroup:LogGroup")
def log_group(new: New) -> Made:
    logs = new.client("logs")
    name = new.name
    request = given(
        logGroupName=name, kmsKeyId=new.get("kmsKeyId"), logGroupClass=new.get("logGroupClass"), tags=new.tags
    )
    logs.create_log_group(**request)
    if new.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=new["retentionInDays"])
    return name, {
        "arn": new.arn("logs", f"log-group:{name}"),
        "name": name,
        "logGroupClass": new.get("logGroupClass", "STANDARD"),
        "retentionInDays": new.get("retentionInDays", 0),
    }


@creates("aws:cloudwatch/logStream:LogStream")
def log_stream(new: New) -> Made:
    name, group = new.name, new["logGroupName"]
    new.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return name, {"arn": new.arn("logs", f"log-group:{group}:log-stream:{name}"), "name": name}


@creates("aws:cloudwatch/logResourcePolicy:LogResourcePolicy")
def log_resource_policy(new: New) -> Made:
    name, text = new["policyName"], document(new["policyDocument"])
    new.client("logs").put_resource_policy(policyName=name, policyDocument=text)
    return name, {"policyDocument": text}


@creates("aws:cloudwatch/logMetricFilter:LogMetricFilter")
def log_metric_filter(new: New) -> Made:
    logs = new.client("logs")
    name = new.name
    change = new.first("metricTransformation")
    names = {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
    request = given(
        logGroupName=new["logGroupName"],
        filterName=name,
        filterPattern=new["pattern"].strip() or " ",
        metricTransformations=[
            shapes.fit_member(logs, "put_metric_filter", "metricTransformations", change, names)
        ],
    )
    logs.put_metric_filter(**request)
    return name, {"name": name}


ALARM = {
    "name": "AlarmName",
    "alarmActions": "AlarmActions",
    "okActions": "OKActions",
    "metricQueries": "Metrics",
    "metricQueries.metric": "MetricStat",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
}


@creates("aws:cloudwatch/metricAlarm:MetricAlarm")
def metric_alarm(new: New) -> Made:
    client = new.client("cloudwatch")
    name = new.name
    inputs = {**new.inputs, "name": name}
    if new.get("metricQueries"):
        inputs["metricQueries"] = [_metric_query(query) for query in new["metricQueries"]]
    request = shapes.fit(client, "put_metric_alarm", inputs, {**ALARM, "region": None})
    shapes.validate(client, "put_metric_alarm", request)
    client.put_metric_alarm(**request)
    return name, {
        "arn": new.arn("cloudwatch", f"alarm:{name}"),
        "name": name,
        "actionsEnabled": new.get("actionsEnabled", True),
        "treatMissingData": new.get("treatMissingData", "missing"),
        "evaluateLowSampleCountPercentiles": new.get("evaluateLowSampleCountPercentiles", ""),
    }


def _metric_query(query: dict[str, Any]) -> dict[str, Any]:
    """The API keeps what is measured apart from how."""
    metric = query.get("metric")
    if not metric:
        return query
    how = {key: metric[key] for key in ("period", "stat", "unit") if key in metric}
    what = {key: value for key, value in metric.items() if key not in how}
    return {**query, "metric": {**how, "metric": what}}


@creates("aws:cloudwatch/compositeAlarm:CompositeAlarm")
def composite_alarm(new: New) -> Made:
    rename = {"actionsSuppressor": None, "okActions": "OKActions"}
    suppressor = new.first("actionsSuppressor")
    more = given(
        ActionsSuppressor=suppressor.get("alarm"),
        ActionsSuppressorExtensionPeriod=suppressor.get("extensionPeriod"),
        ActionsSuppressorWaitPeriod=suppressor.get("waitPeriod"),
    )
    new.simulate(
        "cloudwatch", "put_composite_alarm", new.fit("cloudwatch", "put_composite_alarm", rename, **more)
    )
    name = new["alarmName"]
    return name, {
        "arn": new.arn("cloudwatch", f"alarm:{name}"),
        "actionsEnabled": new.get("actionsEnabled", True),
    }


@creates("aws:cloudwatch/dashboard:Dashboard")
def dashboard(new: New) -> Made:
    name = new["dashboardName"]
    body = document(new["dashboardBody"])
    new.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=json.dumps(json.loads(body)))
    return name, {"dashboardArn": new.arn("cloudwatch", f"dashboard/{name}", region="")}


@creates("aws:cloudwatch/eventRule:EventRule")
def event_rule(new: New) -> Made:
    rename = {"isEnabled": None, "forceDestroy": None, "name": None, "namePrefix": None, "eventPattern": None}
    state = new.get("state") or ("DISABLED" if new.get("isEnabled") is False else "ENABLED")
    name = new.name
    pattern = document(new["eventPattern"]) if new.get("eventPattern") else None
    request = new.fit("events", "put_rule", rename, Name=name, EventPattern=pattern)
    arn = new.client("events").put_rule(**{**request, "State": state})["RuleArn"]
    bus = new.get("eventBusName", "default")
    id = name if bus == "default" else f"{bus}/{name}"
    return id, {"arn": arn, "name": name, "eventBusName": bus, "state": state}


TARGET = {
    "targetId": "Id",
    "appsyncTarget": "AppSyncParameters",
    "batchTarget": "BatchParameters",
    "ecsTarget": "EcsParameters",
    "httpTarget": "HttpParameters",
    "kinesisTarget": "KinesisParameters",
    "redshiftTarget": "RedshiftDataParameters",
    "sagemakerPipelineTarget": "SageMakerPipelineParameters",
    "sqsTarget": "SqsParameters",
    "ecsTarget.networkConfiguration": None,
    "inputTransformer.inputPaths": "InputPathsMap",
    "retryPolicy.maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
    "graphqlOperation": "GraphQLOperation",
    "orderedPlacementStrategies": "PlacementStrategy",
    "runCommandTargets": None,
    "batchTarget.arraySize": None,
    "batchTarget.jobAttempts": None,
    **{key: None for key in ("rule", "eventBusName", "region", "forceDestroy")},
}


@creates("aws:cloudwatch/eventTarget:EventTarget")
def event_target(new: New) -> Made:
    client = new.client("events")
    id = new.get("targetId") or new.auto_name
    target: dict[str, Any] = {
        **shapes.fit_member(client, "put_targets", "Targets", new.inputs, TARGET),
        "Id": id,
    }
    network = new.first("ecsTarget").get("networkConfiguration")
    if network:
        public = {"AssignPublicIp": "ENABLED" if network.get("assignPublicIp") else "DISABLED"}
        lists = shapes.pascal(
            {key: network[key] for key in ("subnets", "securityGroups") if network.get(key)}
        )
        target["EcsParameters"]["NetworkConfiguration"] = {"awsvpcConfiguration": {**lists, **public}}
    if new.get("runCommandTargets"):
        target["RunCommandParameters"] = {"RunCommandTargets": shapes.pascal(new["runCommandTargets"])}
    rule, bus = new["rule"], new.get("eventBusName", "default")
    client.put_targets(Rule=rule, EventBusName=bus, Targets=[target])
    return f"{rule}-{id}", {"targetId": id, "eventBusName": bus}
