"""What people who chat are promised, and how near its limits what keeps the promise is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.control.dashboard import dashboard_of
from components.control.objective import AlarmArgs, Metric, objective_alarm, query
from components.control.widgets import Line, alarmed, body, graph, status


@dataclass(frozen=True)
class Wrong:
    """What is wrong where math over the nodes' vitals gives more than `most`."""

    words: str
    math: str
    stats: Mapping[str, str]
    """The vitals that the math is over, and what is taken of all nodes'. Of two it is the worst of each,
    whichever node has it: no node is worse than that."""
    most: float
    minutes: int | None = None
    """In a row. None: as many as an objective may be missed for."""
    missing: str = "notBreaching"
    tables: bool = False
    """Whether it is wrong with the nodes that keep tables on disc."""


RUN_QUEUE = 8
"""For each core, where EMQ's load controller takes a node for overloaded: https://github.com/emqx/lc"""
MAILBOX = 10_000
"""Messages, with which ejabberd may kill a process:
https://docs.ejabberd.im/admin/configuration/toplevel/#oom-queue"""
VM_PERCENT = 80
"""Of the processes and ports of an Erlang VM, where EMQX warns:
https://docs.emqx.com/en/emqx/latest/observability/alarms.html"""
NEARLY = 90
"""Percent of what a node takes in connections, and of what EC2 tracks for it."""
LIMITS = {
    "run-queue": Wrong(
        f"more than {RUN_QUEUE} processes wait for each core of a node",
        "run_queue / cores",
        {"run_queue": "Maximum", "cores": "Minimum"},
        RUN_QUEUE,
    ),
    "mailboxes": Wrong(
        f"a process has more than {MAILBOX:,} messages waiting",
        "longest_mailbox",
        {"longest_mailbox": "Maximum"},
        MAILBOX,
    ),
    "processes": Wrong(
        f"a node has more than {VM_PERCENT} % of the processes that it may have",
        "100 * processes / process_limit",
        {"processes": "Maximum", "process_limit": "Minimum"},
        VM_PERCENT,
    ),
    "ports": Wrong(
        f"a node has more than {VM_PERCENT} % of the ports that it may have",
        "100 * ports / port_limit",
        {"ports": "Maximum", "port_limit": "Minimum"},
        VM_PERCENT,
    ),
    "tracked": Wrong(
        f"less than {100 - NEARLY} % is left of the connections that EC2 can track for a node",
        "100 * connections / (connections + conntrack_left)",
        {"connections": "Maximum", "conntrack_left": "Minimum"},
        NEARLY,
    ),
    "overload": Wrong(
        "Mnesia does not write its log as fast as its tables change",
        "mnesia_overloads",
        {"mnesia_overloads": "Sum"},
        0,
        minutes=5,  # a burst overloads it for a moment, and harms nobody
        tables=True,
    ),
    "split": Wrong(
        "nodes of Mnesia have changed a table without each other: somebody has to choose",
        "mnesia_partitions",
        {"mnesia_partitions": "Sum"},
        0,
        minutes=1,  # it is said once
        tables=True,
    ),
}
MESSAGES = ("sent", "delivered", "stored", "failed")


class ChatObjectivesArgs(AlarmArgs):
    namespace: pulumi.Input[str]
    """Namespace of the nodes' metrics (ChatServers.metrics_namespace)."""
    tables_namespace: NotRequired[pulumi.Input[str]]
    """Namespace of the metrics of those that keep tables (MnesiaDatabase.metrics_namespace), whose Mnesia is
    overloaded or split. Default: `namespace`."""
    nodes: int
    """Nodes that tell metrics of it: fewer is an alarm."""
    connections_per_server: int
    """Connections that a node takes."""
    delivery_ms: NotRequired[float]
    """Milliseconds that 99 messages of 100 take less than, from client to client, over regions too.
    Default 100."""
    percent: NotRequired[float]
    """Messages of 100 that do not fail, and connections of 100 that are not refused. Default 99.9."""


