"""The load that a part of a system may have, watched from one second to the next."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs

PERIOD_SECONDS = 10
"""The shortest that an alarm looks at: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
SILENT_MINUTES = 3


class LoadThresholdArgs(ComponentArgs):
    namespace: pulumi.Input[str]
    """CloudWatch's namespace of the metric."""
    metric_name: str
    """A metric of requests a second, without dimensions, that is told each second at a resolution of one."""
    threshold: NotRequired[float]
    """Requests a second that are too many. Default 1000."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when nothing is measured any more: the load itself is what others act on.
    Default: none."""


class LoadThreshold(Component):
    """An alarm that goes off within some ten seconds of too much load, and one for when nobody measures."""

    alarm_arn: pulumi.Output[str]
    """The alarm for too much load."""

    def __init__(
        self, name: str, args: LoadThresholdArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if (threshold := args.get("threshold", 1000)) <= 0:
            self.reject("threshold", threshold, "over 0")

        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name}: over {threshold:g} requests a second for {PERIOD_SECONDS} s",
            namespace=args["namespace"],
            metric_name=args["metric_name"],
            statistic="Average",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanThreshold",
            threshold=threshold,
            treat_missing_data="missing",  # nobody knows: neither is it hot, nor has it cooled down
            opts=self.child,
        )
        actions = args.get("alarm_actions", [])
        aws.cloudwatch.MetricAlarm(
            f"{name}-silence",
            alarm_description=f"{name}: {args['metric_name']} is not measured",
            namespace=args["namespace"],
            metric_name=args["metric_name"],
            statistic="SampleCount",
            period=60,
            evaluation_periods=SILENT_MINUTES,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=actions,
            ok_actions=actions,
            opts=self.child,
        )

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})
