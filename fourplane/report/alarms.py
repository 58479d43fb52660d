"""Which alarms look at what: by the names that their metrics' dimensions have."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.directory import NAMES, Directory, many
from fourplane.reach.events import ALARM, COMPOSITE

KEYS = ("arnSuffix", *NAMES)
COMPARED = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": "≥",
    "LessThanThreshold": "<",
    "LessThanLowerThreshold": "below the band",
    "LessThanOrEqualToThreshold": "≤",
    "GreaterThanUpperThreshold": "above the band",
}
TOPIC = "aws:sns/topic:Topic"
NAMES_ALONE = ("aws:iam/", "aws:ssm/", "aws:cloudwatch/")
"""Types whose names repeat those of what they are for, and have no metrics themselves."""


def watched(directory: Directory) -> dict[str, list[Resource]]:
    """The alarms of every component, by its URN: its own, and those that look at something of it."""
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for resource in directory.graph.values():
        if resource.custom and not resource.type.startswith(NAMES_ALONE):
            values = directory.values(resource)
            for text in {values.get(key) for key in KEYS if isinstance(values.get(key), str)}:
                named[str(text), resource.region].add(directory.of(resource))
    found: dict[str, list[Resource]] = defaultdict(list)
    for alarm, values in directory.all(ALARM, COMPOSITE):
        places = [named.get((text, alarm.region), set[str]()) for text in _dimensions(values)]
        for urn in sorted({directory.of(alarm)}.union(*places)):
            found[urn].append(alarm)
    return found


def told(directory: Directory, alarm: Resource) -> dict[str, Any]:
    """An alarm in words, and whom it tells."""
    values = directory.values(alarm)
    topics = [directory.named(arn, TOPIC) for arn in many(values.get("alarmActions"))]
    return {
        "name": alarm.name,
        "says": _says(values),
        "why": str(values.get("alarmDescription") or ""),
        "of": directory.of(alarm),
        "tells": sorted({directory.of(topic) for topic in topics if topic}),
    }


def _says(values: dict[str, Any]) -> str:
    if rule := values.get("alarmRule"):
        return str(rule)
    answer = next((one for one in _queries(values) if one.get("returnData")), {})
    what = _metric(values) or str(answer.get("expression") or _metric(answer.get("metric") or {}))
    compared = str(values.get("comparisonOperator"))
    limit = values.get("threshold")
    told = f"{what} {COMPARED.get(compared, compared)}" + (f" {limit:g}" if _number(limit) else "")
    period = values.get("period") or next((one["metric"].get("period") for one in _measured(values)), None)
    times = values.get("evaluationPeriods")
    told += f" for {times:g} × {period:g} s" if _number(times) and _number(period) else ""
    measured = sorted({_metric(one["metric"]) for one in _measured(values)}) if "expression" in answer else []
    return f"{told}, of {', '.join(measured)}" if measured else told


def _number(value: object) -> bool:
    return isinstance(value, (int, float))


def _metric(values: dict[str, Any]) -> str:
    name, how = values.get("metricName"), values.get("statistic") or values.get("extendedStatistic")
    return " ".join(str(one) for one in (values.get("namespace"), name, how) if one) if name else ""


def _queries(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in many(values.get("metricQueries")) if isinstance(one, dict)]


def _measured(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (one for one in _queries(values) if isinstance(one.get("metric"), dict))


def _dimensions(values: dict[str, Any]) -> set[str]:
    """What the metrics of an alarm are of."""
    measured = [values, *(one["metric"] for one in _measured(values))]
    return {str(text) for one in measured for text in (one.get("dimensions") or {}).values()}
