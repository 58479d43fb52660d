"""The components of a stack as boxes: which of them are one box, and what it says."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from fourplane.diagram.model import Box, Row
from fourplane.diagram.technology import told
from fourplane.explain import named
from fourplane.graph import Graph, Resource
from fourplane.planes import PLANES, is_region, kind, place, planes, title
from fourplane.reach import Way, reach
from fourplane.reach.directory import Directory
from fourplane.study import CaseStudy, Diagram

COMPONENTS = Path(__file__).parents[2] / "components"
Node = tuple[str, str]
"""A node of the case study: its diagram and its id."""


class Stack:
    """A graph made ready to be drawn: its components, their resources, and the ways between them."""

    def __init__(self, graph: Graph, study: CaseStudy | None = None) -> None:
        self.graph, self.study = graph, study
        self.directory = Directory(graph)
        self.components = [urn for urn in self.directory.boxes if self._is_component(graph[urn])]

    def _is_component(self, resource: Resource) -> bool:
        return not is_region(resource) and resource.package != "pulumi"

    @cached_property
    def ways(self) -> frozenset[Way]:
        return frozenset(reach(self.graph))

    @cached_property
    def planes(self) -> dict[str, str]:
        """The plane of every resource; of a component that nothing is tagged in, that of its class's file."""
        found = planes(self.graph)
        for urn in self.components:
            if found[urn] == "other":
                found[urn] = _folder(self.graph[urn])
        return found

    @cached_property
    def resources(self) -> dict[str, list[Resource]]:
        """What a cloud makes for each component."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.graph.values():
            if resource.custom and resource.package != "pulumi":
                found[self.directory.of(resource)].append(resource)
        return found

    @cached_property
    def named_by(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """The components that each diagram's nodes name, with the ids of those nodes, by the diagram."""
        diagrams = self.study.diagrams.items() if self.study else ()
        return {slug: self._named_by(diagram) for slug, diagram in diagrams}

    def _named_by(self, diagram: Diagram) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        for id, node in diagram.nodes.items():
            meant = (one for name in node.claim.made_true_by for one in named(self.graph, name))
            for urn in dict.fromkeys(map(self.directory.of, meant)):
                if self._is_component(self.graph[urn]):
                    found[urn].append(id)
        return {urn: tuple(found[urn]) for urn in self.components if urn in found}

    @cached_property
    def nodes(self) -> dict[str, frozenset[Node]]:
        """The case study's nodes that name each component."""
        found: dict[str, set[Node]] = defaultdict(set)
        for slug, known in self.named_by.items():
            for urn, ids in known.items():
                found[urn] |= {(slug, id) for id in ids}
        return {urn: frozenset(nodes) for urn, nodes in found.items()}

    @cached_property
    def labels(self) -> dict[Node, str]:
        diagrams = self.study.diagrams.items() if self.study else ()
        return {(slug, id): node.label for slug, one in diagrams for id, node in one.nodes.items()}

    def merged(self, urns: Iterable[str]) -> list[list[str]]:
        """Components that are one box: twins in two regions unless the case study tells them apart, and
        others of one kind that it names together wherever it names them."""
        twins: dict[tuple[str, str, frozenset[Node]], list[str]] = defaultdict(list)
        for urn in urns:
            one = self.graph[urn]
            twins[one.type, one.name, self._apart(urn)].append(urn)
        alike: dict[tuple[str, frozenset[Node] | str], list[str]] = defaultdict(list)
        for group in twins.values():
            nodes = frozenset[Node]().union(*(self.nodes.get(urn, frozenset()) for urn in group))
            alike[self.graph[group[0]].type, nodes or group[0]] += group
        return [sorted(group, key=lambda urn: place(self.graph, urn) != "") for group in alike.values()]

    def _apart(self, urn: str) -> frozenset[Node]:
        """The nodes of the whole architecture that name a component."""
        whole = next(iter(self.study.diagrams), "") if self.study else ""
        return frozenset(node for node in self.nodes.get(urn, ()) if node[0] == whole)

    def box(self, urns: Sequence[str], notes: Sequence[str] = (), rows: bool = False) -> Box:
        first = self.graph[urns[0]]
        nodes = frozenset[Node]().union(*(self.nodes.get(urn, frozenset()) for urn in urns))
        known = [told(self.graph, self.graph[urn], self.resources.get(urn, [])) for urn in urns]
        names = list(dict.fromkeys(self.graph[urn].name for urn in urns))
        places = {place(self.graph, urn) for urn in urns}
        scale = [known[0].scale] if known[0].scale else []
        if len(names) > 1:
            scale.insert(0, f"{len(names)} of these")
        if len(places) > 1:
            scale.append(f"{len(places)} regions")
        return Box(
            id=title(self.graph, first),
            plane=self.planes[first.urn],
            title=title(self.graph, first) if len(names) == 1 else together(names),
            kind=kind(first),
            technology=known[0].technology,
            scale=" · ".join(scale),
            urns=tuple(urns),
            nodes=tuple(sorted({self.labels[node] for node in nodes})),
            notes=tuple(notes),
            rows=self._rows(urns) if rows else (),
        )

    def _rows(self, urns: Sequence[str]) -> tuple[Row, ...]:
        found = [one for urn in urns for one in self.resources.get(urn, [])]
        return tuple(sorted((Row(one.urn, f"{kind(one)} {one.name}") for one in found), key=lambda r: r.text))


def _folder(component: Resource) -> str:
    """The plane whose folder a component's class is in: components/control/jaeger.py for Jaeger."""
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", component.type.rpartition(":")[2]).lower()
    return next((one for one in PLANES if (COMPONENTS / one / f"{file}.py").is_file()), "other")


def together(names: Sequence[str]) -> str:
    """Several names as one: "cart-orders, -products, -stock"."""
    ordered = sorted(names)
    start = ordered[0].rpartition("-")[0]
    shared = bool(start) and all(name.startswith(f"{start}-") for name in ordered)
    rest = [name.removeprefix(start) if shared else name for name in ordered[1:]]
    return ", ".join([ordered[0], *rest])


def ids(boxes: Mapping[str, Box]) -> dict[str, Box]:
    """Boxes whose ids are all different: a second one of a name says its kind."""
    count: dict[str, int] = defaultdict(int)
    for box in boxes.values():
        count[box.id] += 1
    return {
        urn: replace(box, id=f"{box.kind} {box.id}") if count[box.id] > 1 else box
        for urn, box in boxes.items()
    }
