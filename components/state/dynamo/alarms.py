"""What is wrong with a table, as CloudWatch sees it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
"""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

REFUSED = ("ReadThrottleEvents", "WriteThrottleEvents")
BEHIND_MILLISECONDS = 60_000
"""A replica is about a second behind when all is well."""


def alarms(
    owner: Component, table_name: pulumi.Output[str], args: Mapping[str, Any]
) -> pulumi.Output[Mapping[str, str]]:
    """An alarm for requests that are refused, and one for each region that is behind: the ARNs."""
    shared: Any = {
        "comparison_operator": "GreaterThanThreshold",
        "treat_missing_data": "notBreaching",  # nothing was refused, or written
        "alarm_actions": args.get("alarm_actions", []),
        "ok_actions": args.get("alarm_actions", []),
        "opts": owner.child,
    }
    metrics = [_counted(id, metric, table_name) for id, metric in zip("rw", REFUSED, strict=True)]
    together: Any = {
        "id": "refused",
        "expression": "FILL(r, 0) + FILL(w, 0)",
        "label": f"{owner.name}: requests refused",
        "return_data": True,
    }
    made = {
        "refused": aws.cloudwatch.MetricAlarm(
            f"{owner.name}-refused",
            alarm_description=f"{owner.name} refuses requests: a key is too busy, or its capacity is used up",
            metric_queries=[*metrics, together],
            threshold=0,
            evaluation_periods=3,
            **shared,
        )
    }
    for region in args.get("replicas", ()):
        made[f"behind-{region}"] = aws.cloudwatch.MetricAlarm(
            f"{owner.name}-behind-{region}",
            alarm_description=f"{region} is more than {BEHIND_MILLISECONDS // 1000} s behind in {owner.name}",
            namespace="AWS/DynamoDB",
            metric_name="ReplicationLatency",
            dimensions={"TableName": table_name, "ReceivingRegion": region},
            statistic="Average",
            period=60,
            threshold=BEHIND_MILLISECONDS,
            evaluation_periods=5,
            **shared,
        )
    return pulumi.Output.all(**{role: alarm.arn for role, alarm in made.items()})


def _counted(id: str, metric: str, table_name: pulumi.Output[str]) -> Any:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/DynamoDB",
            "metric_name": metric,
            "dimensions": {"TableName": table_name},
            "stat": "Sum",
            "period": 60,
        },
        "return_data": False,
    }
