"""Machines that are there before a load that was to be expected."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component

MODES = ("ForecastAndScale", "ForecastOnly")
LONGEST_SECONDS = 3600


class Predictive(TypedDict):
    """A forecast of each hour of the next two days, out of up to two weeks of the past, the first of which
    takes a day: https://docs.aws.amazon.com/autoscaling/ec2/userguide/predictive-scaling-policy-overview.html."""

    buffer_seconds: NotRequired[int]
    """How long before a load is forecast its machines are started, under 3600. Default 1800."""
    mode: NotRequired[str]
    """ForecastAndScale, or ForecastOnly to look at it first. Default ForecastAndScale."""


def forecast(
    owner: Component, group_name: pulumi.Input[str], predictive: Predictive, cpu_percent: int
) -> None:
    """Let a group of `owner`, "<name>-forecast", grow ahead of what its CPU needed before. Besides, it still
    follows its load: the larger of the two counts."""
    seconds = predictive.get("buffer_seconds", 1800)
    if not 0 <= seconds < LONGEST_SECONDS:
        owner.reject(
            "predictive", seconds, f"at least 0 and under {LONGEST_SECONDS} seconds ahead, as AWS has it"
        )
    mode = predictive.get("mode", MODES[0])
    if mode not in MODES:
        owner.reject("predictive", mode, f"in the mode {' or '.join(MODES)}")
    aws.autoscaling.Policy(
        f"{owner.name}-forecast",
        autoscaling_group_name=group_name,
        policy_type="PredictiveScaling",
        predictive_scaling_configuration={
            "mode": mode,
            "scheduling_buffer_time": str(seconds),
            "max_capacity_breach_behavior": "HonorMaxCapacity",
            "metric_specification": {
                "target_value": cpu_percent,
                "predefined_metric_pair_specification": {"predefined_metric_type": "ASGCPUUtilization"},
            },
        },
        opts=owner.child,
    )
