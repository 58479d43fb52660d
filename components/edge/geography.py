"""One part of the world, and how fast it is served."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge.firewall import GLOBAL_REGION

CHECKERS = {
    "us": ["us-east-1", "us-west-1", "us-west-2"],
    "eu": ["eu-west-1"],
    "asia": ["ap-northeast-1", "ap-southeast-1", "ap-southeast-2"],
    "south-america": ["sa-east-1"],
}
"""Where Route 53 measures from: https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html."""


class LatencyRecord(TypedDict):
    """Where a geography's clients are sent, while that is healthy."""

    name: str
    """Name of the record, shared by all geographies of one site: "origin.shop.example.com"."""
    zone_id: pulumi.Input[str]
    """Route 53 zone that gets the record (Domain.zone_id)."""
    target: pulumi.Input[str]
    """Host name of the load balancer that answers (Gateway.dns_name)."""
    target_zone_id: pulumi.Input[str]
    """Route 53 zone of `target` (Gateway.zone_id)."""
    health_check_id: pulumi.Input[str]
    """Whether the region of `target` can answer (EntranceHealth.health_check_id)."""
    nearest_to: NotRequired[str]
    """AWS region that stands for the geography, another one for each. Default: the first that measures."""


class GeographyArgs(ComponentArgs):
    area: str
    """Whose latency is measured: us, eu, asia or south-america."""
    host: pulumi.Input[str]
    """Host name of the site that is measured, on 443."""
    path: NotRequired[str]
    """Path that is asked for. Default "/"."""
    p99_ms: int
    """Objective: milliseconds until the first byte of 99 answers of 100."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when it is missed. Default: none."""
    record: NotRequired[LatencyRecord]
    """The latency-based record of the geography. Default: none; there is one place that answers."""


class Geography(Component):
    """The latency that a part of the world sees, measured from inside it and alarmed at its objective.

    With a `record`, DNS sends those near it to the region that answers them, and to the nearest other one
    when that region is lost. This holds for every method: a CDN's own failover between origins would repeat
    GET, HEAD and OPTIONS only.
    """

    health_check_id: pulumi.Output[str]
    alarm_arn: pulumi.Output[str]

    def __init__(self, name: str, args: GeographyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (area := args["area"]) not in CHECKERS:
            self.reject("area", area, f"one of {', '.join(CHECKERS)}, where Route 53 measures from")
        if args["p99_ms"] < 1:
            self.reject("p99_ms", args["p99_ms"], "at least 1")

        check = aws.route53.HealthCheck(
            name,
            type="HTTPS",
            fqdn=args["host"],
            port=443,
            resource_path=args.get("path", "/"),
            enable_sni=True,
            measure_latency=True,
            request_interval=30,
            failure_threshold=3,
            tags={"Name": name},
            opts=self.child,
        )
        queries: Any = [
            *(_latency(f"m{i}", check.id, region) for i, region in enumerate(CHECKERS[area])),
            {
                "id": "slowest",
                "expression": "MAX(METRICS())",
                "label": f"{name}: p99 of the slowest checker",
                "return_data": True,
            },
        ]
        alarm = aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name} answers slower than its objective of {args['p99_ms']} ms p99",
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=args["p99_ms"],
            evaluation_periods=3,
            datapoints_to_alarm=3,
            treat_missing_data="breaching",  # nobody measures what cannot be reached
            alarm_actions=args.get("alarm_actions", []),
            ok_actions=args.get("alarm_actions", []),
            region=GLOBAL_REGION,  # where Route 53's metrics are
            opts=self.child,
        )
        if record := args.get("record"):
            answer: Any = {
                "name": record["target"],
                "zone_id": record["target_zone_id"],
                "evaluate_target_health": True,
            }
            aws.route53.Record(
                name,
                zone_id=record["zone_id"],
                name=record["name"],
                type="A",
                set_identifier=name,
                latency_routing_policies=[{"region": record.get("nearest_to", CHECKERS[area][0])}],
                health_check_id=record["health_check_id"],
                aliases=[answer],
                opts=self.child,
            )

        self.health_check_id = check.id
        self.alarm_arn = alarm.arn
        self.register_outputs({"health_check_id": self.health_check_id, "alarm_arn": self.alarm_arn})


def _latency(id: str, health_check_id: pulumi.Output[str], region: str) -> dict[str, Any]:
    return {
        "id": id,
        "metric": {
            "namespace": "AWS/Route53",
            "metric_name": "TimeToFirstByte",
            "dimensions": {"HealthCheckId": health_check_id, "Region": region},
            "stat": "p99",
            "period": 300,
        },
        "return_data": False,
    }
