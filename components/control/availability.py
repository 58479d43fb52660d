"""How often a service must answer, as an alarm."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class AvailabilityArgs(ComponentArgs):
    load_balancer_dimension: pulumi.Input[str]
    """The LoadBalancer dimension of the service's metrics (AutoScalingService.load_balancer_dimension)."""
    percent: float
    """Objective: answers of 100 that are not the service's own errors (5xx), 99.95 for example."""
    minutes: NotRequired[int]
    """Minutes in a row that it may be missed before the alarm goes off. Default 3."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told. Default: none."""


class Availability(Component):
    """An alarm for a load-balanced service that fails more of its requests than its objective allows.

    Both the machines' errors and the balancer's own count; a minute without requests is a good one.
    """

    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AvailabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not 0 < args["percent"] < 100:
            self.reject("percent", args["percent"], "over 0 and under 100, since something always fails")
        minutes = args.get("minutes", 3)
        counts = {
            "requests": "RequestCount",
            "refused": "HTTPCode_ELB_5XX_Count",
            "failed": "HTTPCode_Target_5XX_Count",
        }
        queries: Any = [
            *(_count(id, metric, args["load_balancer_dimension"]) for id, metric in counts.items()),
            {
                "id": "failing",
                "expression": "100 * (FILL(refused, 0) + FILL(failed, 0)) / requests",
                "label": f"{name}: percent of requests that fail",
                "return_data": True,
            },
        ]
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name} fails more requests than its {args['percent']} % objective allows",
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=round(100 - args["percent"], 6),
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="notBreaching",
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})


def _count(id: str, metric: str, load_balancer: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/ApplicationELB",
            "metric_name": metric,
            "dimensions": {"LoadBalancer": load_balancer},
            "stat": "Sum",
            "period": 60,
        },
        "return_data": False,
    }