class ChatObjectives(Component):
    """An alarm for each promise that is not kept and for each limit that a node comes near to, and a
    dashboard that shows them.

    A minute without messages is a good one; one in which a node says nothing is not.
    """

    alarm_arns: pulumi.Output[Mapping[str, str]]
    """By what is wrong: delivery, availability, admission, silent, full, and those of `LIMITS`."""
    dashboard_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ChatObjectivesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        refused = "100 * refused / (refused + FILL(accepted, 0))"
        wrong = {**_promised(args), **LIMITS}
        alarms = {
            "availability": self._objective(args, "availability", "messages", "100 * FILL(failed, 0) / sent"),
            "admission": self._objective(args, "admission", "connections", refused),
            **{role: self._alarm(args, role, one) for role, one in wrong.items()},
        }

        self.alarm_arns = pulumi.Output.all(**{role: alarm.arn for role, alarm in alarms.items()})
        known = {"alarms": self.alarm_arns, "namespace": args["namespace"]}
        self.dashboard_name = dashboard_of(self, known, shown).dashboard_name
        self.register_outputs({"alarm_arns": self.alarm_arns, "dashboard_name": self.dashboard_name})

    def _check(self, args: ChatObjectivesArgs) -> None:
        for argument in ("nodes", "connections_per_server", "minutes"):
            if (value := args.get(argument, 1)) < 1:
                self.reject(argument, value, "at least 1")
        if (wanted := args.get("delivery_ms", 100)) <= 0:
            self.reject("delivery_ms", wanted, "over 0")

    def _objective(
        self, args: ChatObjectivesArgs, role: str, of: str, failing: str
    ) -> aws.cloudwatch.MetricAlarm:
        counted = {"messages": ("sent", "failed"), "connections": ("accepted", "refused")}[of]
        sums = {one: _metric(args["namespace"], f"{of}_{one}", "Sum") for one in counted}
        objective: Any = {"percent": 99.9, **args}
        return objective_alarm(self, objective, sums, failing, role=role)

    def _alarm(self, args: ChatObjectivesArgs, role: str, wrong: Wrong) -> aws.cloudwatch.MetricAlarm:
        minutes = args.get("minutes", 3) if wrong.minutes is None else wrong.minutes
        chats = args["namespace"]
        namespace = args.get("tables_namespace", chats) if wrong.tables else chats
        queries: Any = [
            *(query(vital, _metric(namespace, vital, stat)) for vital, stat in wrong.stats.items()),
            {"id": "wrong", "expression": wrong.math, "label": f"{self.name}-{role}", "return_data": True},
        ]
        return aws.cloudwatch.MetricAlarm(
            f"{self.name}-{role}",
            alarm_description=f"{self.name}: {wrong.words}, for {minutes} min in a row",
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=wrong.most,
            evaluation_periods=minutes,
            datapoints_to_alarm=minutes,
            treat_missing_data=wrong.missing,
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            opts=self.child,
        )


def _promised(args: ChatObjectivesArgs) -> dict[str, Wrong]:
    """What is wrong by numbers of one's own."""
    wanted, most = args.get("delivery_ms", 100), args["connections_per_server"]
    return {
        "delivery": Wrong(
            f"one message of 100 takes {wanted:g} ms or longer",
            "delivery_p99_ms",
            {"delivery_p99_ms": "Maximum"},
            wanted,  # it is told in whole milliseconds that have begun
        ),
        "silent": Wrong(
            f"fewer than {args['nodes']} nodes say how they are",
            f"{args['nodes']} - FILL(connections, 0)",
            {"connections": "SampleCount"},
            0,
            missing="breaching",
        ),
        "full": Wrong(
            f"a node has more than {NEARLY} % of the {most:,} connections that it takes",
            f"100 * connections / {most}",
            {"connections": "Maximum"},
            NEARLY,
        ),
    }


def _metric(namespace: pulumi.Input[str], vital: str, stat: str) -> Metric:
    """A vital of all nodes."""
    return {"namespace": namespace, "name": vital, "dimensions": {}, "stat": stat}


def shown(known: Mapping[str, Any]) -> dict[str, Any]:
    """The dashboard, from what people notice to why that may be."""
    alarms, region, namespace = known["alarms"], known["region"], known["namespace"]
    search = f"SEARCH('{{\"{namespace}\",Node}} MetricName=\"connections\"', 'Maximum', 60)"
    messages: list[Line] = [[namespace, f"messages_{one}", {"label": one}] for one in MESSAGES]
    return body(
        [
            ("Now", [status("Alarms", list(alarms.values()))]),
            ("Promises", [alarmed(role, arn) for role, arn in alarms.items() if role not in LIMITS]),
            (
                "Traffic",
                [
                    graph("Messages a minute", region, messages, "Sum"),
                    graph("Connections, by node", region, [[{"expression": search}]], "Maximum"),
                ],
            ),
            ("Limits", [alarmed(role, alarms[role]) for role in LIMITS]),
        ]
    )
