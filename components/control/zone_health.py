"""Whether a zone still carries its part of every fleet, as an alarm."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.objective import query

MOST_METRICS = 10
"""What the math of one alarm takes:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html"""


class Balanced(TypedDict):
    """A fleet behind a load balancer, as CloudWatch knows it."""

    load_balancer_dimension: pulumi.Input[str]
    """AutoScalingService.load_balancer_dimension."""
    target_group_dimension: pulumi.Input[str]
    """AutoScalingService.target_group_dimension."""


class ZoneHealthArgs(ComponentArgs):
    zone: str
    """The zone, "us-east-1a"."""
    fleets: Mapping[str, Balanced]
    """The fleets that have machines in it, by name; 10 or fewer."""
    least: NotRequired[int]
    """Healthy machines that each fleet must have in the zone. Default 1."""
    minutes: NotRequired[int]
    """Minutes in a row that it may have fewer before the alarm goes off. Default 3."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told. Default: none."""


class ZoneHealth(Component):
    """An alarm for a zone in which some fleet has no healthy machine left.

    A zone of which nothing is heard counts as lost. A zone that is only slow does not: its machines still
    pass their checks, and the objectives of latency tell.
    """

    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ZoneHealthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        fleets, least, minutes = args["fleets"], args.get("least", 1), args.get("minutes", 3)
        if not 1 <= len(fleets) <= MOST_METRICS:
            self.reject("fleets", list(fleets), f"1 to {MOST_METRICS}, as many metrics as an alarm takes")
        for argument, value in (("least", least), ("minutes", minutes)):
            if value < 1:
                self.reject(argument, value, "at least 1")

        ids = {fleet: f"m{number}" for number, fleet in enumerate(sorted(fleets))}
        queries: Any = [
            *(query(ids[fleet], healthy_machines(fleets[fleet], args["zone"])) for fleet in sorted(fleets)),
            {
                "id": "fewest",
                "expression": f"MIN([{', '.join(f'FILL({id}, 0)' for id in ids.values())}])",
                "label": f"{name}: healthy machines of the fleet that has the fewest",
                "return_data": True,
            },
        ]
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"A fleet has fewer than {least} healthy machines in {args['zone']}",
            metric_queries=queries,
            comparison_operator="LessThanThreshold",
            threshold=least,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="breaching",
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})


def healthy_machines(fleet: Balanced, zone: str) -> Any:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html"""
    return {
        "namespace": "AWS/ApplicationELB",
        "name": "HealthyHostCount",
        "dimensions": {
            "LoadBalancer": fleet["load_balancer_dimension"],
            "TargetGroup": fleet["target_group_dimension"],
            "AvailabilityZone": zone,
        },
        "stat": "Minimum",
    }
