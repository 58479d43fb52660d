"""How streams go, as players tell it."""

from pathlib import Path
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge.firewall import GLOBAL_REGION
from components.logs import log_group

CODE = Path(__file__).parent / "beacon" / "beacon.js"
FIELDS = ("start", "stalled", "watched", "bytes", "height")
"""What a line of the log says after the word "beacon", in this order."""
METRICS = {
    "VideoStart": ("$start", {"start": ">=0"}, "Milliseconds"),
    "Stalled": ("$stalled", {}, "Milliseconds"),
    "Watched": ("$watched", {}, "Milliseconds"),
    "Bytes": ("$bytes", {}, "Bytes"),
    "BytesIn4K": ("$bytes", {"height": ">=2160"}, "Bytes"),
}
"""What becomes a metric: the field, which lines, and its unit."""


class BeaconArgs(ComponentArgs):
    log_retention_days: NotRequired[int]
    """Days that single reports are kept. Default 30; the metrics are kept 15 months."""
    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key of the log, in us-east-1. Default: CloudWatch's own."""


class Beacon(Component):
    """A function at the edge that takes players' reports, and the metrics that they become.

    The metrics VideoStart, Stalled, Watched, Bytes and BytesIn4K are in us-east-1, where CloudFront's
    functions log from all locations. That log is delivered at best effort: they are a sample, not an account.
    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-functions-logs.html
    """

    function_arn: pulumi.Output[str]
    namespace: pulumi.Output[str]
    """The metrics' namespace."""

    def __init__(self, name: str, args: BeaconArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        called = f"{pulumi.get_stack()}-{name}"
        logs = log_group(
            self,
            name,
            group_name=f"/aws/cloudfront/function/{called}",  # the name that CloudFront writes to
            days=args.get("log_retention_days", 30),
            key_arn=args.get("key_arn"),
            region=GLOBAL_REGION,
        )
        function = aws.cloudfront.Function(
            name,
            name=called,
            runtime="cloudfront-js-2.0",
            comment="Takes what players report",
            code=CODE.read_text(encoding="utf-8"),
            publish=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
        for metric, (value, only, unit) in METRICS.items():
            aws.cloudwatch.LogMetricFilter(
                f"{name}-{metric.lower()}",
                log_group_name=logs.name,
                pattern=pattern(only),
                metric_transformation={
                    "name": metric,
                    "namespace": called,
                    "value": value,
                    "unit": unit,
                },
                region=GLOBAL_REGION,
                opts=self.child,
            )

        self.function_arn = function.arn
        self.namespace = pulumi.Output.from_input(called)
        self.register_outputs({"function_arn": self.function_arn, "namespace": self.namespace})


def pattern(only: dict[str, str]) -> str:
    """A metric filter for the function's lines, which CloudFront writes an id before."""
    fields = ", ".join(f"{field}{only.get(field, '')}" for field in FIELDS)
    return f"[..., word=beacon, {fields}]"
