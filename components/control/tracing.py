"""Requests followed through all that they cause: AWS X-Ray."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.component import ComponentArgs
from components.policies import region_of

LONGEST_NAME = 32
"""Of a rule or a group: https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html"""
LAST_PRIORITY = 9999
ACTIONS = (
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
)


class Sampling(TypedDict):
    """Which requests of a service are traced, where nobody before it has decided."""

    per_second: NotRequired[int]
    """Requests that are traced in each second, whatever the load, by all of its machines. Default 1, as X-Ray
    does it."""
    percent: NotRequired[float]
    """Of the others, how many are traced. Default 5, as X-Ray does it."""
    paths: NotRequired[str]
    """Paths that it is for, with * and ?. Default "*"."""


class TracingArgs(ComponentArgs):
    services: Mapping[str, Sampling]
    """Services whose requests are traced, by the name that their segments have: their component's."""
    slow_seconds: NotRequired[float]
    """Time of a request from which it is slow. Default 2."""
    groups: NotRequired[Mapping[str, str]]
    """More groups of traces, by name: X-Ray's filter expressions. Each has metrics, and insights into what
    went wrong in it. Default: none but "faults" and "slow"."""
    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that traces are encrypted with: all of the account's in this region, and still when the stack
    is gone. Default: X-Ray's own."""


class Tracing(Store):
    """Sampling rules for services, and groups of the traces that somebody should look at.

    A service with an arrow to it sends its own segments: where it is an AutoScalingService, `traced` gives
    each machine an agent for that. X-Ray finds what is unusual in a group by itself, and tells EventBridge.
    """

    announced = False  # AWS's own name leads there
    group_arns: pulumi.Output[dict[str, str]]

    def __init__(self, name: str, args: TracingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        for number, (service, sampling) in enumerate(args["services"].items(), 1):
            aws.xray.SamplingRule(
                f"{name}-{service}",
                rule_name=self._named(service),
                priority=100 * number,
                service_name=service,
                reservoir_size=sampling.get("per_second", 1),
                fixed_rate=sampling.get("percent", 5) / 100,
                url_path=sampling.get("paths", "*"),
                host="*",
                http_method="*",
                service_type="*",
                resource_arn="*",
                version=1,
                opts=self.child,
            )
        groups = {
            group: aws.xray.Group(
                f"{name}-{group}",
                group_name=self._named(group),
                filter_expression=expression,
                insights_configuration={"insights_enabled": True, "notifications_enabled": True},
                opts=self.child,
            )
            for group, expression in self._groups(args).items()
        }
        if "key_arn" in args:
            aws.xray.EncryptionConfig(name, type="KMS", key_id=args["key_arn"], opts=self.child)

        self.group_arns = pulumi.Output.all(**{group: made.arn for group, made in groups.items()})
        self.address = pulumi.Output.format("xray.{}.amazonaws.com:443", region_of(groups["faults"].arn))
        self.register_outputs({"group_arns": self.group_arns, "address": self.address})

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """To send segments, and to learn which requests are traced. None of these takes a resource:
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html"""
        return [{"Sid": "Traces", "Effect": "Allow", "Action": list(ACTIONS), "Resource": "*"}]

    def _named(self, part: str) -> str:
        """A name of its own in the account, where another stack may have the same parts."""
        return f"{pulumi.get_stack()}-{self.name}-{part}"

    def _groups(self, args: TracingArgs) -> dict[str, str]:
        slow = args.get("slow_seconds", 2)
        of = [f'service("{service}")' for service in args["services"]]
        return {
            "faults": " OR ".join(f"{service} {{ fault }}" for service in of),
            "slow": " OR ".join(f"{service} {{ responsetime > {slow:g} }}" for service in of),
            **args.get("groups", {}),
        }

    def _check(self, args: TracingArgs) -> None:
        services = args["services"]
        if not 1 <= len(services) <= LAST_PRIORITY // 100:
            self.reject("services", sorted(services), f"1 to {LAST_PRIORITY // 100} services")
        for service, sampling in services.items():
            if not 0 <= (percent := sampling.get("percent", 5)) <= 100:
                self.reject(f"services '{service}' percent", percent, "0 to 100")
            if (per_second := sampling.get("per_second", 1)) < 0:
                self.reject(f"services '{service}' per_second", per_second, "at least 0")
        if (slow := args.get("slow_seconds", 2)) <= 0:
            self.reject("slow_seconds", slow, "over 0")
        for part in (*services, *self._groups(args)):
            if len(whole := self._named(part)) > LONGEST_NAME:
                spare = LONGEST_NAME - len(whole) + len(self.name)
                wanted = f"of {max(spare, 0)} letters at most, so that '{whole}' has {LONGEST_NAME}"
                self.reject("name", self.name, wanted)
