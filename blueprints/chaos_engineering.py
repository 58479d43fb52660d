"""Faults on purpose, in working hours, with alarms that stop them, and what watches and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NotRequired, TypedDict

import pulumi

from blueprints.incident_response import IncidentResponse, IncidentResponseArgs, Watched
from components.component import Component
from components.control.experiment import Experiment
from components.control.fault_permissions import Copied, Struck
from components.control.faults import gorilla, kong, latency, monkey

WORKING_HOURS = {
    "monkey": "cron(0 10 ? * MON,WED,FRI *)",
    "gorilla": "cron(0 10 ? * TUE *)",
    "latency": "cron(0 10 ? * THU *)",
}
"""A day of its own for each, so that no two zones are struck at once: that is a region's failure."""


class ChaosEngineeringArgs(Watched):
    struck_zones: NotRequired[Sequence[str]]
    """The zones that the monkey, the gorilla and the latency strike, in this order. Default: the first, the
    second and the last, so that where there are three an alarm's zone tells the fault."""
    copies: NotRequired[Mapping[str, Copied]]
    """Stores that are copied to another region, by the name of their component. The kong pauses it. Default:
    none."""
    stop_alarm_arns: Mapping[str, pulumi.Input[str]]
    """Metric alarms that stop every experiment and start the rollback, by a name of one's own."""
    scheduled: NotRequired[bool]
    """Whether the monkey, the gorilla and the latency come by themselves, each on weekdays of its own at a
    moment between 10:00 and 15:00. The kong never does. Default False."""
    time_zone: NotRequired[str]
    """Time zone of the working hours. Default UTC."""
    delay_ms: NotRequired[int]
    """Milliseconds that the latency adds. Default 400."""
    duration_minutes: NotRequired[int]
    """Minutes until what was taken away comes back. Default 10."""
    log_retention_days: NotRequired[int]
    """Days that the experiments' logs are kept. Default 365."""


class ChaosEngineering(Component):
    """Chaos Monkey, Gorilla, Kong and Latency Monkey: experiments in a region that an alarm stops and undoes,
    and the response to them: alarms of the zones, a dashboard, a runbook and a rollback."""

    template_ids: pulumi.Output[Mapping[str, str]]
    """The experiment of each fault."""
    zone_alarm_arns: pulumi.Output[Mapping[str, str]]
    """The alarm of each zone."""
    region_alarm_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ChaosEngineeringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        first, second, last = self._zones(args)
        stop = list(args["stop_alarm_arns"].values())
        struck = Struck(
            args["vpc_arn"],
            pulumi.get_stack(),
            list(args["fleets"]),
            first,
            args.get("duration_minutes", 10),
            args.get("delay_ms", 400),
            args.get("copies", {}),
        )
        faults = {
            "monkey": monkey(struck),
            "gorilla": gorilla(replace(struck, zone=second)),
            "latency": latency(replace(struck, zone=last)),
            "kong": kong(struck),
        }

        # Control
        experiments = {
            fault: Experiment(
                f"{name}-{fault}", {**made, **kept(args, fault), "stop_alarm_arns": stop}, self.child
            ).template_id
            for fault, made in faults.items()
        }
        # A lost region stops what strikes a zone. The kong goes on, for that is what it shows.
        others = [id for fault, id in experiments.items() if fault != "kong"]
        response = IncidentResponse(name, {**answered(args), "template_ids": others}, self.child)

        self.template_ids = pulumi.Output.all(**experiments)
        self.zone_alarm_arns = response.zone_alarm_arns
        self.region_alarm_arn = response.region_alarm_arn
        self.register_outputs(
            {
                "template_ids": self.template_ids,
                "zone_alarm_arns": self.zone_alarm_arns,
                "region_alarm_arn": self.region_alarm_arn,
            }
        )

    def _zones(self, args: ChaosEngineeringArgs) -> tuple[str, str, str]:
        """Where the monkey, the gorilla and the latency strike."""
        zones = args["zones"]
        if not args["fleets"]:
            self.reject("fleets", {}, "one fleet or more")
        if len(zones) < 2:
            self.reject("zones", list(zones), "2 zones or more, each once")
        struck = args.get("struck_zones", (zones[0], zones[1], zones[-1]))
        if len(struck) != 3 or not set(struck) <= set(zones):
            self.reject("struck_zones", list(struck), f"3 of {', '.join(zones)}, one for each fault")
        monkeys, gorillas, latencies = struck
        return monkeys, gorillas, latencies


class Kept(TypedDict):
    """When an experiment comes by itself, if it does, and how its log is kept."""

    key_arn: NotRequired[pulumi.Input[str]]
    log_retention_days: NotRequired[int]
    schedule: NotRequired[str]
    time_zone: NotRequired[str]


def kept(args: ChaosEngineeringArgs, fault: str) -> Kept:
    made: Kept = {"log_retention_days": args.get("log_retention_days", 365)}
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    if args.get("scheduled", False) and fault in WORKING_HOURS:
        made["schedule"] = WORKING_HOURS[fault]
        made["time_zone"] = args.get("time_zone", "UTC")
    return made


def answered(args: ChaosEngineeringArgs) -> IncidentResponseArgs:
    """What the response watches, and its rows of alarms: those that stop experiments come first."""
    made: IncidentResponseArgs = {
        "vpc_arn": args["vpc_arn"],
        "zones": args["zones"],
        "fleets": args["fleets"],
        "topic_arn": args["topic_arn"],
        "rollback_alarm_arns": args["stop_alarm_arns"],
        "alarm_arns": {"Stop alarms": args["stop_alarm_arns"], **args.get("alarm_arns", {})},
    }
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    return made
