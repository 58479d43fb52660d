"""What viewers are promised of a stream, measured."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.widgets import alarmed, body, status
from components.edge.firewall import GLOBAL_REGION

SIX_HOURS = 6 * 3600
"""How often AWS tells what was spent:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/monitor_estimated_charges_with_cloudwatch.html."""


class Objectives(TypedDict):
    """Four promises."""

    video_start_ms: int
    """Milliseconds from the click to the first picture, in 99 streams of 100."""
    rebuffer_percent: float
    """Time that pictures stand, of the time that they move, in percent: at most."""
    uhd_percent: float
    """Bytes of pictures in 4K, of all bytes, in percent: at least."""
    usd_per_gigabyte: float
    """What CloudFront may cost for a gigabyte that players have fetched, from edges and caches alike."""


class PlaybackObjectivesArgs(ComponentArgs):
    namespace: pulumi.Input[str]
    """Namespace of the players' metrics (Beacon.namespace)."""
    objectives: Objectives
    """What is promised."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics in us-east-1 that are told when a promise is not kept. Default: none."""


class PlaybackObjectives(Component):
    """An alarm for each of four promises, and a dashboard that shows them.

    They are in us-east-1, where CloudFront's metrics and the account's charges are. The cost needs billing
    alerts, which an account must be asked for once, and is that of all its distributions; machines are in a
    Budget.
    """

    alarm_arns: pulumi.Output[Mapping[str, str]]
    """By promise: video-start, rebuffer, quality, cost."""
    dashboard_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PlaybackObjectivesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        wanted = args["objectives"]
        self._check(wanted)
        shared: Any = {
            "alarm_actions": args.get("alarm_actions", []),
            "ok_actions": args.get("alarm_actions", []),
            "treat_missing_data": "notBreaching",  # nobody watches
            "region": GLOBAL_REGION,
            "opts": self.child,
        }
        lasting: Any = {"evaluation_periods": 3, "datapoints_to_alarm": 3}

        start = aws.cloudwatch.MetricAlarm(
            f"{name}-video-start",
            alarm_description=f"Streams begin later than {wanted['video_start_ms']} ms (p99)",
            namespace=args["namespace"],
            metric_name="VideoStart",
            extended_statistic="p99",
            evaluate_low_sample_count_percentiles="ignore",
            period=300,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=wanted["video_start_ms"],
            **lasting,
            **shared,
        )
        rebuffer = aws.cloudwatch.MetricAlarm(
            f"{name}-rebuffer",
            alarm_description=f"Pictures stand for {wanted['rebuffer_percent']} % of the time or more",
            metric_queries=[
                *_sums(args["namespace"], 300, stalled="Stalled", watched="Watched"),
                _result("100 * stalled / watched", "percent of the time that pictures stand"),
            ],
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=wanted["rebuffer_percent"],
            **lasting,
            **shared,
        )
        quality = aws.cloudwatch.MetricAlarm(
            f"{name}-quality",
            alarm_description=f"Less than {wanted['uhd_percent']} % of bytes are 4K, for three hours",
            metric_queries=[
                *_sums(args["namespace"], 3600, uhd="BytesIn4K", all="Bytes"),
                _result("100 * FILL(uhd, 0) / all", "percent of bytes in 4K"),
            ],
            comparison_operator="LessThanThreshold",
            threshold=wanted["uhd_percent"],
            **lasting,
            **shared,
        )
        charges: Any = {
            "namespace": "AWS/Billing",
            "metric_name": "EstimatedCharges",
            "dimensions": {"Currency": "USD", "ServiceName": "AmazonCloudFront"},
            "stat": "Maximum",
            "period": SIX_HOURS,
        }
        cost = aws.cloudwatch.MetricAlarm(
            f"{name}-cost",
            alarm_description=f"A gigabyte costs more than {wanted['usd_per_gigabyte']} USD, for a day",
            metric_queries=[
                {"id": "charges", "metric": charges, "return_data": False},
                *_sums(args["namespace"], SIX_HOURS, bytes="Bytes"),
                # Charges add up until the month ends, and begin again at nothing.
                _result("IF(DIFF(charges) > 0, DIFF(charges), 0) / (bytes / 1000000000)", "USD a gigabyte"),
            ],
            comparison_operator="GreaterThanThreshold",
            threshold=wanted["usd_per_gigabyte"],
            evaluation_periods=4,
            datapoints_to_alarm=4,
            **shared,
        )

        alarms = {
            "video-start": start.arn,
            "rebuffer": rebuffer.arn,
            "quality": quality.arn,
            "cost": cost.arn,
        }
        self.alarm_arns = pulumi.Output.all(**alarms)
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=f"{pulumi.get_stack()}-{name}",
            dashboard_body=pulumi.Output.json_dumps(self.alarm_arns.apply(_shown)),
            region=GLOBAL_REGION,
            opts=self.child,
        )

        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"alarm_arns": self.alarm_arns, "dashboard_name": self.dashboard_name})

    def _check(self, wanted: Objectives) -> None:
        if wanted["video_start_ms"] < 1:
            self.reject("objectives.video_start_ms", wanted["video_start_ms"], "at least 1")
        for key in ("rebuffer_percent", "uhd_percent"):
            if not 0 < wanted[key] < 100:
                self.reject(f"objectives.{key}", wanted[key], "over 0 and under 100")
        if wanted["usd_per_gigabyte"] <= 0:
            self.reject("objectives.usd_per_gigabyte", wanted["usd_per_gigabyte"], "over 0")


TITLES = {
    "video-start": "Video start, p99",
    "rebuffer": "Rebuffer rate",
    "quality": "4K share of traffic",
    "cost": "USD a GB",
}


def _shown(alarms: Mapping[str, str]) -> dict[str, Any]:
    graphs = [alarmed(title, alarms[key]) for key, title in TITLES.items()]
    return body([("Now", [status("Promises", list(alarms.values()))]), ("Promises", graphs)])


def _sums(namespace: pulumi.Input[str], period: int, **metrics: str) -> list[Any]:
    """Metrics that an expression names by their ids."""
    return [
        {
            "id": id,
            "metric": {"namespace": namespace, "metric_name": metric, "stat": "Sum", "period": period},
            "return_data": False,
        }
        for id, metric in metrics.items()
    ]


def _result(expression: str, label: str) -> Any:
    return {"id": "result", "expression": expression, "label": label, "return_data": True}
