"""Whether a region still carries its part, as an alarm."""

import itertools
from collections.abc import Mapping, Sequence
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs


class RegionHealthArgs(ComponentArgs):
    zone_alarm_arns: Mapping[str, pulumi.Input[str]]
    """The alarm of every zone of the region (ZoneHealth), by zone; 2 or more."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told. Default: none."""


class RegionHealth(Component):
    """An alarm for a region of which two zones are lost at the same time: one is a zone's failure, which the
    stack survives; two are the region's."""

    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: RegionHealthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        zones = args["zone_alarm_arns"]
        if len(zones) < 2:
            self.reject("zone_alarm_arns", list(zones), "alarms of 2 zones or more")

        alarm = aws.cloudwatch.CompositeAlarm(
            name,
            alarm_name=f"{pulumi.get_stack()}-{name}",
            alarm_description=f"Two of {', '.join(sorted(zones))} are lost at the same time",
            alarm_rule=pulumi.Output.all(**zones).apply(two_of),
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )

        self.alarm_arn = alarm.arn
        self.register_outputs({"alarm_arn": self.alarm_arn})


def two_of(alarm_arns: Mapping[str, str]) -> str:
    """The rule that any two of some alarms are on."""
    pairs = itertools.combinations((alarm_arns[zone] for zone in sorted(alarm_arns)), 2)
    return " OR ".join(f'(ALARM("{one}") AND ALARM("{other}"))' for one, other in pairs)
