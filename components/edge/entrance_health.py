"""Whether a region can answer, as DNS sees it."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class EntranceHealthArgs(ComponentArgs):
    load_balancer_dimension: pulumi.Input[str]
    """The LoadBalancer dimension of the region's entrance (Gateway.load_balancer_dimension)."""
    target_group_dimension: pulumi.Input[str]
    """The TargetGroup dimension of its machines (Gateway.target_group_dimension)."""
    minutes: NotRequired[int]
    """Minutes in a row without a healthy machine until the region counts as lost. Default 2."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when the region is lost. Default: none."""


class EntranceHealth(Component):
    """A Route 53 health check of a region's entrance: unhealthy when no machine behind it answers.

    The check is of an alarm, since an entrance that only a CDN may call hears no health checker. Route 53
    takes alarms of one plain metric only, without metric maths or "M out of N". A region whose metrics are
    not seen is lost too; where all are, Route 53 answers with every record, as if all were healthy.
    """

    health_check_id: pulumi.Output[str]
    alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EntranceHealthArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if (minutes := args.get("minutes", 2)) < 1:
            self.reject("minutes", minutes, "at least 1")
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"No machine behind {name} is healthy: DNS sends its clients elsewhere",
            namespace="AWS/ApplicationELB",
            metric_name="HealthyHostCount",
            dimensions={
                "LoadBalancer": args["load_balancer_dimension"],
                "TargetGroup": args["target_group_dimension"],
            },
            statistic="Maximum",  # of the zones: one with machines is enough
            period=60,
            evaluation_periods=minutes,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )
        check = aws.route53.HealthCheck(
            name,
            type="CLOUDWATCH_METRIC",
            cloudwatch_alarm_name=alarm.name,
            cloudwatch_alarm_region=alarm.region,
            insufficient_data_health_status="Unhealthy",
            tags={"Name": name},
            opts=self.child,
        )

        self.health_check_id = check.id
        self.alarm_arn = alarm.arn
        self.register_outputs({"health_check_id": self.health_check_id, "alarm_arn": self.alarm_arn})
