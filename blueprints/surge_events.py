"""A crowd that is known of: everything is large and warm before it comes, and the rest waits or is shed."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi

from blueprints.surge import definitions
from blueprints.surge.definitions import FOLDER, STEP_SECONDS
from components.component import Component
from components.control.calendar import Event
from components.control.event_calendar import EventCalendar
from components.control.state_machine import StateMachine
from components.control.tiers import Cache, Code, Database, Fleet, Table
from components.keeping import Logging
from components.placement import Placement
from components.policies import use_key
from components.service.feed import Feed
from components.service.function import Function
from components.service.python_kit import KIT
from components.state.work_queue import WorkQueue

DELIVER_SECONDS = 60
TIERS = ("events", "fleets", "tables", "databases", "caches", "functions")
"""What the calendar is told as it is."""


class Hottest(TypedDict):
    """What is read before an event."""

    site: pulumi.Input[str]
    """Where it is read, the front door that caches: "https://www.example.com"."""
    bucket: pulumi.Input[str]
    """Bucket of the list."""
    bucket_arn: pulumi.Input[str]
    """Its ARN."""
    key: str
    """The list: paths, one a line, the hottest first, 20000 at most. Whoever knows what is hot writes it."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that it is encrypted with. Default: S3's own."""
    hit_percent: NotRequired[float]
    """What caches must answer of it in the end. Default 99.9."""


class Flags(TypedDict):
    """What is done without under too much load (FeatureFlags)."""

    address: pulumi.Input[str]
    """Where the flags are (FeatureFlags.address)."""
    strategy_id: pulumi.Input[str]
    """How they are turned (FeatureFlags.at_once_id)."""
    statements: Sequence[Mapping[str, Any]]
    """What that takes (FeatureFlags.changes())."""
    turned: Sequence[str]
    """Names of the flags that are turned off, and on again when it is over."""


class SurgeEventsArgs(Placement, Logging):
    """`subnet_ids` are private, for the functions."""

    events: Mapping[str, Event]
    """The calendar, by the names of the events."""
    fleets: NotRequired[Mapping[str, Fleet]]
    """Fleets that grow, by name. Default: none."""
    tables: NotRequired[Mapping[str, Table]]
    """Tables that are warmed, by name. Default: none."""
    databases: NotRequired[Mapping[str, Database]]
    """Aurora clusters that get readers, by name. Default: none."""
    caches: NotRequired[Mapping[str, Cache]]
    """Caches that get shards, by name. Default: none."""
    functions: NotRequired[Mapping[str, Code]]
    """Functions of which more copies are ready, by name. Default: none."""
    hottest: Hottest
    """What is read into the caches."""
    service: pulumi.Input[str]
    """Who takes what waited: "http://host:port" that POSTs are sent to."""
    overload_alarm_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Alarms of too much load, by name, besides the one of a queue that is late. Default: none."""
    switch_arns: NotRequired[pulumi.Input[Mapping[str, str]]]
    """By what requests are shed (Firewall.switch_arns, CdnEdge.switch_arns). Default: none are."""
    shed_first: NotRequired[Sequence[str]]
    """Classes of requests that are shed, the first to go first. Default: none are."""
    flags: NotRequired[Flags]
    """Flags that are turned off. Default: none are."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when something goes wrong. Default: none."""


class SurgeEvents(Component):
    """A calendar by which every tier grows before an event and shrinks after it, caches that are warmed at
    the last moment, a queue for what can wait, and what is shed and done without when it still is too much.

    The stack draws the arrows: from `warmer` to the front door, from `deliverer` to the service, from each of
    `workers` to where AWS's services are (S3, CloudWatch, WAF, AppConfig), and from whoever has requests that
    can wait to `waiting.entry`.
    """

    plan: pulumi.Output[str]
    """What each event promises, as JSON (EventCalendar.plan)."""
    warming_arn: pulumi.Output[str]
    """State machine that warms the caches; it may be started at any time."""
    protection_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SurgeEventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if args.get("shed_first") and "switch_arns" not in args:
            self.reject("shed_first", list(args.get("shed_first", ())), "given together with switch_arns")
        part = _Parts(args)

        # State
        self.waiting = WorkQueue(f"{name}-waiting", part.waiting, self.child)

        # Service
        alarms = [*args.get("overload_alarm_arns", {}).values(), self.waiting.alarm_arns["late"]]
        self.warmer = Function(f"{name}-warm", part.warmer, self.child)
        self.protector = Function(f"{name}-protect", part.protector(alarms), self.child)
        self.deliverer = Function(f"{name}-deliver", part.deliverer(self.waiting), self.child)
        self.workers: Sequence[Function] = (self.warmer, self.protector)

        # Control
        warming = StateMachine(f"{name}-warming", part.warming(self.warmer.arn), self.child)
        protection = part.protection(self.protector.arn, alarms)
        protecting = StateMachine(f"{name}-protection", protection, self.child)
        calendar = EventCalendar(f"{name}-calendar", part.calendar(warming.arn), self.child)

        self.plan = calendar.plan
        self.warming_arn = warming.arn
        self.protection_arn = protecting.arn
        self.register_outputs(
            {"plan": self.plan, "warming_arn": self.warming_arn, "protection_arn": self.protection_arn}
        )


