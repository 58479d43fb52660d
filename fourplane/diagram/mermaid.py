"""A diagram as Mermaid text, which GitHub and many editors draw by themselves."""

from collections.abc import Iterator

from fourplane.diagram.colours import COLOURS, GREY, INK, ground
from fourplane.diagram.model import Arrow, Box, Model, Panel
from fourplane.planes import PLANES


def mermaid(model: Model) -> str:
    return "\n".join(["flowchart LR", *_lines(model)]) + "\n"


def _lines(model: Model) -> Iterator[str]:
    for plane in PLANES:
        ink = COLOURS.get(plane, GREY)
        yield f"    classDef {plane} fill:#FFFFFF,stroke:{ink},color:{INK}"
        yield f"    classDef {plane}_plane fill:{ground(plane)},stroke:{ink},color:{INK}"
    whole = len(model.panels) == 1
    for number, panel in enumerate(model.panels):
        if whole:
            yield from _boxes(panel, number)
            continue
        yield f"    subgraph p{number} [{_quoted(panel.title)}]"
        yield from _boxes(panel, number)
        yield "    end"
    for number, panel in enumerate(model.panels):
        ids = _ids(panel, number)
        for arrow in panel.arrows:
            line = _line(arrow, arrow.drawn or not model.compared)
            yield f"    {ids[arrow.source]} {line} {ids[arrow.target]}"


def _boxes(panel: Panel, number: int) -> Iterator[str]:
    ids = _ids(panel, number)
    for plane in PLANES:
        inside = [box for box in panel.boxes if box.plane == plane]
        if inside:
            yield f"        subgraph p{number}_{plane} [{plane}]"
            yield from (f"            {ids[box.id]}[{_text(box)}]:::{plane}" for box in inside)
            yield "        end"
            yield f"        class p{number}_{plane} {plane}_plane"


def _ids(panel: Panel, number: int) -> dict[str, str]:
    return {box.id: f"p{number}b{i}" for i, box in enumerate(panel.boxes)}


def _text(box: Box) -> str:
    told = [box.kind, box.technology, box.scale, *box.notes, *(row.text for row in box.rows)]
    return _quoted("<br>".join([f"<b>{_escaped(box.title)}</b>", *map(_escaped, filter(None, told))]), True)


def _line(arrow: Arrow, solid: bool) -> str:
    line = ("<-->" if arrow.both else "-->") if solid else ("<-.->" if arrow.both else "-.->")
    return f"{line}|{_quoted(arrow.label)}|" if arrow.label else line


def _quoted(text: str, escaped: bool = False) -> str:
    return f'"{text if escaped else _escaped(text)}"'


def _escaped(text: str) -> str:
    for char, entity in (("&", "#amp;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(char, entity)
    return text
