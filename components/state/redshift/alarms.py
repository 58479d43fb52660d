"""What is wrong with a warehouse, as CloudWatch sees it.

https://docs.aws.amazon.com/redshift/latest/mgmt/metrics-listing.html
"""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components.component import Component

FULL_PERCENT = 85
WRONG = {
    "unwell": ("HealthStatus", "Minimum", "LessThanThreshold", 1, "does not answer"),
    "disk": (
        "PercentageDiskSpaceUsed",
        "Maximum",
        "GreaterThanThreshold",
        FULL_PERCENT,
        f"is more than {FULL_PERCENT} % full",
    ),
}
"""What it is, by a name: the metric, how it is taken and compared, with what, and in words."""


def alarms(
    owner: Component, cluster_id: pulumi.Output[str], actions: Sequence[pulumi.Input[str]]
) -> pulumi.Output[Mapping[str, str]]:
    """An alarm for each: the ARNs."""
    made = {
        role: aws.cloudwatch.MetricAlarm(
            f"{owner.name}-{role}",
            alarm_description=f"{owner.name} {words}",
            namespace="AWS/Redshift",
            metric_name=metric,
            dimensions={"ClusterIdentifier": cluster_id},
            statistic=statistic,
            period=60,
            comparison_operator=compared,
            threshold=limit,
            evaluation_periods=5,
            treat_missing_data="missing",  # a warehouse that says nothing is not well either
            alarm_actions=actions,
            ok_actions=actions,
            opts=owner.child,
        )
        for role, (metric, statistic, compared, limit, words) in WRONG.items()
    }
    return pulumi.Output.all(**{role: alarm.arn for role, alarm in made.items()})
