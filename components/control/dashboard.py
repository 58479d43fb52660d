"""What a team looks at while something happens."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.control.widgets import alarmed, body, healthy, status, traffic
from components.control.zone_health import Balanced


class DashboardArgs(ComponentArgs):
    alarms: Mapping[str, Mapping[str, pulumi.Input[str]]]
    """ARNs of metric alarms, by the titles of their row and their own: "Latency": {"us": …}. Each shows what
    it measures, and its threshold."""
    composite_alarms: NotRequired[Mapping[str, pulumi.Input[str]]]
    """ARNs of alarms that measure nothing themselves, by title: they show whether they are on. Default:
    none."""
    zones: NotRequired[Sequence[str]]
    """Zones whose healthy machines are shown, fleet by fleet. Default: none."""
    fleets: NotRequired[Mapping[str, Balanced]]
    """Fleets whose traffic is shown, by name. Default: none."""


class Dashboard(Component):
    """A live dashboard: what is wrong now, the zones, the fleets, and a row of graphs for each kind of
    alarm."""

    dashboard_name: pulumi.Output[str]

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if not any(args["alarms"].values()):
            self.reject("alarms", {}, "one alarm or more")
        if args.get("zones") and not args.get("fleets"):
            self.reject("zones", list(args.get("zones", ())), "given together with fleets")

        known = {
            "alarms": args["alarms"],
            "composite_alarms": args.get("composite_alarms", {}),
            "fleets": args.get("fleets", {}),
        }
        dashboard = dashboard_of(self, known, lambda known: shown(known, args.get("zones", ())))

        self.dashboard_name = dashboard.dashboard_name
        self.register_outputs({"dashboard_name": self.dashboard_name})


def dashboard_of(
    owner: Component, known: Mapping[str, Any], shown: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> aws.cloudwatch.Dashboard:
    """A dashboard of `owner`: what `shown` makes of what is known, and of its `region`."""
    region = aws.get_region_output(region=owner._region, opts=pulumi.InvokeOutputOptions(parent=owner)).region
    return aws.cloudwatch.Dashboard(
        owner.name,
        # Dashboards of all regions share their names.
        dashboard_name=region.apply(lambda region: f"{pulumi.get_stack()}-{owner.name}-{region}"),
        dashboard_body=pulumi.Output.json_dumps(pulumi.Output.all(region=region, **known).apply(shown)),
        opts=owner.child,
    )


def shown(known: Mapping[str, Any], zones: Sequence[str]) -> dict[str, Any]:
    """The rows, from what is wrong now to what led to it."""
    alarms, region, fleets = known["alarms"], known["region"], known["fleets"]
    every = {**known["composite_alarms"], **{k: v for row in alarms.values() for k, v in row.items()}}
    return body(
        [
            ("Now", [status("Alarms", list(every.values()))]),
            ("Zones", [healthy(region, zone, fleets) for zone in zones]),
            ("Fleets", traffic(region, fleets)),
            *((title, [alarmed(name, arn) for name, arn in row.items()]) for title, row in alarms.items()),
        ]
    )