class _Parts:
    """The arguments of the parts."""

    def __init__(self, args: SurgeEventsArgs) -> None:
        self._args = args
        self._placed: Any = {key: args[key] for key in ("vpc_id", "subnet_ids")}
        self._logged: Any = {key: args[key] for key in Logging.__annotations__ if key in args}
        self._kept: Any = {key: value for key, value in self._logged.items() if key != "log_retention_days"}
        self._told: Any = {"alarm_actions": args["alarm_actions"]} if "alarm_actions" in args else {}

    @property
    def waiting(self) -> Any:
        # A service that takes nothing for hours must not find its work put aside.
        return {"work_seconds": 6 * DELIVER_SECONDS, "attempts": 100, **self._kept, **self._told}

    @property
    def warmer(self) -> Any:
        hottest = self._args["hottest"]
        listed = pulumi.Output.format("{}/{}", hottest["bucket_arn"], hottest["key"])
        may = [{"Sid": "Hottest", "Effect": "Allow", "Action": "s3:GetObject", "Resource": listed}]
        if "key_arn" in hottest:
            may.append(use_key(hottest["key_arn"], "s3", hottest["bucket_arn"], "Decrypt"))
        return {
            **self._code("warm"),
            "statements": may,
            "environment": {
                "SITE": hottest["site"],
                "BUCKET": hottest["bucket"],
                "KEY": hottest["key"],
                "HIT_PERCENT": str(hottest.get("hit_percent", 99.9)),
            },
        }

    def protector(self, alarms: Sequence[pulumi.Input[str]]) -> Any:
        switches = pulumi.Output.from_input(self._args.get("switch_arns", {}))
        classes, flags = list(self._args.get("shed_first", ())), self._args.get("flags")
        may: list[Mapping[str, Any]] = [
            {"Sid": "Alarms", "Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": alarms}
        ]
        if classes:
            shed = {"Sid": "Shed", "Effect": "Allow", "Action": ["wafv2:GetIPSet", "wafv2:UpdateIPSet"]}
            may.append({**shed, "Resource": switches.apply(lambda arns: sorted(arns.values()))})
        turned: Any = {"address": "", "strategy": "", "turned": []}
        if flags:
            may += flags["statements"]
            turned = {
                "address": flags["address"], "strategy": flags["strategy_id"], "turned": list(flags["turned"])
            }  # fmt: skip
        return {
            **self._code("protect"),
            "statements": may,
            "environment": {
                "CLASSES": pulumi.Output.json_dumps(classes),
                "SWITCHES": pulumi.Output.json_dumps(switches),
                "ALARMS": pulumi.Output.json_dumps(alarms),
                "FLAGS": pulumi.Output.json_dumps(turned),
            },
        }

    def deliverer(self, queue: WorkQueue) -> Any:
        feed: Feed = {"queue_arn": queue.arn, "statements": queue.exit.grants(), "at_once": 5}
        return {
            **self._code("deliver"),
            "seconds": DELIVER_SECONDS,
            "feed": feed,
            "environment": {"SERVICE": self._args["service"]},
        }

    def warming(self, function_arn: pulumi.Output[str]) -> Any:
        steps = function_arn.apply(definitions.warming)
        return {"definition": steps, "functions": {"warm": function_arn}, **self._logged, **self._told}

    def protection(self, function_arn: pulumi.Output[str], alarms: Sequence[pulumi.Input[str]]) -> Any:
        return {
            "definition": function_arn.apply(definitions.protection),
            "functions": {"protect": function_arn},
            "alarm_arns": alarms,
            **self._logged,
            **self._told,
        }

    def calendar(self, machine_arn: pulumi.Output[str]) -> Any:
        given: Any = {key: value for key, value in self._args.items() if key in TIERS}
        return {**given, "machine_arn": machine_arn, **self._told}

    def _code(self, module: str) -> Any:
        files = {f"surge/{file.name}": str(file) for file in sorted(FOLDER.glob("*.py"))}
        if module == "protect":
            files |= {
                f"components/service/python/{one}.py": str(KIT / f"{one}.py") for one in ("aws", "flags")
            }
        return {
            **self._placed,
            **self._logged,
            "code": files,
            "handler": f"surge.{module}.handler",
            "seconds": STEP_SECONDS - 30,
        }
