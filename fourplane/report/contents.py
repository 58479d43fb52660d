"""What the page tells of each component, as data: one entry a box, which a click on it opens."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from fourplane.chaos.needs import DEGRADED, ELSEWHERE, LOST, WORKS, WORST_FIRST, Finding
from fourplane.cost.bill import Item
from fourplane.diagram import Box
from fourplane.diagram.boxes import Stack, ids
from fourplane.diagram.labels import label
from fourplane.planes import PLANES, home, kind, title
from fourplane.reach import AWS, INTERNET, Way
from fourplane.report import alarms
from fourplane.report.faults import Struck
from fourplane.report.seen import Seen
from fourplane.report.settings import settings

PAGE = re.compile(r" ?\((https?://[^\s()]+)\)$")
OUTSIDE = {INTERNET: "the internet", AWS: "AWS"}


class Contents:
    """Every box of a stack: those of the diagrams, and the components that no diagram shows."""

    def __init__(self, seen: Seen) -> None:
        self.seen, self.graph = seen, seen.graph
        self.stack = Stack(seen.graph, seen.study)

    @cached_property
    def boxes(self) -> dict[str, Box]:
        """By id. What two panels show of one box stands together."""
        found: dict[str, Box] = {}
        for panel in self.seen.drawn.model.panels:
            for box in panel.boxes:
                before = found.get(box.id, box)
                found[box.id] = replace(box, urns=tuple(dict.fromkeys((*before.urns, *box.urns))), notes=())
        shown = {urn for box in found.values() for urn in box.urns}
        groups = self.stack.merged(urn for urn in self.stack.components if urn not in shown)
        for box in ids({group[0]: self.stack.box(group) for group in groups}).values():
            id = f"{box.kind} {box.id}" if box.id in found else box.id
            found[id] = replace(box, id=id)
        return dict(sorted(found.items(), key=lambda one: (PLANES.index(one[1].plane), one[0])))

    @cached_property
    def box_of(self) -> dict[str, str]:
        """The box of each component, by its URN: the first that has it."""
        found: dict[str, str] = {}
        for id, box in self.boxes.items():
            for urn in box.urns:
                found.setdefault(urn, id)
        return found

    def box_around(self, urn: str) -> str:
        """The box that a resource is in; "" for what is in none."""
        one = self.graph.resources.get(urn)
        return self.box_of.get(self.stack.directory.of(one), "") if one else ""

    def as_json(self) -> dict[str, Any]:
        boxes = {id: self._box(id, box) for id, box in self.boxes.items()}
        drawn = {box.id for box in self.seen.drawn.model.boxes()}
        told = {
            "name": self.graph.stack,
            "title": self.seen.study.title if self.seen.study else "",
            "region": home(self.graph),
            "panels": [{"slug": one.slug, "title": one.title} for one in self.seen.drawn.model.panels],
            "asked": len(self.seen.verdict.rules) if self.seen.verdict else 0,
            "faults": [
                {"key": one.key, "title": one.title, "survives": one.survives, "told": one.told}
                for one in self.seen.struck
            ],
        }
        for id, box in boxes.items():
            box["drawn"] = id in drawn
        return {"stack": told, "boxes": boxes}

    def _box(self, id: str, box: Box) -> dict[str, Any]:
        told = {key: getattr(box, key) for key in ("title", "plane", "kind", "technology", "scale")}
        return {
            **told,
            "nodes": list(box.nodes),
            "in": list(self._arrows(self._into.get(id, {}))),
            "out": list(self._arrows(self._out_of.get(id, {}))),
            "loss": self._loss(id),
            "faults": {one.key: self.fault(one, box) for one in self.seen.struck},
            "alarms": [self._alarm(one) for urn in box.urns for one in self._watched.get(urn, ())],
            "usd": self.usd(box),
            "rules": list(self._rules(id)),
            "resources": [self._resource(one.urn) for one in self._resources(box)],
        }

    def _resources(self, box: Box) -> Iterator[Any]:
        for urn in box.urns:
            yield from self.stack.resources.get(urn, ())

    def _resource(self, urn: str) -> dict[str, Any]:
        one, item = self.graph[urn], self._items.get(urn)
        return {
            "urn": urn,
            "kind": kind(one),
            "name": title(self.graph, one),
            "region": one.region,
            "protect": one.protect,
            "at": one.declared_at,
            "simulated": one.simulated,
            "settings": self._settings[urn],
            "usd": float(item.usd) if item else None,
            "lines": [line.as_json() for line in item.lines] if item else [],
            "free": item.free if item else "",
            "unpriced": item.unpriced if item else "",
        }

    @cached_property
    def _settings(self) -> dict[str, list[list[str]]]:
        return settings(self.graph, (one for one in self.graph.values() if one.custom))

    # Money

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.resource.urn: item for item in self.seen.bill.items} if self.seen.bill else {}

    def usd(self, box: Box) -> float | None:
        """What a box costs in a month; None where nobody asked."""
        if self.seen.bill is None:
            return None
        return float(self.seen.bill.of({one.urn for one in self._resources(box)}))

    # Arrows

    @cached_property
    def _between(self) -> dict[tuple[str, str], set[Way]]:
        """The ways between two boxes, or a box and the outside."""
        found: dict[tuple[str, str], set[Way]] = defaultdict(set)
        for way in self.stack.ways:
            ends = tuple(self.box_of.get(end, end) for end in (way.source, way.target))
            if ends[0] != ends[1]:
                found[ends[0], ends[1]].add(way)
        return found

    @cached_property
    def _into(self) -> dict[str, dict[str, set[Way]]]:
        found: dict[str, dict[str, set[Way]]] = defaultdict(dict)
        for (source, target), ways in self._between.items():
            found[target][source] = ways
        return found

    @cached_property
    def _out_of(self) -> dict[str, dict[str, set[Way]]]:
        found: dict[str, dict[str, set[Way]]] = defaultdict(dict)
        for (source, target), ways in self._between.items():
            found[source][target] = ways
        return found

    def _arrows(self, ends: Mapping[str, set[Way]]) -> Iterator[dict[str, Any]]:
        for other in sorted(ends):
            told = sorted({f"{way.by}: {way.at}" for way in ends[other]})
            known = other in self.boxes
            name = self.boxes[other].title if known else OUTSIDE.get(other, other)
            yield {
                "box": other if known else "",
                "name": name,
                "label": label(ends[other]),
                "ways": told,
            }

    def _loss(self, id: str) -> dict[str, list[str]]:
        """Who calls a box, and who calls those, and so on: all that may go without an answer."""
        direct = sorted(one for one in self._into.get(id, {}) if one in self.boxes)
        seen, waiting = {id, *direct}, list(direct)
        while waiting:
            more = {one for one in self._into.get(waiting.pop(), {}) if one in self.boxes} - seen
            seen |= more
            waiting += more
        return {"direct": direct, "beyond": sorted(seen - {id, *direct})}

    # Alarms, rules, faults

    @cached_property
    def _watched(self) -> dict[str, list[Any]]:
        return alarms.watched(self.stack.directory)

    def _alarm(self, one: Any) -> dict[str, Any]:
        told = alarms.told(self.stack.directory, one)
        told["of"] = self.box_of.get(told["of"], "")
        return {**told, "tells": [self.box_of[urn] for urn in told["tells"] if urn in self.box_of]}

    def _rules(self, id: str) -> Iterator[dict[str, Any]]:
        for one in self.seen.verdict.violations if self.seen.verdict else ():
            if one.urn and self.box_around(one.urn) == id:
                resource = self.graph[one.urn]
                named = f"{kind(resource)} {title(self.graph, resource)}"
                yield {**one.as_json(), "name": named, "mend": mend(one.remediation)}

    def fault(self, struck: Struck, box: Box) -> dict[str, Any]:
        """How a box is after a fault, and what of it is how: "apart" for what is in no zone."""
        wholes = [self._whole(struck, urn) for urn in box.urns]
        states = [state for state, _ in wholes if state]
        worst = min(states, key=WORST_FIRST.index, default="")
        if worst == LOST and set(states) != {LOST}:
            worst = DEGRADED  # it stands in another region
        parts = [part for _, some in wholes for part in some if part[2] != ELSEWHERE]
        return {"state": "apart" if worst == WORKS and not parts else worst, "parts": parts}

    def _whole(self, struck: Struck, urn: str) -> tuple[str, list[list[str]]]:
        """A component with its parts. One that is over regions goes on without a part that was in one."""
        found = {one: struck.findings[one] for one in self._below(urn) if one in struck.findings}
        counted = list(found.values())
        if urn in found and found[urn].state != LOST:
            counted = [finding for finding in counted if finding.state != LOST]
        worst = min((one.state for one in counted), key=WORST_FIRST.index, default="")
        told = sorted(found.items(), key=lambda one: WORST_FIRST.index(one[1].state))
        return worst, [self._part(one, finding) for one, finding in told]

    def _below(self, urn: str) -> Iterator[str]:
        yield urn
        for child in self.graph.children(urn):
            if not child.custom:
                yield from self._below(child.urn)

    def _part(self, urn: str, finding: Finding) -> list[str]:
        return [title(self.graph, self.graph[urn]), finding.state, finding.has, finding.needs, finding.why]


def mend(text: str) -> dict[str, str]:
    """What would mend something, and the page that says more."""
    found = PAGE.search(text)
    return {"text": PAGE.sub("", text), "url": found[1] if found else ""}
