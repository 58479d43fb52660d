"""What is wrong with a Kafka cluster, as CloudWatch sees it.

https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component

FULL_PERCENT = 85
"""Where AWS tells to act: https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html"""
WRONG = {
    "offline": ("OfflinePartitionsCount", "partitions that nobody can write or read", 0, 1),
    # Brokers that are patched one after another lack their copies for a while.
    "under-replicated": ("UnderReplicatedPartitions", "partitions that lack a copy", 0, 15),
    "disk": ("KafkaDataLogsDiskUsed", f"a broker's disk is more than {FULL_PERCENT} % full", FULL_PERCENT, 5),
}
"""What it is, by a name: the metric, in words, the most that is well, and minutes in a row."""


def alarms(
    owner: Component, cluster_name: pulumi.Output[str], actions: Sequence[pulumi.Input[str]]
) -> pulumi.Output[Mapping[str, str]]:
    """An alarm for each, over all brokers, however many there are: the ARNs."""
    made = {
        role: aws.cloudwatch.MetricAlarm(
            f"{owner.name}-{role}",
            alarm_description=f"{owner.name}: {words}",
            metric_queries=[_worst(metric, cluster_name)],
            comparison_operator="GreaterThanThreshold",
            threshold=most,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="missing",  # a cluster that says nothing is not well either
            alarm_actions=actions,
            ok_actions=actions,
            opts=owner.child,
        )
        for role, (metric, words, most, minutes) in WRONG.items()
    }
    return pulumi.Output.all(**{role: alarm.arn for role, alarm in made.items()})


def _worst(metric: str, cluster_name: pulumi.Output[str]) -> Any:
    """The worst broker's: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html"""
    asked = """SELECT MAX({}) FROM "AWS/Kafka" WHERE "Cluster Name" = '{}'"""
    return {
        "id": "worst",
        "expression": pulumi.Output.format(asked, metric, cluster_name),
        "label": metric,
        "period": 60,
        "return_data": True,
    }
