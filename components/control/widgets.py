"""The body of a CloudWatch dashboard.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = 24
HEIGHT = 6

Widget = dict[str, Any]
Line = list[Any]
"""A metric as a graph has it: namespace, name, dimension, value, dimension, value…, {how}."""


def body(rows: Sequence[tuple[str, Sequence[Widget]]]) -> dict[str, Any]:
    """Rows of widgets of one width under their titles, from top to bottom. A row without widgets is left
    out."""
    widgets: list[Widget] = []
    y = 0
    for title, row in rows:
        if not row:
            continue
        text = {"type": "text", "properties": {"markdown": f"## {title}"}}
        widgets.append({**text, "x": 0, "y": y, "width": COLUMNS, "height": 1})
        y += 1
        width = COLUMNS // min(len(row), 4)
        for number, widget in enumerate(row):
            down, right = divmod(number, 4)
            place = {"x": right * width, "y": y + down * HEIGHT, "width": width, "height": HEIGHT}
            widgets.append({**widget, **place})
        y += HEIGHT * -(-len(row) // 4)
    return {"widgets": widgets}


def status(title: str, alarm_arns: Sequence[str]) -> Widget:
    """Which of some alarms are on, those of other regions too."""
    return {"type": "alarm", "properties": {"title": title, "alarms": list(alarm_arns)}}


def alarmed(title: str, alarm_arn: str) -> Widget:
    """What a metric alarm measures, and the line that it must not cross."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "annotations": {"alarms": [alarm_arn]},
            "region": alarm_arn.split(":")[3],
        },
    }


def graph(title: str, region: str, lines: Sequence[Line], stat: str) -> Widget:
    """Some metrics over time, minute by minute."""
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "view": "timeSeries",
            "stacked": False,
            "region": region,
            "period": 60,
            "stat": stat,
            "metrics": [list(line) for line in lines],
        },
    }


def healthy(region: str, zone: str, fleets: Mapping[str, Mapping[str, str]]) -> Widget:
    """The healthy machines of each fleet in a zone."""
    lines: list[Line] = [
        [*_metric("HealthyHostCount", fleet, True), "AvailabilityZone", zone, {"label": name}]
        for name, fleet in fleets.items()
    ]
    return graph(f"Healthy machines in {zone}", region, lines, "Minimum")


def traffic(region: str, fleets: Mapping[str, Mapping[str, str]]) -> list[Widget]:
    """What is asked of each fleet, how long it takes, and what it fails."""
    shown = {
        "Requests a minute": ("RequestCount", "Sum"),
        "Seconds, p99": ("TargetResponseTime", "p99"),
        "Failures (5xx) a minute": ("HTTPCode_Target_5XX_Count", "Sum"),
    }
    return [
        graph(
            title,
            region,
            [[*_metric(metric, fleet), {"label": name}] for name, fleet in fleets.items()],
            stat,
        )
        for title, (metric, stat) in shown.items()
        if fleets
    ]


def _metric(metric: str, fleet: Mapping[str, str], by_target: bool = False) -> Line:
    group = ["TargetGroup", fleet["target_group_dimension"]] if by_target else []
    return ["AWS/ApplicationELB", metric, *group, "LoadBalancer", fleet["load_balancer_dimension"]]
