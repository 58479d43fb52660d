"""Ways from what is watched to those who act on it: an alarm, its runbook, and a dashboard."""

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.balancers import BALANCER
from fourplane.reach.directory import Directory, Way, many, texts
from fourplane.reach.events import ALARM, COMPOSITE, ROLE, RULE, TARGET
from fourplane.reach.grants import role_statements
from fourplane.reach.places import ZONE, Places
from fourplane.reach.policies import actions, names

DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
DOCUMENT = "aws:ssm/document:Document"
START = "ssm:StartAutomationExecution"
TELL, NAMESPACE = "cloudwatch:PutMetricData", "cloudwatch:namespace"
SEND, SAMPLING = "xray:PutTraceSegments", "aws:xray/samplingRule:SamplingRule"


def watching_ways(directory: Directory) -> Iterator[Way]:
    yield from _runbooks(directory)
    yield from _dashboards(directory)
    yield from _measures(directory)
    yield from _traces(directory)


def _runbooks(directory: Directory) -> Iterator[Way]:
    """From an alarm to the automation that a rule of its region starts, with a role that may."""
    for entry, values in directory.all(TARGET):
        rule = directory.named(values.get("rule"), RULE, beside=entry)
        document = _automation(directory, entry, str(values.get("arn")))
        if rule is None or document is None or directory.values(rule).get("state") == "DISABLED":
            continue
        if not _may_start(directory, values):
            continue
        for text in texts(_json(directory.values(rule).get("eventPattern"))):
            alarm = directory.named(text, ALARM, COMPOSITE)
            if alarm and alarm.region == rule.region:
                yield Way(directory.of(alarm), directory.of(document), "alarm event", START)


def _automation(directory: Directory, near: Resource, arn: str) -> Resource | None:
    """The document of "arn:…:automation-definition/<document>:<version>"."""
    _, found, definition = arn.partition(":automation-definition/")
    return directory.named(definition.partition(":")[0], DOCUMENT, beside=near) if found else None


def _may_start(directory: Directory, target: dict[str, Any]) -> bool:
    """Whether the role that a rule's target is called with may start it."""
    role = directory.named(target.get("roleArn"), ROLE)
    return any(
        one is role and names(statement, str(target.get("arn"))) and START in actions(statement, "ssm")
        for one, statement in role_statements(directory)
    )


def _dashboards(directory: Directory) -> Iterator[Way]:
    """From the alarms, the balancers and the zones whose metrics a dashboard shows."""
    places = Places(directory)
    balancers = {values.get("arnSuffix"): balancer for balancer, values in directory.all(BALANCER)}
    for dashboard, values in directory.all(DASHBOARD):
        here = directory.of(dashboard)
        for widget in many((_json(values.get("dashboardBody")) or {}).get("widgets")):
            for text in texts(widget):
                if alarm := directory.named(text, ALARM, COMPOSITE) if text.startswith("arn:") else None:
                    yield Way(directory.of(alarm), here, "dashboard", "alarm")
            for line in many(widget.get("properties", {}).get("metrics")):
                said = [part for part in line if isinstance(part, str)]
                dimensions = dict(zip(said[2::2], said[3::2], strict=False))
                for box in places.boxes({dimensions[ZONE]} if ZONE in dimensions else ()):
                    yield Way(box, here, "dashboard", said[1])
                if balancer := balancers.get(dimensions.get("LoadBalancer")):
                    yield Way(directory.of(balancer), here, "dashboard", said[1])


def _measures(directory: Directory) -> Iterator[Way]:
    """From who may tell the metrics of a namespace to the alarms of its region that look at them."""
    looking = [(alarm, one) for alarm, values in directory.all(ALARM) for one in _namespaces(values)]
    for role, statement in role_statements(directory):
        told = many(((statement.get("Condition") or {}).get("StringEquals") or {}).get(NAMESPACE))
        for alarm, namespace in looking:
            here = alarm.region == role.region and namespace in told
            if here and TELL in many(statement.get("Action")):
                yield Way(directory.of(role), directory.of(alarm), "metrics", TELL)


def _namespaces(alarm: dict[str, Any]) -> set[Any]:
    """Those of the metrics that an alarm looks at, or does its math with."""
    queried = (query.get("metric") for query in many(alarm.get("metricQueries")))
    return {one.get("namespace") for one in (alarm, *filter(None, queried))} - {None}


def _traces(directory: Directory) -> Iterator[Way]:
    """From a service that may send segments to the rule that says which of its requests are traced."""
    rules = list(directory.all(SAMPLING))
    for role, statement in role_statements(directory) if rules else ():
        sender = directory.of(role)
        for rule, values in rules:
            meant = fnmatch.fnmatchcase(directory.graph[sender].name, str(values.get("serviceName")))
            if meant and SEND in many(statement.get("Action")):
                yield Way(sender, directory.of(rule), "traces", SEND)


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None
