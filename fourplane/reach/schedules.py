"""Ways that time opens: what is made larger or smaller, and what is called, when an hour has come."""

from collections.abc import Iterator

from fourplane.graph import Resource
from fourplane.reach.directory import Directory, Way
from fourplane.reach.events import FUNCTION, MACHINE, ROLE
from fourplane.reach.grants import role_statements
from fourplane.reach.policies import actions, names

CALL = "aws:scheduler/schedule:Schedule"
RESIZE = "aws:autoscaling/schedule:Schedule"
KEEP = "aws:appautoscaling/scheduledAction:ScheduledAction"
GROUP = "aws:autoscaling/group:Group"
SCALED = (
    "aws:rds/cluster:Cluster",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:dynamodb/table:Table",
    FUNCTION,
)
MAY = {MACHINE: ("states", "states:StartExecution"), FUNCTION: ("lambda", "lambda:InvokeFunction")}


def schedule_ways(directory: Directory) -> Iterator[Way]:
    yield from _sizes(directory)
    yield from _calls(directory)


def _sizes(directory: Directory) -> Iterator[Way]:
    """What Auto Scaling, and Application Auto Scaling, do at a time."""
    for action, values in directory.all(RESIZE):
        if group := directory.named(values.get("autoscalingGroupName"), GROUP, beside=action):
            yield Way(directory.of(action), directory.of(group), "scheduled action", "autoscaling")
    for action, values in directory.all(KEEP):
        if scaled := _scaled(directory, action, str(values.get("resourceId"))):
            at = str(values.get("serviceNamespace"))
            yield Way(directory.of(action), directory.of(scaled), "scheduled action", at)


def _scaled(directory: Directory, action: Resource, id: str) -> Resource | None:
    """What "cluster:orders", "table/carts" or "function:suggest:live" is."""
    name = id.replace("/", ":").split(":")[1:2]
    return directory.named(name[0], *SCALED, beside=action) if name else None


def _calls(directory: Directory) -> Iterator[Way]:
    """What EventBridge Scheduler calls, with a role that may."""
    for schedule, values in directory.all(CALL):
        target = values.get("target") or {}
        called = directory.named(target.get("arn"), *MAY)
        role = directory.named(target.get("roleArn"), ROLE)
        if called is None or role is None or values.get("state") == "DISABLED":
            continue
        service, wanted = MAY[called.type]
        if any(
            one is role and names(statement, str(target["arn"])) and wanted in actions(statement, service)
            for one, statement in role_statements(directory)
        ):
            yield Way(directory.of(schedule), directory.of(called), "schedule", service)
