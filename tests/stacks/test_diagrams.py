"""The stacks' diagrams: the case study's boxes and arrows, nothing on top of anything, no drift."""

import functools
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from fourplane import case_study, diagram, explain, project
from fourplane.diagram.geometry import Frame
from fourplane.diagram.text import width
from fourplane.planes import is_region
from fourplane.reach import reach
from fourplane.reach.directory import Directory
from tests.stacks.conftest import previewed

FOLDER = Path("docs/diagrams")
STUDIED = sorted(path.stem for path in Path("stacks/case_studies").glob("*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"
SIZES = {"title": 13, "heading": 18, "panel-title": 15}
NUMBERS = re.compile(r' (?:[xydwh]|width|height|points|viewBox|data-placed-by)="[^"]*"')


@functools.cache
def read(stack):
    found = project.find()
    return case_study.read(found, stack).under(project.settings(found, stack, []).named)


@functools.cache
def model(stack):
    return diagram.model(previewed(stack), read(stack))


@functools.cache
def drawn(stack):
    return diagram.draw(previewed(stack), read(stack))


@pytest.fixture(params=STUDIED)
def stack(request):
    return f"{request.param}-prod"


@pytest.fixture
def root(stack, program):
    program("dot", "graphviz")
    return Xml.fromstring(drawn(stack).svg)


def components(stack):
    """The components behind each node of each diagram of the case study."""
    graph, study = previewed(stack), read(stack)
    directory, proof = Directory(graph), explain.prove(study, graph)
    return {
        slug: {
            id: {urn for one in proof[node.claim] if not is_region(graph[urn := directory.of(one)])}
            for id, node in one.nodes.items()
        }
        for slug, one in study.diagrams.items()
    }


def test_a_panel_shows_the_boxes_of_its_diagram_and_no_others(stack):
    shown = {one.slug: {urn for box in one.boxes for urn in box.urns} for one in model(stack).panels}
    wanted = {slug: set().union(*nodes.values()) for slug, nodes in components(stack).items()}
    assert shown == {slug: urns for slug, urns in wanted.items() if urns}


def test_a_panel_shows_the_arrows_of_its_diagram(stack):
    study, wanted = read(stack), components(stack)
    missing, expected = [], {panel.slug: set() for panel in model(stack).panels}
    for panel in model(stack).panels:
        box = {urn: one.id for one in panel.boxes for urn in one.urns}
        pairs = {pair for one in panel.arrows if one.drawn for pair in ends(one)}
        study_of = study.diagrams[panel.slug]
        for arrow in study_of.arrows:
            if not arrow.claim.built or arrow.becomes:
                continue
            tails, heads = (
                {box[urn] for id in study_of.groups.get(end, (end,)) for urn in wanted[panel.slug][id]}
                for end in (arrow.source, arrow.target)
            )
            joined = {(a, b) for a in tails for b in heads}
            back = {(b, a) for a, b in joined}
            joined = joined | back if arrow.both_ways else back if arrow.fetched else joined
            expected[panel.slug] |= joined
            if not joined & pairs and not (arrow.within and tails & heads):
                missing.append(arrow.claim.what)
        assert pairs <= expected[panel.slug]
    assert missing == []


def ends(arrow):
    yield arrow.source, arrow.target
    if arrow.both:
        yield arrow.target, arrow.source


def test_every_arrow_is_a_way_that_is_open(stack):
    ways = reach(previewed(stack))
    for panel in model(stack).panels:
        urns = {box.id: set(box.urns) for box in panel.boxes}
        for arrow in panel.arrows:
            assert arrow.ways and set(arrow.ways) <= ways
            assert {way.source for way in arrow.ways} <= urns[arrow.source] | urns[arrow.target]


def frame(rect):
    return Frame(*(float(rect.get(key)) for key in ("x", "y", "width", "height")))


def test_nothing_stands_on_anything(root):
    for panel in root.iterfind(f"{SVG}g[@class='panel']"):
        boxes = {one.get("id"): frame(one.find(f"{SVG}rect")) for one in kind(panel, "box")}
        tabs = {one.get("data-plane"): frame(one.find(f"{SVG}rect")) for one in kind(panel, "plane-tab")}
        arrows = [*kind(panel, "arrow"), *kind(panel, "arrow beside")]
        labels = {a.get("id"): frame(r) for a in arrows if (r := a.find(f"{SVG}rect")) is not None}
        things = [*boxes.items(), *tabs.items(), *labels.items()]
        assert [(a, b) for (a, first), (b, second) in combinations(things, 2) if first.overlaps(second)] == []
        tips = [tip(one.get("points")) for arrow in arrows for one in arrow.iterfind(f"{SVG}polygon")]
        assert [id for id, one in labels.items() if any(map(one.holds, tips))] == []
        for one in [*kind(panel, "box"), *arrows]:
            around = one.find(f"{SVG}rect")
            for text in one.iterfind(f"{SVG}text") if around is not None else ():
                assert within(frame(around), text), text.text


def tip(points):
    x, y = points.split()[0].split(",")
    return float(x), float(y)


def kind(panel, name):
    return panel.iterfind(f"{SVG}g[@class='{name}']")


def within(around, text):
    role = text.get("class")
    wide = width(text.text, SIZES.get(role, 11), role == "title")
    x, y = float(text.get("x")), float(text.get("y"))
    return around.x < x and x + wide < around.x + around.width and around.y < y < around.y + around.height


def test_it_is_legible_at_1600(root):
    assert float(root.get("width")) == 1600


def test_an_arrow_leads_from_box_to_box_and_through_none(root):
    for panel in root.iterfind(f"{SVG}g[@class='panel']"):
        boxes = {one.get("data-box"): frame(one.find(f"{SVG}rect")) for one in kind(panel, "box")}
        for arrow in [*kind(panel, "arrow"), *kind(panel, "arrow beside")]:
            points = on_the_way(arrow.find(f"{SVG}path").get("d"))
            own = [boxes[arrow.get(key)] for key in ("data-from", "data-to")]
            assert near(own[0], points[0]) and near(own[1], points[-1])
            others = {id: one for id, one in boxes.items() if one not in own}
            assert {id for id, one in others.items() if any(one.holds(point) for point in points)} == set()


def on_the_way(path):
    """The end points of a curve's pieces, and their middles."""
    known = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.]+,[-\d.]+", path)]
    found = known[::3]
    for i in range(0, len(known) - 1, 3):
        a, b, c, d = known[i : i + 4]
        found.insert(-1, tuple((w + 3 * x + 3 * y + z) / 8 for w, x, y, z in zip(a, b, c, d, strict=True)))
    return found


def near(one, point):
    return Frame(one.x - 14, one.y - 14, one.width + 28, one.height + 28).holds(point)


def test_ids_are_of_one_thing_each(root):
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert {id for id, count in Counter(ids).items() if count > 1} == set()
    graph = previewed(root.get("data-stack"))
    assert all(one.get("data-urn") in graph for one in root.iter() if one.get("data-box"))


def test_the_committed_diagram_is_of_the_stack_as_it_is(stack, root):
    company = stack.removesuffix("-prod")
    command = f"fourplane diagram {stack} -o {FOLDER / company}.svg"
    file = FOLDER / f"{company}.svg"
    assert file.is_file(), f"run: {command}"
    known, now = file.read_text(encoding="utf-8"), drawn(stack).svg
    if Xml.fromstring(known).get("data-placed-by") != root.get("data-placed-by"):
        known, now = NUMBERS.sub("", known), NUMBERS.sub("", now)  # another Graphviz, other places
    assert [a for a, b in zip(known.splitlines(), now.splitlines(), strict=False) if a != b][:3] == [], (
        command
    )
    assert known == now, command
