"""What a cloud holds for an event, as the calls that it makes in its time, and what they change."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

Client = Callable[[str, str], Any]
"""A boto3 client for a service and a region."""
BEGIN, END = "begin", "end"
NAMESPACES = ("dynamodb", "ecs", "elasticache", "lambda", "rds")
"""What Application Auto Scaling is asked for: it answers for one service at a time."""
UNIVERSAL = re.compile(r"arn:[^:]*:scheduler:::aws-sdk:([^:]+):([^:]+)")


@dataclass(frozen=True, eq=False)
class Action:
    """One call at one time, "<event>.<what>.<tier>"."""

    name: str
    at: datetime
    region: str
    service: str
    call: str
    request: Mapping[str, Any]

    @property
    def what(self) -> str:
        return self.name.split(".")[1]

    @property
    def tier(self) -> str:
        """What it makes larger or smaller; "" for what it does besides."""
        return ".".join(self.name.split(".")[2:])

    @property
    def told(self) -> str:
        """What it says, in short."""
        sizes = [str(value) for value in _inside(self.request) if isinstance(value, int)]
        if self.service == "dynamodb":
            return f"warm for {' reads, '.join(sizes)} writes"
        return " to ".join(dict.fromkeys(sizes)) or f"{self.service}:{self.call}"

    def carry_out(self, client: Client) -> str:
        """Make the call; what the cloud said against it, "" where it did."""
        try:
            getattr(client(self.service, self.region), self.call)(**self.request)
        except ClientError as error:
            said = error.response.get("Error", {})
            return f"{said.get('Code')}: {said.get('Message')}"
        return ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "at": self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region,
            "call": f"{self.service}:{self.call}",
            "request": dict(self.request),
        }


def scheduled(client: Client, region: str, event: str) -> Iterator[Action]:
    """Every action of an event that a region holds."""
    for kind in (_of_groups, _of_targets, _of_schedules):
        yield from kind(client, region, f"{event}.")


def _of_groups(client: Client, region: str, prefix: str) -> Iterator[Action]:
    asked = client("autoscaling", region).get_paginator("describe_scheduled_actions").paginate()
    for one in (one for page in asked for one in page["ScheduledUpdateGroupActions"]):
        if one["ScheduledActionName"].startswith(prefix):
            sizes = {key: one[key] for key in ("MinSize", "MaxSize", "DesiredCapacity") if key in one}
            request = {"AutoScalingGroupName": one["AutoScalingGroupName"], **sizes}
            yield Action(
                one["ScheduledActionName"],
                one["StartTime"].astimezone(UTC),
                region,
                "autoscaling",
                "update_auto_scaling_group",
                request,
            )


def _of_targets(client: Client, region: str, prefix: str) -> Iterator[Action]:
    pages = client("application-autoscaling", region).get_paginator("describe_scheduled_actions")
    for namespace in NAMESPACES:
        for one in (
            one for page in pages.paginate(ServiceNamespace=namespace) for one in page["ScheduledActions"]
        ):
            if one["ScheduledActionName"].startswith(prefix):
                place = {key: one[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
                yield Action(
                    one["ScheduledActionName"],
                    _once(one["Schedule"]),
                    region,
                    "application-autoscaling",
                    "register_scalable_target",
                    {**place, **one["ScalableTargetAction"]},
                )


def _of_schedules(client: Client, region: str, prefix: str) -> Iterator[Action]:
    scheduler = client("scheduler", region)
    for page in scheduler.get_paginator("list_schedules").paginate(NamePrefix=prefix):
        for listed in page["Schedules"]:
            one = scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])
            arn, said = one["Target"]["Arn"], one["Target"].get("Input", "{}")
            if universal := UNIVERSAL.fullmatch(arn):
                service, call = universal[1], xform_name(universal[2])
                request: Mapping[str, Any] = json.loads(said)
            else:
                service, call = "stepfunctions", "start_execution"
                request = {"stateMachineArn": arn, "input": said}
            yield Action(one["Name"], _once(one["ScheduleExpression"]), region, service, call, request)


def _once(expression: str) -> datetime:
    """The time of "at(2030-07-16T07:00:00)"."""
    return datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")")).replace(tzinfo=UTC)


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _inside(inner)
    else:
        yield value


@dataclass(frozen=True)
class Capacity:
    """What a tier has: what is there, and between what it is kept."""

    ready: int
    least: int
    most: int

    def __str__(self) -> str:
        kept = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return kept if self.ready == self.least else f"{self.ready}, kept at {kept}"

    def as_json(self) -> dict[str, int]:
        return {"ready": self.ready, "least": self.least, "most": self.most}


def capacities(client: Client, action: Action) -> dict[str, Capacity]:
    """What there is, by tier, of what an action changes; nothing where that is not there."""
    found = {"autoscaling": _group, "application-autoscaling": _target, "dynamodb": _table}
    if action.service not in found or not action.tier:
        return {}
    try:
        return found[action.service](client, action)
    except (ClientError, IndexError):
        return {}


def _group(client: Client, action: Action) -> dict[str, Capacity]:
    name = action.request["AutoScalingGroupName"]
    asked = client("autoscaling", action.region).describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    found = asked["AutoScalingGroups"][0]
    running = [one for one in found["Instances"] if one["LifecycleState"] == "InService"]
    return {action.tier: Capacity(len(running), found["MinSize"], found["MaxSize"])}


def _target(client: Client, action: Action) -> dict[str, Capacity]:
    """What Application Auto Scaling keeps is there: that it starts replicas and shards is AWS's own."""
    place = {key: action.request[key] for key in ("ServiceNamespace", "ScalableDimension")}
    asked = client("application-autoscaling", action.region).describe_scalable_targets(
        **place, ResourceIds=[action.request["ResourceId"]]
    )
    found = asked["ScalableTargets"][0]
    least, most = found["MinCapacity"], found["MaxCapacity"]
    return {action.tier: Capacity(least, least, most)}


def _table(client: Client, action: Action) -> dict[str, Capacity]:
    asked = client("dynamodb", action.region).describe_table(TableName=action.request["TableName"])
    warm = asked["Table"].get("WarmThroughput", {})
    units = {
        "reads": int(warm.get("ReadUnitsPerSecond", 0)),
        "writes": int(warm.get("WriteUnitsPerSecond", 0)),
    }
    return {f"{action.tier}-{way}": Capacity(some, some, some) for way, some in units.items()}
