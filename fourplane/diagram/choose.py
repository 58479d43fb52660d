"""What each level shows of a stack: four planes, the case study's components, or every resource."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from fourplane.diagram.boxes import Stack, ids
from fourplane.diagram.labels import label
from fourplane.diagram.model import Arrow, Box, Model, Panel
from fourplane.drawn import Drawing, Pair
from fourplane.graph import Graph
from fourplane.planes import PLANES
from fourplane.reach import Way
from fourplane.study import CaseStudy

MANY = 3
"""As many arrows of one label to one box, or out of one, are told in the box instead of drawn."""
BESIDE = ("network", "other")
"""Planes that no case study has: ways to and from what is in them are left to level resources."""


def model(graph: Graph, study: CaseStudy | None = None, level: str = "components") -> Model:
    """What a diagram of a stack shows. Without a case study, level components is one panel of all of them."""
    stack = Stack(graph, study)
    panels = {"planes": _planes, "components": _components, "resources": _resources}[level](stack)
    return Model(graph.stack, study.title if study else "", level, tuple(panels))


def _planes(stack: Stack) -> list[Panel]:
    of = {urn: stack.planes[urn] for urn in stack.components}
    count = Counter(of.values())
    made = Counter(of[urn] for urn, found in stack.resources.items() if urn in of for _ in found)
    boxes: list[Box] = []
    for plane in [one for one in PLANES if count[one]]:
        kinds = Counter(stack.graph[urn].type.split(":")[-1] for urn, own in of.items() if own == plane)
        most = ", ".join(
            f"{n} {kind}" for kind, n in sorted(kinds.items(), key=lambda kn: (-kn[1], kn[0]))[:4]
        )
        told = f"{count[plane]} components", f"{made[plane]} resources"
        urns = tuple(urn for urn, own in of.items() if own == plane)
        boxes.append(Box(plane, plane, f"{plane} plane", told[0], told[1], most, urns))
    between: dict[Pair, set[Way]] = defaultdict(set)
    for way in stack.ways:
        if way.source in of and way.target in of and of[way.source] != of[way.target]:
            between[of[way.source], of[way.target]].add(way)
    return [Panel("planes", "Planes", tuple(boxes), tuple(_between(between)))]


def _between(ways: dict[Pair, set[Way]]) -> Iterable[Arrow]:
    """One arrow between two planes, from the one that calls more."""
    for (a, b), there in sorted(ways.items()):
        back = ways.get((b, a), set[Way]())
        if (len(_pairs(there)), a) > (len(_pairs(back)), b):
            count = len(_pairs(there))
            told = f"{count} arrows" if count > 1 else "1 arrow"
            told += f", {len(_pairs(back))} back" if back else ""
            yield Arrow(a, b, told, tuple(sorted(there | back)), both=bool(back))


def _pairs(ways: Iterable[Way]) -> set[Pair]:
    return {(way.source, way.target) for way in ways}


def _components(stack: Stack) -> list[Panel]:
    if stack.study is None:
        return [_panel(stack, "components", "Components", stack.components, set())]
    panels: list[Panel] = []
    for slug, diagram in stack.study.diagrams.items():
        alone = replace(stack.study, diagrams={slug: diagram})
        pairs = set[Pair]().union(*Drawing(alone, stack.graph).arrows.values())
        if urns := list(stack.named_by[slug]):
            panels.append(_panel(stack, slug, slug.replace("-", " ").capitalize(), urns, pairs))
    return panels


def _resources(stack: Stack) -> list[Panel]:
    boxes = ids({urn: stack.box([urn], rows=True) for urn in stack.components})
    arrows = _arrows(stack, {urn: box.id for urn, box in boxes.items()}, set(), {urn for urn in boxes})
    return [Panel("resources", "Resources", _ordered(boxes.values()), arrows)]


def _panel(stack: Stack, slug: str, name: str, urns: list[str], pairs: set[Pair]) -> Panel:
    groups = stack.merged(urns)
    first = {urn: group[0] for group in groups for urn in group}
    boxes = ids({group[0]: stack.box(group) for group in groups})
    inner = {urn for urn in urns if boxes[first[urn]].plane not in BESIDE}
    arrows = _arrows(stack, {urn: boxes[one].id for urn, one in first.items()}, pairs, inner)
    drawn, notes = _told(arrows)
    noted = (replace(box, notes=tuple(notes[box.id])) for box in boxes.values())
    return Panel(slug, name, _ordered(noted), drawn)


def _ordered(boxes: Iterable[Box]) -> tuple[Box, ...]:
    return tuple(sorted(boxes, key=lambda box: (PLANES.index(box.plane), box.id)))


def _arrows(stack: Stack, of: dict[str, str], pairs: set[Pair], inner: set[str]) -> tuple[Arrow, ...]:
    """The arrows between boxes: those that a case study draws, and others between components of `inner`."""
    ways: dict[Pair, set[Way]] = defaultdict(set)
    drawn: set[Pair] = set()
    for way in stack.ways:
        if way.source not in of or way.target not in of:
            continue
        ends = of[way.source], of[way.target]
        told = (way.source, way.target) in pairs
        if way.source == way.target and not told:  # among the pods of one workload
            continue
        if told or {way.source, way.target} <= inner:
            ways[ends].add(way)
            drawn |= {ends} if told else set()
    found = [Arrow(*ends, label(ways[ends]), tuple(sorted(ways[ends])), drawn=ends in drawn) for ends in ways]
    return tuple(sorted(_both(found), key=lambda arrow: (arrow.source, arrow.target)))


def _both(arrows: list[Arrow]) -> Iterable[Arrow]:
    """Two arrows that say the same, there and back, as one with two heads."""
    known = {(one.source, one.target): one for one in arrows}
    for one in arrows:
        back = known.get((one.target, one.source))
        if one.source == one.target or back is None or back.label != one.label:
            yield replace(one, both=one.source == one.target and _mutual(one))
        elif one.source < one.target:
            ways = tuple(sorted({*one.ways, *back.ways}))
            yield replace(one, ways=ways, both=True, drawn=one.drawn or back.drawn)


def _mutual(arrow: Arrow) -> bool:
    """Whether the parts of one box call each other: a database's copies in two regions."""
    pairs = {(way.source, way.target) for way in arrow.ways}
    return any((b, a) in pairs for a, b in pairs if a != b)


def _told(arrows: tuple[Arrow, ...]) -> tuple[tuple[Arrow, ...], dict[str, list[str]]]:
    """The arrows to draw, and what each box says of those that are not: too many of a kind."""
    beside = [arrow for arrow in arrows if not arrow.drawn and arrow.source != arrow.target]
    into = Counter((arrow.target, arrow.label) for arrow in beside)
    notes: dict[str, list[str]] = defaultdict(list)
    for (target, told), count in sorted(into.items()):
        if count >= MANY:
            notes[target].append(f"← {count} more: {told}")
    left = [arrow for arrow in beside if into[arrow.target, arrow.label] < MANY]
    out: dict[str, list[Arrow]] = defaultdict(list)
    for arrow in left:
        out[arrow.source].append(arrow)
    for source, found in sorted(out.items()):
        if len(found) > MANY:
            words = sorted({arrow.label.partition(" ×")[0] for arrow in found})
            notes[source].append(f"→ {len(found)} more: {', '.join(words)}")
    hidden = {arrow.id for arrow in beside} - {arrow.id for arrow in left if len(out[arrow.source]) <= MANY}
    return tuple(arrow for arrow in arrows if arrow.id not in hidden), notes
