"""Stops the experiments of some templates, and tells a topic which alarms are on. Runs in SSM Automation."""

from typing import Any

import boto3

RUNS = ("pending", "initiating", "running")


def stand_down(events: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    fis, cloudwatch = boto3.client("fis"), boto3.client("cloudwatch")
    stopped: list[str] = []
    left: list[str] = []
    for template in events["Templates"]:
        for page in fis.get_paginator("list_experiments").paginate(experimentTemplateId=template):
            for experiment in page["experiments"]:
                if experiment["state"]["status"] in RUNS:
                    try:
                        fis.stop_experiment(id=experiment["id"])
                        stopped.append(experiment["id"])
                    except fis.exceptions.ClientError as error:  # it may have ended by itself since
                        left.append(f"{experiment['id']}: {error}")
    pages = cloudwatch.get_paginator("describe_alarms").paginate(
        StateValue="ALARM", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    on = sorted(
        alarm["AlarmName"]
        for page in pages
        for kind in ("MetricAlarms", "CompositeAlarms")
        for alarm in page.get(kind, [])
    )
    lines = [
        "Experiments stopped: " + (", ".join(stopped) or "none was running"),
        *(f"Not stopped: {one}" for one in left),
        "Alarms that are on: " + (", ".join(on) or "none any more"),
    ]
    boto3.client("sns").publish(
        TopicArn=events["Topic"], Subject="Runbook done: stand down", Message="\n".join(lines)
    )
    return {"Stopped": stopped}
