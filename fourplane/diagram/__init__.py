"""Diagrams of a stack, drawn from what it registers: as Mermaid text, SVG, PNG or a page of HTML."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fourplane.diagram.choose import model
from fourplane.diagram.geometry import Layout
from fourplane.diagram.layout import INSTALL, place, version
from fourplane.diagram.mermaid import mermaid
from fourplane.diagram.model import LEVELS, Arrow, Box, Model, Panel
from fourplane.diagram.svg import WIDTH, svg
from fourplane.errors import Failure, Mistake
from fourplane.graph import Graph
from fourplane.study import CaseStudy

__all__ = [
    "FORMATS", "LEVELS", "Arrow", "Box", "Drawn", "Model", "Panel", "draw", "mermaid", "model", "page", "png",
]  # fmt: skip
FORMATS = {"mermaid": (".mmd", ".mermaid"), "svg": (".svg",), "png": (".png",), "html": (".html", ".htm")}
"""The formats, and how files of each are called."""


@dataclass(frozen=True)
class Drawn:
    """A picture, what it shows, and where: for who makes more of it than a file."""

    svg: str
    model: Model
    layouts: tuple[Layout, ...]
    """Of each of the model's panels, in its own coordinates."""


def draw(graph: Graph, study: CaseStudy | None = None, level: str = "components") -> Drawn:
    """A stack's diagram as SVG, and its model, secrets hidden. Raises Mistake where Graphviz is absent."""
    found = model(graph, study, level)
    layouts = tuple(place(panel) for panel in found.panels)
    return Drawn(graph.mask(svg(found, layouts, version())), found, layouts)


def png(picture: str) -> bytes:
    """An SVG as PNG, 1600 wide or as wide as it is."""
    program = shutil.which("rsvg-convert")
    if program is None:
        raise Mistake(f"PNG needs librsvg, and there is no program 'rsvg-convert'; {INSTALL}")
    done = subprocess.run([program, "--format=png"], input=picture.encode(), capture_output=True)
    if done.returncode:
        raise Failure(f"rsvg-convert cannot draw it: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def page(drawn: Drawn) -> str:
    """An SVG as a page that needs nothing else."""
    from jinja2 import Environment

    template = (Path(__file__).parent / "page.html.j2").read_text(encoding="utf-8")
    told = drawn.model.title
    title = f"{drawn.model.stack}: {told}" if told else drawn.model.stack
    return Environment(autoescape=True).from_string(template).render(
        title=title, svg=drawn.svg, width=f"{WIDTH:g}"
    ) + "\n"  # fmt: skip
