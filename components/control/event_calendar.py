"""The crowds that are known of, and what is made large for them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control import scheduled_calls
from components.control.calendar import Event, at, before, check, moment, plan, stamp
from components.control.scheduled_calls import Call
from components.control.tiers import SIZES, Cache, Code, Database, Fleet, Grown, Size, Table, grown

FOLLOWED: Mapping[str, tuple[str, str, str, tuple[str, float] | None]] = {
    "database": (
        "rds",
        "rds:cluster:ReadReplicaCount",
        "cluster:{cluster_id}",
        ("RDSReaderAverageCPUUtilization", 50),
    ),
    "cache": (
        "elasticache",
        "elasticache:replication-group:NodeGroups",
        "replication-group/{replication_group_id}",
        None,  # as many shards as are asked for: they move data, and nobody wants that under load
    ),
    "function": (
        "lambda",
        "lambda:function:ProvisionedConcurrency",
        "function:{function_name}:{alias}",
        ("LambdaProvisionedConcurrencyUtilization", 0.7),
    ),
}
"""What Application Auto Scaling makes larger, by kind: service, dimension, resource, and the metric that it
follows between least and most:
https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html"""


class EventCalendarArgs(ComponentArgs):
    events: Mapping[str, Event]
    """The events, by name."""
    fleets: NotRequired[Mapping[str, Fleet]]
    """Fleets of machines, by name. Default: none."""
    tables: NotRequired[Mapping[str, Table]]
    """DynamoDB tables, by name. Default: none."""
    databases: NotRequired[Mapping[str, Database]]
    """Aurora clusters, by name. Default: none."""
    caches: NotRequired[Mapping[str, Cache]]
    """Caches, by name. Default: none."""
    functions: NotRequired[Mapping[str, Code]]
    """Functions, by name. Default: none."""
    machine_arn: NotRequired[pulumi.Input[str]]
    """State machine that is started with {"event": <name>} before each event, to warm caches (StateMachine).
    Default: none is."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when something could not be done. Default: none."""


class EventCalendar(Component):
    """Everything is made so many times larger before an event, and put back after it, by actions that AWS
    itself holds and carries out.

    An action says how much is kept at least and at most: between the two each tier follows its load as it
    always does, so that nothing is taken away under a crowd that stays longer. Actions are named
    "<event>.begin.<tier>" and "<event>.end.<tier>". While one is in force, deploy without --refresh: what the
    program says are the sizes between events.
    """

    plan: pulumi.Output[str]
    """What each event promises, as JSON: {"<event>": {"starts", "ends", "tiers": {"<tier>": {"kind",
    "normal", "target"}}}}."""

    def __init__(
        self, name: str, args: EventCalendarArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not (events := args["events"]):
            self.reject("events", {}, "one event or more")
        tiers = {event: list(grown(self, args, how)) for event, how in events.items()}
        self._check_names(args)
        check(self, events, tiers)

        targets = {one.name: self._target(one) for one in next(iter(tiers.values())) if one.kind in FOLLOWED}
        for event, how in events.items():
            starts, ends = moment(self, how["starts"]), moment(self, how["ends"])
            for one in tiers[event]:
                for what, when, size in (
                    ("begin", before(starts, one.lead_minutes), one.wanted),
                    ("end", ends, one.normal),
                ):
                    if one.kind == "fleet":
                        self._resize(f"{event}.{what}.{one.name}", one, when, size)
                    elif target := targets.get(one.name):
                        self._keep(f"{event}.{what}.{one.name}", target, when, size)
        if calls := [*self._warm_tables(args), *self._starts(args)]:
            scheduled_calls.make(self, calls, args.get("alarm_actions", []))

        self.plan = pulumi.Output.from_input(json.dumps(plan(events, tiers)))
        self.register_outputs({"plan": self.plan})

    def _resize(self, action: str, fleet: Grown, when: datetime, size: Size) -> None:
        aws.autoscaling.Schedule(
            self._child(action),
            autoscaling_group_name=fleet.tier["group_name"],
            scheduled_action_name=action,
            start_time=stamp(when),
            min_size=size.least,
            max_size=size.most,
            desired_capacity=-1,  # as it is, within the two
            opts=self.child,
        )

    def _target(self, one: Grown) -> aws.appautoscaling.Target:
        service, dimension, resource, followed = FOLLOWED[one.kind]
        name = f"{self.name}-{one.name}"
        target = aws.appautoscaling.Target(
            name,
            service_namespace=service,
            scalable_dimension=dimension,
            resource_id=_named(resource, one.tier),
            min_capacity=one.normal.least,
            max_capacity=one.normal.most,
            opts=self.child,
        )
        if followed:
            metric, value = followed
            aws.appautoscaling.Policy(
                name,
                policy_type="TargetTrackingScaling",
                **_same(target),
                target_tracking_scaling_policy_configuration={
                    "predefined_metric_specification": {"predefined_metric_type": metric},
                    "target_value": value,
                },
                opts=self.child,
            )
        return target

    def _keep(self, action: str, target: aws.appautoscaling.Target, when: datetime, size: Size) -> None:
        aws.appautoscaling.ScheduledAction(
            self._child(action),
            name=action,
            **_same(target),
            schedule=at(when),
            scalable_target_action={"min_capacity": size.least, "max_capacity": size.most},
            opts=self.child,
        )

    def _warm_tables(self, args: EventCalendarArgs) -> Iterator[Call]:
        for event, how in args["events"].items():
            wanted = {one.name: one for one in grown(self, args, how) if one.kind == "table"}
            for name, table in args.get("tables", {}).items():
                reads, writes = wanted[f"{name}-reads"], wanted[f"{name}-writes"]
                warm = {
                    "ReadUnitsPerSecond": reads.wanted.least,
                    "WriteUnitsPerSecond": writes.wanted.least,
                }
                yield Call(
                    f"{event}.begin.{name}",
                    before(moment(self, how["starts"]), reads.lead_minutes),
                    "arn:aws:scheduler:::aws-sdk:dynamodb:updateTable",
                    {"TableName": table["table_name"], "WarmThroughput": warm},
                    {"Effect": "Allow", "Action": "dynamodb:UpdateTable", "Resource": table["table_arn"]},
                )

    def _starts(self, args: EventCalendarArgs) -> Iterator[Call]:
        if "machine_arn" in args:
            machine = args["machine_arn"]
            may = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
            for event, how in args["events"].items():
                when = before(moment(self, how["starts"]), how.get("warm_minutes", 15))
                yield Call(f"{event}.warm", when, machine, {"event": event}, may)

    def _child(self, action: str) -> str:
        return f"{self.name}-{action.replace('.', '-')}"

    def _check_names(self, args: EventCalendarArgs) -> None:
        """Actions and outputs are by a tier's name alone."""
        names = [name for kind in SIZES for name in args.get(kind, {})]
        if not names:
            self.reject("fleets", {}, "given, or tables, databases, caches or functions")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            self.reject(", ".join(SIZES), twice[0], "all of other names")
        for name in names:
            if not name.replace("-", "").isalnum():
                self.reject("fleets", name, "named in letters, digits and hyphens")


def _named(pattern: str, tier: Mapping[str, Any]) -> pulumi.Output[str]:
    known = {key: value for key, value in tier.items() if f"{{{key}}}" in pattern}
    return pulumi.Output.all(**known).apply(lambda known: pattern.format(**known))


def _same(target: aws.appautoscaling.Target) -> Any:
    return {
        "service_namespace": target.service_namespace,
        "scalable_dimension": target.scalable_dimension,
        "resource_id": target.resource_id,
    }
