"""Where everything of a panel stands, asked of Graphviz: sizes are ours, so no font changes a drawing."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from fourplane.diagram.geometry import Frame, Layout, Path, Point, place_labels
from fourplane.diagram.model import Arrow, Box, Panel
from fourplane.diagram.text import cut, width, wrapped
from fourplane.errors import Failure, Mistake
from fourplane.planes import PLANES

TITLE, BODY, LABEL = 13.0, 11.0, 11.0
LINE = {TITLE: 17.0, BODY: 14.0}
NARROWEST, WIDEST, PADDING = 120.0, 190.0, 9.0
ROOM = 1560.0
"""The width that a panel may have, of a picture of 1600."""
HEADER = 20.0
INCH = 72.0
INSTALL = "apt-get install graphviz librsvg2-bin (brew install graphviz librsvg)"


@dataclass(frozen=True)
class Line:
    """One line of text in a box."""

    text: str
    role: str
    """ "title", "kind", "technology", "scale", "note" or "row"."""
    urn: str = ""

    @property
    def size(self) -> float:
        return TITLE if self.role == "title" else BODY

    @property
    def width(self) -> float:
        return width(self.text, self.size, self.role == "title")


def lines(box: Box) -> list[Line]:
    """The text of a box."""
    inner = WIDEST - 2 * PADDING
    found = [Line(text, "title") for text in wrapped(box.title, TITLE, inner, bold=True)]
    for role, told in (("kind", box.kind), ("technology", box.technology), ("scale", box.scale)):
        found += [Line(text, role) for text in wrapped(told, BODY, inner)]
    found += [Line(text, "note") for note in box.notes for text in wrapped(note, BODY, inner)]
    wide = inner + (140 if box.rows else 0)
    return found + [Line(cut(row.text, BODY, wide), "row", row.urn) for row in box.rows]


def size(box: Box) -> tuple[float, float]:
    text = lines(box)
    wide = max(NARROWEST, 2 * PADDING + max(line.width for line in text))
    return wide, 2 * PADDING + sum(LINE[line.size] for line in text)


def place(panel: Panel) -> Layout:
    """A panel's layout: from left to right, or from top to bottom where that does not fit."""
    found = _asked(panel, "LR")
    if found.width <= ROOM or any(box.rows for box in panel.boxes):  # a box of all its resources fits nowhere
        return found
    upright = _asked(panel, "TB")
    return min((found, upright), key=lambda one: one.width)


def _asked(panel: Panel, direction: str) -> Layout:
    done = _run("-Tjson", _dot(panel, direction))
    if done.returncode:
        raise Failure(f"dot cannot place {panel.slug}: {done.stderr.strip()}", done.stderr)
    return _read(panel, json.loads(done.stdout))


def version() -> str:
    """Which Graphviz places boxes here: another one may do it otherwise."""
    found = re.search(r"version (\S+)", _run("-V").stderr)
    return f"graphviz {found[1]}" if found else "graphviz"


def _run(option: str, text: str = "") -> subprocess.CompletedProcess[str]:
    dot = shutil.which("dot")
    if dot is None:
        raise Mistake(f"drawing needs Graphviz, and there is no program 'dot'; {INSTALL}")
    return subprocess.run([dot, option], input=text, capture_output=True, text=True)


def _dot(panel: Panel, direction: str) -> str:
    ids = {box.id: f"n{i}" for i, box in enumerate(panel.boxes)}
    met = {end for arrow in panel.arrows for end in (arrow.source, arrow.target)}
    text = [
        f"digraph {{ rankdir={direction}; nodesep=0.22; ranksep=0.32; compound=true; labeljust=l;",
        'node [shape=box fixedsize=true label=""]; edge [arrowsize=0.8];',
    ]
    for plane in PLANES:
        inside = [box for box in panel.boxes if box.plane == plane]
        if inside:
            text.append(f"subgraph cluster_{plane} {{ margin=12; label={_blank(60, HEADER)};")
            text += [_node(ids[box.id], box) for box in inside]
            alone = [ids[box.id] for box in inside if box.id not in met]
            text += [f"{a} -> {b} [style=invis]" for row in rows(alone) for a, b in pairwise(row)]
            text.append("}")
    for i, arrow in enumerate(panel.arrows):
        kind = f"id=a{i} label={_blank(*label_size(arrow))} dir={'both' if arrow.both else 'forward'}"
        weight = 3 if arrow.drawn else 1
        text.append(f"{ids[arrow.source]} -> {ids[arrow.target]} [{kind} weight={weight}];")
    return "\n".join([*text, "}"])


def rows(alone: Sequence[str]) -> Iterator[Sequence[str]]:
    """Boxes that nothing leads to, in rows: one below the other they would be the longest thing of all."""
    long = 1 if len(alone) < 3 else 2 if len(alone) < 7 else 3
    yield from (alone[i : i + long] for i in range(0, len(alone), long))


def _node(id: str, box: Box) -> str:
    wide, high = size(box)
    return f"{id} [width={wide / INCH:.3f} height={high / INCH:.3f}];"


def label_size(arrow: Arrow) -> tuple[float, float]:
    return width(arrow.label, LABEL) + 6, LABEL + 4


def _blank(wide: float, high: float) -> str:
    """A label of a size, with nothing in it."""
    table = (
        f'BORDER="0" CELLPADDING="0" CELLSPACING="0" FIXEDSIZE="TRUE" WIDTH="{wide:.0f}" HEIGHT="{high:.0f}"'
    )
    return f"<<TABLE {table}><TR><TD></TD></TR></TABLE>>"


def _read(panel: Panel, told: Mapping[str, Any]) -> Layout:
    _, _, wide, high = map(float, told["bb"].split(","))
    found = Layout(wide, high)
    objects = {one["name"]: one for one in told["objects"]}
    for i, box in enumerate(panel.boxes):
        x, y = _point(objects[f"n{i}"]["pos"], high)
        w, h = size(box)
        found.boxes[box.id] = Frame(x - w / 2, y - h / 2, w, h)
    for plane in PLANES:
        if one := objects.get(f"cluster_{plane}"):
            left, low, right, top = map(float, one["bb"].split(","))
            found.planes[plane] = Frame(left, high - top, right - left, top - low)
    edges = {one["id"]: one for one in told.get("edges", ()) if "id" in one}
    for i, arrow in enumerate(panel.arrows):
        found.arrows[arrow.id] = _path(edges[f"a{i}"], high)
    sizes = {arrow.id: label_size(arrow) for arrow in panel.arrows if arrow.label}
    loops = {arrow.id for arrow in panel.arrows if arrow.source == arrow.target}
    place_labels(found, sizes, loops)
    return found


def _path(edge: Mapping[str, Any], high: float) -> Path:
    points: list[Point] = []
    ends: dict[str, Point] = {}
    for text in edge["pos"].split():
        if text[:2] in ("e,", "s,"):
            ends[text[0]] = _point(text[2:], high)
        else:
            points.append(_point(text, high))
    head = [points[-1], ends["e"]] if "e" in ends else []
    tail = [points[0], ends["s"]] if "s" in ends else []
    return Path(points, head, tail)


def _point(text: str, high: float) -> Point:
    x, y = map(float, text.split(",")[:2])
    return x, high - y
