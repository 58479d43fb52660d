"""`fourplane report`: everything that is known of a stack, as one page."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fourplane.cli.options import Overrides, Stack
from fourplane.errors import Mistake

if TYPE_CHECKING:
    from fourplane.graph import Graph
    from fourplane.policy_pack import Pack
    from fourplane.project import Project, Settings
    from fourplane.report import Struck
    from fourplane.study import CaseStudy

Step = Callable[[str], None]
PACK = "policy"


def report(
    stack: Stack,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder for the page.")],
    overrides: Overrides = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Deploy nothing, and leave out what faults would do. Faster.")
    ] = False,
) -> None:
    """Write DIR/STACK.html: the diagram, the case study, the bill, the rules and the faults of a stack.

    The page needs nothing else, no network either. The stack is deployed into the embedded cloud.
    """
    from fourplane import policy_pack, project
    from fourplane.cli import show

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    file = _writable(output) / f"{name}.html"
    pack = found.root / PACK
    with steps(name) as step, policy_pack.running(pack) if pack.is_dir() else nullcontext() as running:
        text = _page(found, name, settings, preview, running, step)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritable(output, error) from None
    show.lines([str(file)])


def _writable(folder: Path) -> Path:
    """Told before anything is run."""
    if folder.exists() and not folder.is_dir():
        raise Mistake(f"-o {folder} is a file; it must be a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    if not os.access(folder, os.W_OK):
        raise Mistake(f"-o {folder} cannot be written: permission denied")
    return folder


def _unwritable(folder: Path, error: OSError) -> Mistake:
    return Mistake(f"-o {folder} cannot be written: {(error.strerror or str(error)).lower()}")


def _page(
    found: "Project", stack: str, settings: "Settings", preview: bool, pack: "Pack | None", step: Step
) -> str:
    from fourplane import case_study, check, diagram
    from fourplane import report as reporting
    from fourplane.cli import show

    study = None
    if case_study.path(found, stack).is_file():
        study = case_study.read(found, stack).under(settings.named)
    graph, struck = _graph(found, stack, settings, study, preview, step)
    show.warnings(settings, graph)
    step("asking the rules")
    verdict = check.check(graph, pack, found.name) if pack else None
    step("adding up the bill")
    billed = _billed(found, stack, settings, study, graph)
    step("drawing")
    drawn = diagram.draw(graph, study)
    return reporting.page(reporting.Seen(graph, drawn, study, verdict=verdict, struck=struck, **billed))


def _graph(
    found: "Project", stack: str, settings: "Settings", study: "CaseStudy | None", preview: bool, step: Step
) -> "tuple[Graph, list[Struck]]":
    """The graph that all of the page is made of, and what faults do to it."""
    from fourplane import engine
    from fourplane.drawn import Drawing
    from fourplane.preview import Preview
    from fourplane.report import strikes
    from fourplane.sandbox import Sandbox

    step("previewing" if preview else "deploying")
    if preview:
        return engine.run(found, stack, settings, Preview(), preview=True), []
    with Sandbox() as cloud:
        graph = engine.run(found, stack, settings, cloud)
        drawn = (Drawing(study, graph).of_the_whole() or None) if study else None
        return graph, strikes(graph, cloud.client, drawn, lambda title: step(f"losing {title}"))


def _billed(
    found: "Project", stack: str, settings: "Settings", study: "CaseStudy | None", graph: "Graph"
) -> dict[str, Any]:
    from fourplane.cost import case
    from fourplane.cost.bill import bill
    from fourplane.cost.book import Book
    from fourplane.cost.usage import Usage, costs

    own = costs(found.stack_folder, stack)
    known = bill(graph, Book(), Usage(own, (), settings.named))
    compared = case.table(study, own, graph, known) if study and own.rows else []
    return {"bill": known, "compared": compared, "budgets": case.budgets(graph, known)}


@contextmanager
def steps(stack: str) -> Generator[Step]:
    """A line on stderr that says what is being done, on a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status(stack) as status:
        yield lambda text: status.update(f"{stack}: {text}")
