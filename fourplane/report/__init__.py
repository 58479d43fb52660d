"""A stack as one page that needs nothing else: diagram, case study, bill, rules and faults."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fourplane.report.contents import Contents
from fourplane.report.faults import Struck, strikes
from fourplane.report.picture import picture
from fourplane.report.seen import Seen
from fourplane.report.sheets import sheets

__all__ = ["Seen", "Struck", "page", "strikes"]
HERE = Path(__file__).parent
STYLES = ("report.css", "picture.css", "sheets.css")
SCRIPTS = ("elements.js", "canvas.js", "marks.js", "panel.js", "search.js", "report.js")


def page(seen: Seen) -> str:
    """The whole page, secrets hidden: its styles, its programs and its data are in it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["usd"] = lambda usd: f"{usd:,.2f}"
    contents = Contents(seen)
    told = seen.graph.masked({"data": contents.as_json(), "sheets": sheets(seen, contents)})
    return environment.from_string(_read("report.html.j2")).render(
        picture=picture(seen.drawn),
        styles="\n".join(map(_read, STYLES)),
        scripts="\n".join(map(_read, SCRIPTS)),
        data=_embedded(told["data"]),
        **{key: told["data"]["stack"][key] for key in ("name", "title", "panels")},
        **told["sheets"],
    )


def _read(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _embedded(data: Mapping[str, Any]) -> str:
    """JSON that can stand in a script: nothing in it ends the element."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
