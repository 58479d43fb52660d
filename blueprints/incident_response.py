"""What watches the zones of a region, and what is done when one is lost."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.component import Component, ComponentArgs
from components.control.dashboard import Dashboard
from components.control.procedures import roll_back, stand_down
from components.control.region_health import RegionHealth
from components.control.runbook import Runbook
from components.control.zone_health import Balanced, ZoneHealth


class Fleet(Balanced):
    """A fleet of machines, as Auto Scaling and CloudWatch know it."""

    group_name: pulumi.Input[str]
    """AutoScalingService.group_name."""


class Watched(ComponentArgs):
    """What is watched, and who is told."""

    vpc_arn: pulumi.Input[str]
    """ARN of the network: says which region and account it is in."""
    zones: Sequence[str]
    """The network's zones, 2 or more. Each is watched."""
    fleets: Mapping[str, Fleet]
    """Fleets that are watched in every zone and rolled back, by the name of their component; 10 or fewer."""
    topic_arn: pulumi.Input[str]
    """Topic of those who are woken (Alerts)."""
    alarm_arns: NotRequired[Mapping[str, Mapping[str, pulumi.Input[str]]]]
    """More metric alarms for the dashboard, by the titles of their rows and their own. Default: none."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that the topic and logs are encrypted with (EncryptionKey). Default: each service's own."""


class IncidentResponseArgs(Watched):
    rollback_alarm_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Metric alarms that start the rollback besides the zones', by a name of one's own. Default: none."""
    template_ids: NotRequired[Sequence[pulumi.Input[str]]]
    """Experiments that are stopped when the region is lost. Default: none."""


class IncidentResponse(Component):
    """An alarm for every zone and for the region that wakes somebody; a dashboard; a runbook, started by the
    region's alarm; and a rollback of what is being deployed, started by a zone's."""

    zone_alarm_arns: pulumi.Output[Mapping[str, str]]
    """The alarm of each zone."""
    region_alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: IncidentResponseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if len(set(args["zones"])) < 2 or len(set(args["zones"])) < len(args["zones"]):
            self.reject("zones", list(args["zones"]), "2 zones or more, each once")
        near, told, answer = args["vpc_arn"], [args["topic_arn"]], answering(args)
        fleets, changed = args["fleets"], args.get("rollback_alarm_arns", {})

        # Control
        zones = {
            zone: ZoneHealth(
                f"{name}-zone-{letter(zone)}",
                {"zone": zone, "fleets": balanced(fleets), "alarm_actions": told},
                self.child,
            ).alarm_arn
            for zone in args["zones"]
        }
        region = RegionHealth(
            f"{name}-region", {"zone_alarm_arns": zones, "alarm_actions": told}, self.child
        ).alarm_arn
        Dashboard(
            f"{name}-dashboard",
            {
                "zones": args["zones"],
                "fleets": balanced(fleets),
                "alarms": {"Zone alarms": zones, **args.get("alarm_arns", {})},
                "composite_alarms": {"region": region},
            },
            self.child,
        )
        standing_down = stand_down(near, args.get("template_ids", []))
        Runbook(f"{name}-runbook", {**standing_down, **answer, "alarm_arns": {"region": region}}, self.child)
        rolling_back = roll_back(near, [fleet["group_name"] for fleet in fleets.values()])
        Runbook(
            f"{name}-rollback", {**rolling_back, **answer, "alarm_arns": {**zones, **changed}}, self.child
        )

        self.zone_alarm_arns = pulumi.Output.all(**zones)
        self.region_alarm_arn = region
        self.register_outputs(
            {"zone_alarm_arns": self.zone_alarm_arns, "region_alarm_arn": self.region_alarm_arn}
        )


class Answer(TypedDict):
    """Whom a runbook tells."""

    topic_arn: pulumi.Input[str]
    key_arn: NotRequired[pulumi.Input[str]]


def answering(args: IncidentResponseArgs) -> Answer:
    made: Answer = {"topic_arn": args["topic_arn"]}
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    return made


def balanced(fleets: Mapping[str, Fleet]) -> dict[str, Balanced]:
    return {
        name: {
            "load_balancer_dimension": fleet["load_balancer_dimension"],
            "target_group_dimension": fleet["target_group_dimension"],
        }
        for name, fleet in fleets.items()
    }


def letter(zone: str) -> str:
    """Of "us-east-1a", "a"."""
    return zone.removeprefix(zone.rstrip("abcdefghijklmnopqrstuvwxyz"))
