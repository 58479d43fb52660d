"""A diagram as SVG.

Every box is a <g class="box"> and every arrow a <g class="arrow">: with an id that stays while the names do,
data-box or data-from and data-to (ids of boxes, which repeat where two panels show one component), and
data-urn, the component's URN; of more components than one, data-urns has them all, separated by spaces.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as Xml

from fourplane.diagram.colours import GREY, INK, PAPER, colour, ground, readable
from fourplane.diagram.geometry import TAB, Frame, Layout, Path, Point
from fourplane.diagram.layout import BODY, LABEL, LINE, PADDING, TITLE, lines
from fourplane.diagram.model import Arrow, Box, Model, Panel
from fourplane.diagram.text import width

WIDTH, MARGIN, GAP, HEADING, FOOT = 1600.0, 20.0, 28.0, 30.0, 34.0
FONTS = "'DejaVu Sans', Verdana, 'Segoe UI', Helvetica, Arial, sans-serif"
WAYS_TOLD = 12
"""Ways of an arrow that its tooltip lists."""
STYLE = f"""
text {{ font-family: {FONTS}; font-size: {BODY:g}px; fill: {INK}; white-space: pre; }}
.heading {{ font-size: 18px; font-weight: bold; }} .panel-title {{ font-size: 15px; font-weight: bold; }}
.title {{ font-size: {TITLE:g}px; font-weight: bold; }} .plane-name {{ font-weight: bold; }}
.kind, .note {{ fill: #44505C; }} .note {{ font-style: italic; }}
.arrow path {{ fill: none; stroke-width: 1.8; }} .beside path {{ stroke-dasharray: 5 4; stroke-width: 1.2; }}
.panel-frame {{ fill: {PAPER}; stroke: #C9D1D9; }}
"""


def svg(model: Model, layouts: Sequence[Layout], placed_by: str) -> str:
    """The whole picture, 1600 wide unless a panel is wider, which only level resources' may be."""
    places = list(_shelves(layouts))
    wide = max([WIDTH, *(frame.x + frame.width + MARGIN for frame in places)])
    high = max(frame.y + frame.height for frame in places) + FOOT + MARGIN
    root = Xml.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {_n(wide)} {_n(high)}",
        "width": _n(wide), "height": _n(high), "role": "img", "data-stack": model.stack,
        "data-level": model.level, "data-placed-by": placed_by,
    })  # fmt: skip
    told = f"{model.stack}: {model.title}" if model.title else model.stack
    Xml.SubElement(root, "title").text = told
    Xml.SubElement(root, "style").text = STYLE
    Xml.SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": PAPER})
    _text(root, MARGIN, MARGIN + 16, told, "heading")
    for panel, layout, frame in zip(model.panels, layouts, places, strict=True):
        _panel(root, panel, layout, frame, model.compared)
    _legend(root, high - MARGIN, model.compared)
    Xml.indent(root, space="")
    return Xml.tostring(root, encoding="unicode") + "\n"


def slug(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _shelves(layouts: Sequence[Layout]) -> Iterator[Frame]:
    """Panels in their order, side by side as long as they fit."""
    x, y, tallest = MARGIN, MARGIN + HEADING + 6, 0.0
    for layout in layouts:
        wide, high = layout.width + 2 * PADDING, layout.height + HEADING + PADDING
        if x > MARGIN and x + wide > WIDTH - MARGIN:
            x, y, tallest = MARGIN, y + tallest + GAP, 0.0
        yield Frame(x, y, wide, high)
        x, tallest = x + wide + GAP, max(tallest, high)


def _panel(root: Xml.Element, panel: Panel, layout: Layout, frame: Frame, compared: bool) -> None:
    group = Xml.SubElement(root, "g", {"class": "panel", "id": slug(panel.slug), "data-panel": panel.slug})
    _rect(group, frame, {"class": "panel-frame", "rx": "8"})
    _text(group, frame.x + PADDING, frame.y + 20, panel.title, "panel-title")
    dx, dy = frame.x + PADDING, frame.y + HEADING
    for plane, place in layout.planes.items():
        ink = {"fill": ground(plane), "stroke": colour(plane), "rx": "4"}
        _rect(group, place.moved(dx, dy), {"class": "plane", "data-plane": plane, **ink})
    planes = {box.id: box.plane for box in panel.boxes}
    paths = {id: _moved(path, dx, dy) for id, path in layout.arrows.items()}
    for arrow in panel.arrows:
        solid = arrow.drawn or not compared
        _arrow(group, panel, arrow, paths[arrow.id], colour(planes[arrow.source]) if solid else "")
    for plane, place in layout.planes.items():
        _tab(group, plane, place.moved(dx, dy))
    for box in panel.boxes:
        _box(group, panel, box, layout.boxes[box.id].moved(dx, dy))


def _tab(group: Xml.Element, plane: str, frame: Frame) -> None:
    """A plane's name, above any arrow that comes by."""
    one = Xml.SubElement(group, "g", {"class": "plane-tab", "data-plane": plane})
    tab = Frame(frame.x, frame.y, min(frame.width, TAB[0]), TAB[1] - 1)
    _rect(one, tab, {"fill": colour(plane), "rx": "3"})
    text = _text(one, tab.x + 8, tab.y + 14, plane, "plane-name")
    text.set("style", f"fill: {readable(colour(plane))}")


def _box(group: Xml.Element, panel: Panel, box: Box, frame: Frame) -> None:
    known = {"class": "box", "id": f"{slug(panel.slug)}.{slug(box.id)}", "data-box": box.id}
    known |= {"data-plane": box.plane, "data-urn": box.urns[0] if box.urns else ""}
    if len(box.urns) > 1 and box.kind:
        known["data-urns"] = " ".join(box.urns)
    one = Xml.SubElement(group, "g", known)
    Xml.SubElement(one, "title").text = "\n".join([f"{box.kind} {box.title}".strip(), *box.nodes])
    _rect(one, frame, {"fill": PAPER, "stroke": colour(box.plane), "stroke-width": "1.4", "rx": "4"})
    y = frame.y + PADDING - 3.5
    for line in lines(box):
        y += LINE[line.size]
        text = _text(one, frame.x + PADDING, y, line.text, line.role)
        if line.urn:
            text.set("data-urn", line.urn)


def _arrow(group: Xml.Element, panel: Panel, arrow: Arrow, path: Path, ink: str) -> None:
    """One arrow in its colour; without one, it is beside the case study."""
    one = Xml.SubElement(group, "g", {
        "class": "arrow" if ink else "arrow beside",
        "id": f"{slug(panel.slug)}.{slug(arrow.id)}", "data-from": arrow.source, "data-to": arrow.target,
        "data-label": arrow.label,
    })  # fmt: skip
    told = sorted({f"{way.by}: {way.at}" for way in arrow.ways})
    more = [f"and {len(told) - WAYS_TOLD} more"] if len(told) > WAYS_TOLD else []
    ends = f"{arrow.source} {'↔' if arrow.both else '→'} {arrow.target}"
    Xml.SubElement(one, "title").text = "\n".join([ends, *told[:WAYS_TOLD], *more])
    ink = ink or GREY
    start, *rest = path.points
    curve = f"M{_at(start)}C" + " ".join(map(_at, rest))
    Xml.SubElement(one, "path", {"d": curve, "stroke": ink})
    for head in (path.head, path.tail):
        if head:
            Xml.SubElement(one, "polygon", {"points": _head(*head), "fill": ink})
    if path.label:
        _rect(one, path.label, {"fill": PAPER, "fill-opacity": "0.85", "rx": "2"})
        _text(one, path.label.x + 3, path.label.y + LABEL, arrow.label, "label")


def _head(base: Point, tip: Point) -> str:
    """An arrow's head: a triangle on the curve's end."""
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    side = 0.42
    corners = tip, (base[0] - dy * side, base[1] + dx * side), (base[0] + dy * side, base[1] - dx * side)
    return " ".join(map(_at, corners))


def _legend(root: Xml.Element, y: float, compared: bool) -> None:
    one = Xml.SubElement(root, "g", {"class": "legend"})
    told = [(True, "as the case study draws it"), (False, "a way besides")] if compared else []
    x = MARGIN
    for drawn, text in told:
        group = Xml.SubElement(one, "g", {"class": "arrow" if drawn else "arrow beside"})
        Xml.SubElement(group, "path", {"d": f"M{_n(x)},{_n(y - 4)}h40", "stroke": INK if drawn else GREY})
        _text(group, x + 50, y, text, "label")
        x += 80 + width(text, LABEL)
    _text(one, x, y, "Whoever calls is at an arrow's tail, whichever way content flows.", "label")


def _moved(path: Path, dx: float, dy: float) -> Path:
    points, head, tail = ([(x + dx, y + dy) for x, y in one] for one in (path.points, path.head, path.tail))
    return Path(points, head, tail, path.label.moved(dx, dy) if path.label else None)


def _at(point: Point) -> str:
    return f"{_n(point[0])},{_n(point[1])}"


def _rect(parent: Xml.Element, frame: Frame, more: Mapping[str, str]) -> None:
    at = {"x": frame.x, "y": frame.y, "width": frame.width, "height": frame.height}
    Xml.SubElement(parent, "rect", {**{key: _n(value) for key, value in at.items()}, **more})


def _text(parent: Xml.Element, x: float, y: float, text: str, role: str) -> Xml.Element:
    one = Xml.SubElement(parent, "text", {"x": _n(x), "y": _n(y), "class": role})
    one.text = text
    return one
