"""A database that is written on when the region of its writer is lost."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.procedures import Database, fail_over
from components.control.runbook import Runbook, RunbookArgs

LAG_MS = 60_000
"""A copy is less than a second behind as a rule:
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html"""
UP_SECONDS = 900
"""A copy that has just been made or restarted has no lag to tell yet, and is left alone."""


class DatabaseFailoverArgs(ComponentArgs):
    database: Database
    """The copy that takes over (AuroraMySql.copy), in this component's region."""
    settings: Sequence[str]
    """Names of the parameters in which its clients look for its address, "/<stack>/<client>/<database>"."""
    topic_arn: pulumi.Input[str]
    """Topic that is told (Alerts), in this region."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that the topic is encrypted with. Default: none."""
    minutes: NotRequired[int]
    """Minutes in a row that nothing comes from the writer until the copy takes over. Default 5: what was
    written in the last second may be lost by it, so it must not be done for a hiccup."""


class DatabaseFailover(Component):
    """Promotes the copy of a global database by itself when its writer's region is silent.

    It stands in the copy's region and asks nobody in the other one. Three things must be so at once: the copy
    is over a minute behind, or its lag is no longer measured; not a byte comes from the writer, so it is not
    just busy catching up; and the copy itself is well. A network that is cut between the two regions looks
    the same from here: docs/aurora.md says what that costs, and the way back.
    """

    alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: DatabaseFailoverArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if (minutes := args.get("minutes", 5)) < 1:
            self.reject("minutes", minutes, "at least 1")
        if not args["settings"]:
            self.reject("settings", [], "one parameter or more")

        # Metrics that only a copy has, each in its own region:
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
        database = args["database"]
        source = pulumi.Output.from_input(database["writer_arn"]).apply(lambda arn: arn.split(":")[3])
        copy = {"DBClusterIdentifier": database["copy_id"]}
        between = {**copy, "SourceRegion": source}
        behind = self._alarm(
            "lag",
            minutes,
            {"metric_name": "AuroraGlobalDBProgressLag", "dimensions": between, "statistic": "Minimum"},
            {"comparison_operator": "GreaterThanThreshold", "threshold": LAG_MS},
        )
        silent = self._alarm(
            "silence",
            minutes,
            {"metric_name": "AuroraGlobalDBDataTransferBytes", "dimensions": between, "statistic": "Sum"},
            {"comparison_operator": "LessThanThreshold", "threshold": 1},
        )
        unwell = self._alarm(
            "copy",
            minutes,
            {"metric_name": "EngineUptime", "dimensions": copy, "statistic": "Maximum"},
            {"comparison_operator": "LessThanThreshold", "threshold": UP_SECONDS},
        )
        rule = 'ALARM("{}") AND ALARM("{}") AND OK("{}")'
        alarm = aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=f"{pulumi.get_stack()}-{name}",
            alarm_description=f"{name}: nothing comes from the region of the writer",
            alarm_rule=pulumi.Output.format(rule, behind.arn, silent.arn, unwell.arn),
            alarm_actions=[args["topic_arn"]],
            ok_actions=[args["topic_arn"]],
            opts=self.child,
        )
        runbook: RunbookArgs = {
            **fail_over(database, args["settings"]),
            "alarm_arns": {"silence": alarm.arn},
            "topic_arn": args["topic_arn"],
        }
        if "key_arn" in args:
            runbook["key_arn"] = args["key_arn"]
        Runbook(f"{name}-runbook", runbook, self.child)

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})

    def _alarm(
        self, role: str, minutes: int, what: Mapping[str, Any], limit: Mapping[str, Any]
    ) -> aws.cloudwatch.MetricAlarm:
        """One of the three; what is not heard of is taken for the worst."""
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-{role}",
            alarm_description=f"{what['metric_name']} of the copy: bad, or not heard of",
            namespace="AWS/RDS",
            **what,
            **limit,
            period=60,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data="breaching",
            opts=self.child,
        )
