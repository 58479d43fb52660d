"""The diagram as a part of a page: its colours come from the page, and each box is a button."""

import re
from xml.etree import ElementTree as Xml

from fourplane.diagram import Box, Drawn

SVG = "{http://www.w3.org/2000/svg}"
ON_ITS_OWN = ("style", "rect", "text", "title")
"""What a picture that stands alone needs of its root, and the page has itself."""


def picture(drawn: Drawn) -> str:
    """The drawing without styles of its own. Text in it is masked already."""
    root = Xml.fromstring(drawn.svg)
    for one in list(root):
        if one.tag.removeprefix(SVG) in ON_ITS_OWN or one.get("class") == "legend":
            root.remove(one)
    for key in ("width", "height", "data-placed-by"):
        root.attrib.pop(key, None)
    told = {"id": "picture", "class": "picture", "role": "group", "aria-label": "Diagram", "tabindex": "-1"}
    root.attrib.update(told)
    boxes = {box.id: box for box in drawn.model.boxes()}
    for one in root.iter(f"{SVG}g"):
        kind = one.get("class", "").split()[0]
        if kind == "panel":
            _panel(one, drawn)
        elif kind == "box":
            _box(one, boxes[one.get("data-box", "")])
        elif kind == "arrow":
            one.set("aria-hidden", "true")  # the panel of each end tells it in words
            one.set("data-plane", boxes[one.get("data-from", "")].plane)
        elif kind == "plane-tab":
            one.set("aria-hidden", "true")
    for one in root.iter(f"{SVG}text"):
        one.attrib.pop("style", None)
    Xml.register_namespace("", SVG.strip("{}"))
    return re.sub(r"\n\s*", "\n", Xml.tostring(root, encoding="unicode"))


def _panel(one: Xml.Element, drawn: Drawn) -> None:
    panel = next(panel for panel in drawn.model.panels if panel.slug == one.get("data-panel"))
    one.attrib.update({"role": "group", "aria-label": panel.title})


def _box(one: Xml.Element, box: Box) -> None:
    told = ", ".join(filter(None, (box.title, box.kind, box.technology, box.scale, f"{box.plane} plane")))
    one.attrib.update({"role": "button", "tabindex": "-1", "aria-label": told, "aria-expanded": "false"})
    for hint in one.findall(f"{SVG}title"):
        one.remove(hint)
