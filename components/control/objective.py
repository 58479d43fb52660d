"""Objectives of availability: the percent that may fail, and the alarm for more."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class AlarmArgs(ComponentArgs):
    minutes: NotRequired[int]
    """Minutes in a row that an objective may be missed before its alarm goes off. Default 3."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told, in the alarm's own region. Default: none."""


class ObjectiveArgs(AlarmArgs):
    percent: float
    """Objective: answers of 100 that are good, 99.95 for example."""


class Metric(TypedDict):
    """One of CloudWatch's metrics, minute by minute."""

    namespace: pulumi.Input[str]
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    stat: str


def objective_alarm(
    owner: Component,
    args: ObjectiveArgs,
    metrics: Mapping[str, Metric],
    failing: str,
    region: str | None = None,
    role: str = "",
) -> aws.cloudwatch.MetricAlarm:
    """An alarm of `owner` for when `failing`, math over `metrics` that gives a percentage, is more than the
    objective leaves.

    It compares with the objective itself, minute by minute, and not with a month's budget at some burn rate:
    it also stops experiments, which must end before users lose a budget to them. `role`: which of its
    owner's objectives it is, where there are several.
    """
    if not 0 < args["percent"] < 100:
        owner.reject("percent", args["percent"], "over 0 and under 100, since something always fails")
    if not 1 <= (minutes := args.get("minutes", 3)) <= 1440:
        owner.reject("minutes", minutes, "1 to 1440")
    name = f"{owner.name}-{role}" if role else owner.name
    label = f"{name}: percent that fails"
    queries: Any = [
        *(query(id, metric) for id, metric in metrics.items()),
        {"id": "failing", "expression": failing, "label": label, "return_data": True},
    ]
    return aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"{name}: more fails than its objective of {args['percent']} % allows, "
        f"for {minutes} min in a row",
        metric_queries=queries,
        comparison_operator="GreaterThanThreshold",
        threshold=round(100 - args["percent"], 6),
        evaluation_periods=minutes,
        datapoints_to_alarm=minutes,
        treat_missing_data="notBreaching",  # a minute without requests is a good one
        alarm_actions=args.get("alarm_actions", []),
        ok_actions=args.get("alarm_actions", []),
        region=region,
        opts=owner.child,
    )


def query(id: str, metric: Metric) -> dict[str, Any]:
    """A metric that an alarm's expression names by its id."""
    return {
        "id": id,
        "metric": {
            "namespace": metric["namespace"],
            "metric_name": metric["name"],
            "dimensions": metric["dimensions"],
            "stat": metric["stat"],
            "period": 60,
        },
        "return_data": False,
    }
