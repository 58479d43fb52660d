"""A case study's arrows against the ways of a graph: which arrows are closed, and which ways nobody drew.

A stack in two regions has most components twice. An arrow joins each component with the one of its own
region; a component that stands in one region only, such as a distribution, is joined with those of both. So
an arrow from user to users draws the way from eu/user to eu/users, and none from eu/user to users at home.
Where each end is a box of one region, such as "eu/user" and "asia/user", it draws the way between the two.
A line of the platform list draws ways within a region, and between two only where it says both: from
"eu/user" to "home/users".
"""

from collections.abc import Iterator, Mapping
from functools import cached_property

from fourplane.errors import Mistake
from fourplane.explain import is_named, named
from fourplane.graph import Graph
from fourplane.planes import place, title
from fourplane.reach import AWS, INTERNET, Way, reach
from fourplane.reach.directory import Directory
from fourplane.study import Allowance, CaseStudy, Diagram, Named

Pair = tuple[str, str]
"""Two components by URN; what is outside of the stack is named as reach() has it."""


class Drawing:
    """What a case study draws, in the components of a graph."""

    def __init__(self, study: CaseStudy, graph: Graph) -> None:
        self._study, self._graph = study, graph
        self._directory = Directory(graph)

    @cached_property
    def ways(self) -> set[Way]:
        return reach(self._graph)

    @cached_property
    def arrows(self) -> dict[str, set[Pair]]:
        """The pairs of components that each built arrow joins: those of the resources that its nodes name."""
        found: dict[str, set[Pair]] = {}
        for diagram in self._study.diagrams.values():
            found |= self._arrows(diagram)
        return found

    def of_the_whole(self) -> set[Pair]:
        """What the arrows of the first diagram join, which is the complete architecture."""
        first = next(iter(self._study.diagrams.values()))
        return set[Pair]().union(*self._arrows(first).values())

    def _arrows(self, diagram: Diagram) -> dict[str, set[Pair]]:
        boxes = {id: self._boxes(node.claim.made_true_by) for id, node in diagram.nodes.items()}
        for name, ids in diagram.groups.items():
            boxes[name] = set[str]().union(*(boxes[id] for id in ids))
        found: dict[str, set[Pair]] = {}
        for one in diagram.arrows:
            if not one.claim.built or one.becomes:
                continue
            ends = (one.target, one.source) if one.fetched else (one.source, one.target)
            found[one.claim.what] = self._called(boxes, *ends)
            if one.both_ways:
                found[f"{one.claim.what}, and back"] = self._called(boxes, *ends[::-1])
        return found

    def _called(self, boxes: Mapping[str, set[str]], caller: str, called: str) -> set[Pair]:
        """The pairs of an arrow. It joins two regions where each of its ends is a box of one alone."""
        places = [{self._place(urn) for urn in boxes[end] if urn in self._graph} for end in (caller, called)]
        apart = all(len(there) == 1 for there in places) and places[0] != places[1]
        return self._joined(boxes[caller], boxes[called], apart)

    @cached_property
    def _within(self) -> set[str]:
        """The arrows whose ends are one program."""
        arrows = (one for diagram in self._study.diagrams.values() for one in diagram.arrows)
        return {one.claim.what for one in arrows if one.within}

    @cached_property
    def platform(self) -> dict[Pair, bool]:
        """The pairs that the platform list joins, and whether each must be open."""
        found: dict[Pair, bool] = {}
        for line in self._study.platform:
            for source in line.sources:
                for target in line.targets:
                    must = not source.optional and not target.optional
                    ends = [set(self._ends(line, end)) for end in (source, target)]
                    told = "/" in source and "/" in target  # both say where: so it is meant
                    for a, b in self._joined(ends[0], ends[1], told):
                        if told or self._beside(a, b):
                            found[a, b] = must or found.get((a, b), False)
        return found

    def closed(self) -> set[str]:
        """The arrows that are marked built and lead nowhere, in one region or in all."""
        open_ways = {(way.source, way.target) for way in self.ways}
        found: set[str] = set()
        for what, pairs in self.arrows.items():
            if what in self._within and any(a == b for a, b in pairs):
                continue
            places = set[str]().union(*map(self._places, pairs))
            for region in places or {""}:
                here = {pair for pair in pairs if region in self._places(pair)}
                if not here & open_ways:
                    found.add(f"{what} in {region}" if region else what)
        return found

    def undrawn(self) -> set[tuple[str, str, str, str]]:
        """Ways that no built arrow draws and the platform does not need, as (from, to, by, at)."""
        pairs = set[Pair]().union(*self.arrows.values()) | self.platform.keys()
        return {
            (*self._titles((way.source, way.target)), way.by, way.at)
            for way in self.ways
            if way.source != way.target and (way.source, way.target) not in pairs
        }

    def unneeded(self) -> set[Pair]:
        """Pairs of the platform list that no way of the stack uses, by title."""
        open_ways = {(way.source, way.target) for way in self.ways}
        return {self._titles(pair) for pair, must in self.platform.items() if must and pair not in open_ways}

    def _boxes(self, names: tuple[Named, ...]) -> set[str]:
        return {self._directory.of(one) for name in names for one in named(self._graph, name)}

    def _ends(self, line: Allowance, name: Named) -> Iterator[str]:
        """The boxes that a name of the platform list means, or itself for what is outside."""
        boxes = self._directory.boxes
        found = [urn for urn in boxes if is_named(self._graph, self._graph[urn], name)]
        outside = name in (INTERNET, AWS) or any(name in (way.source, way.target) for way in self.ways)
        if not found and not outside and not name.optional:
            where = f"{self._study.path}:{line.line}"
            raise Mistake(f"{where}: platform: no component of {self._graph.stack} is named '{name}'")
        yield from found or ([str(name)] if outside else [])

    def _joined(self, sources: set[str], targets: set[str], told: bool = False) -> set[Pair]:
        return {(a, b) for a in sources for b in targets if told or self._meet(a, b)}

    def _meet(self, a: str, b: str) -> bool:
        """Whether two components are of one region, or one of them has no twin in the other's."""
        if a not in self._graph or b not in self._graph:
            return True
        here, there = self._place(a), self._place(b)
        return here == there or not (self._stands(a, there) and self._stands(b, here))

    def _beside(self, a: str, b: str) -> bool:
        """Whether two components are of one region, or one of them is outside of all."""
        return a not in self._graph or b not in self._graph or self._place(a) == self._place(b)

    def _places(self, pair: Pair) -> set[str]:
        """The regions that an open pair serves: one that stands in one region only serves its partner's."""
        a, b = pair
        here, there = self._place(a), self._place(b)
        if here == there:
            return {here}
        return {there} if not self._stands(a, there) else {here}

    def _stands(self, urn: str, region: str) -> bool:
        """Whether a component, or one of its type and name, is in a region."""
        own = self._graph[urn]
        return (own.type, own.name, region) in self._twins

    @cached_property
    def _twins(self) -> set[tuple[str, str, str]]:
        found = (self._graph[urn] for urn in self._directory.boxes)
        return {(one.type, one.name, place(self._graph, one.urn)) for one in found}

    def _place(self, urn: str) -> str:
        return place(self._graph, urn)

    def _titles(self, pair: Pair) -> Pair:
        first, second = (title(self._graph, self._graph[end]) if end in self._graph else end for end in pair)
        return first, second


def closed(study: CaseStudy, graph: Graph) -> set[str]:
    return Drawing(study, graph).closed()


def undrawn(study: CaseStudy, graph: Graph) -> set[tuple[str, str, str, str]]:
    return Drawing(study, graph).undrawn()


def unneeded(study: CaseStudy, graph: Graph) -> set[Pair]:
    return Drawing(study, graph).unneeded()
