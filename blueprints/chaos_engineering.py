"""Faults on purpose, in working hours, with alarms that stop them."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi

from components.component import Component, ComponentArgs
from components.control.alerts import Alerts, AlertsArgs
from components.control.experiment import Experiment
from components.control.faults import Struck, gorilla, kong, latency, monkey
from components.control.runbook import Runbook

WORKING_HOURS = "cron(0 10 ? * MON-FRI *)"


class ChaosEngineeringArgs(ComponentArgs):
    vpc_arn: pulumi.Input[str]
    """ARN of the network that is disturbed: says which region and account it is in."""
    fleets: Sequence[str]
    """Components whose machines are terminated and slowed down, by the `component` tag."""
    zone: str
    """The zone that the gorilla takes away and the latency slows down."""
    group_names: Mapping[str, pulumi.Input[str]]
    """Auto Scaling groups whose deployment the runbook rolls back, by a name of one's own."""
    stop_alarm_arns: Mapping[str, pulumi.Input[str]]
    """Alarms that stop every experiment and start the runbook, by a name of one's own."""
    pagerduty_url: NotRequired[pulumi.Input[str]]
    """A PagerDuty service's integration URL, a secret. Default: nobody is woken."""
    scheduled: NotRequired[bool]
    """Whether the monkey, the gorilla and the latency come by themselves, on weekdays at a moment between
    10:00 and 15:00. The kong never does. Default False."""
    time_zone: NotRequired[str]
    """Time zone of the working hours. Default UTC."""
    delay_ms: NotRequired[int]
    """Milliseconds that the latency adds. Default 400."""
    duration_minutes: NotRequired[int]
    """Minutes until what was taken away comes back. Default 10."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that logs and alerts are encrypted with (EncryptionKey). Default: each service's own."""
    log_retention_days: NotRequired[int]
    """Days that the experiments' logs are kept. Default 365."""


class ChaosEngineering(Component):
    """Chaos Monkey, Gorilla, Kong and Latency Monkey: experiments that an alarm stops and undoes."""

    topic_arn: pulumi.Output[str]
    template_ids: pulumi.Output[Mapping[str, str]]
    """The experiment of each fault."""

    def __init__(
        self, name: str, args: ChaosEngineeringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not args["fleets"]:
            self.reject("fleets", [], "one fleet or more")
        minutes, delay_ms = args.get("duration_minutes", 10), args.get("delay_ms", 400)
        struck = Struck(args["vpc_arn"], pulumi.get_stack(), args["fleets"], args["zone"], minutes, delay_ms)
        stop = list(args["stop_alarm_arns"].values())
        kept = kept_as(args)
        hours = working_hours(args)

        # Control
        alerts = Alerts(f"{name}-alerts", woken(args), self.child)
        experiments = {
            "monkey": Experiment(
                f"{name}-monkey", {**monkey(struck), **kept, **hours, "stop_alarm_arns": stop}, self.child
            ),
            "gorilla": Experiment(
                f"{name}-gorilla", {**gorilla(struck), **kept, **hours, "stop_alarm_arns": stop}, self.child
            ),
            "kong": Experiment(f"{name}-kong", {**kong(struck), **kept, "stop_alarm_arns": stop}, self.child),
            "latency": Experiment(
                f"{name}-latency", {**latency(struck), **kept, **hours, "stop_alarm_arns": stop}, self.child
            ),
        }
        Runbook(
            f"{name}-runbook",
            {
                **keyed(args),
                "alarm_arns": args["stop_alarm_arns"],
                "group_names": args["group_names"],
                "topic_arn": alerts.topic_arn,
            },
            self.child,
        )

        self.topic_arn = alerts.topic_arn
        self.template_ids = pulumi.Output.all(**{k: one.template_id for k, one in experiments.items()})
        self.register_outputs({"topic_arn": self.topic_arn, "template_ids": self.template_ids})


class Keyed(TypedDict):
    """The key, where there is one."""

    key_arn: NotRequired[pulumi.Input[str]]


class Kept(Keyed):
    """How a log is kept."""

    log_retention_days: NotRequired[int]


class Hours(TypedDict):
    """When an experiment comes by itself, if it does."""

    schedule: NotRequired[str]
    time_zone: NotRequired[str]


def keyed(args: ChaosEngineeringArgs) -> Keyed:
    return {"key_arn": args["key_arn"]} if "key_arn" in args else {}


def kept_as(args: ChaosEngineeringArgs) -> Kept:
    return {**keyed(args), "log_retention_days": args.get("log_retention_days", 365)}


def woken(args: ChaosEngineeringArgs) -> AlertsArgs:
    made: AlertsArgs = {**keyed(args)}
    if "pagerduty_url" in args:
        made["pagerduty_url"] = args["pagerduty_url"]
    return made


def working_hours(args: ChaosEngineeringArgs) -> Hours:
    if not args.get("scheduled", False):
        return {}
    return {"schedule": WORKING_HOURS, "time_zone": args.get("time_zone", "UTC")}
