"""`fourplane diagram`: a picture of a stack, drawn from what it registers."""

import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Overrides, Stack
from fourplane.errors import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fourplane.graph import Graph
    from fourplane.project import Project, Settings
    from fourplane.study import CaseStudy


def diagram(
    stack: Stack,
    overrides: Overrides = None,
    format: Annotated[
        str | None,
        typer.Option(metavar="mermaid|svg|png|html", help="Default: what FILE's name says, or else mermaid."),
    ] = None,
    level: Annotated[
        str,
        typer.Option(
            metavar="planes|components|resources",
            help="Four planes, the case study's components, or everything.",
        ),
    ] = "components",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: stdout.")
    ] = None,
) -> None:
    """Draw a stack: boxes and arrows, by plane, from what it registers. Nothing is deployed."""
    from fourplane import diagram as drawing
    from fourplane import engine, project
    from fourplane.cli import show
    from fourplane.preview import Preview

    format = _format(format, output)
    _known("level", level, drawing.LEVELS)
    if output is not None:
        _writable(output)
    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    study = _study(found, name, settings)
    graph = engine.run(found, name, settings, Preview(), preview=True)
    show.warnings(settings, graph)
    _write(_drawn(graph, study, level, format), output)


def _format(format: str | None, output: Path | None) -> str:
    from fourplane.diagram import FORMATS

    if format is not None:
        _known("format", format, FORMATS)
    suffix = output.suffix.lower() if output else ""
    named = next((one for one, suffixes in FORMATS.items() if suffix in suffixes), "")
    if suffix and not named and format is None:
        known = ", ".join(suffix for suffixes in FORMATS.values() for suffix in suffixes)
        raise Mistake(f"-o {output}: no format is called '{suffix}'; known: {known}; or say --format")
    if format and suffix and suffix not in FORMATS[format]:
        raise Mistake(f"-o {output} must end in {' or '.join(FORMATS[format])} for --format {format}")
    chosen = format or named or "mermaid"
    if chosen == "png" and output is None:
        raise Mistake("a PNG needs a file: say -o FILE.png")
    return chosen


def _known(what: str, value: str, known: "Iterable[str]") -> None:
    listed = list(known)
    if value not in listed:
        near = get_close_matches(value, listed, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise Mistake(f"no {what} '{value}'; {hint}known: {', '.join(listed)}")


def _writable(output: Path) -> None:
    """Told before anything is run."""
    if output.is_dir():
        raise Mistake(f"-o {output} is a folder; it must be a file")
    if not output.parent.is_dir():
        raise Mistake(f"-o {output} cannot be written: there is no folder {output.parent}")


def _study(found: "Project", stack: str, settings: "Settings") -> "CaseStudy | None":
    """The company's case study; a stack of another project has none, and is drawn all the same."""
    from fourplane import case_study

    if not case_study.path(found, stack).is_file():
        return None
    return case_study.read(found, stack).under(settings.named)


def _drawn(graph: "Graph", study: "CaseStudy | None", level: str, format: str) -> bytes:
    from fourplane import diagram as drawing

    if format == "mermaid":
        return graph.mask(drawing.mermaid(drawing.model(graph, study, level))).encode()
    drawn = drawing.draw(graph, study, level)
    if format == "png":
        return drawing.png(drawn.svg)
    return (drawing.page(drawn) if format == "html" else drawn.svg).encode()


def _write(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(content.decode())
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise Mistake(f"-o {output} cannot be written: {error.strerror}") from None
