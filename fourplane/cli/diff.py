"""`fourplane diff`: one deployment against another."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from fourplane.difference import Side
    from fourplane.project import Project

Other = Annotated[
    str | None, typer.Argument(metavar="[OTHER]", help="The stack that it becomes. Default: the same.")
]
Before = Annotated[
    list[str] | None,
    typer.Option("--before", metavar="KEY=VALUE", help="As --set, for the first. Repeatable."),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="REVISION", help="The first as it is at a git revision.")
]
To = Annotated[str | None, typer.Option("--to", metavar="REVISION", help="The second, likewise.")]


def diff(
    stack: Stack,
    other: Other = None,
    overrides: Overrides = None,
    before: Before = None,
    start: From = None,
    end: To = None,
    json: Json = False,
) -> None:
    """Show what is added, removed, changed and replaced, and what that costs. Nothing is deployed."""
    from fourplane import project
    from fourplane.cli import show
    from fourplane.difference import difference
    from fourplane.errors import Mistake

    if other is None and not (overrides or before or start or end):
        raise Mistake("there is nothing to tell apart: give another stack, --set, --before, --from or --to")
    found = project.find()
    with ExitStack() as open:
        first = _side(open, found, stack, before or [], start)
        second = _side(open, found, other or stack, overrides or [], end)
        told = difference(first, second)
    if json:
        show.one_object(told.as_json())
    else:
        show.lines(told.as_text())


def _side(
    open: ExitStack, found: "Project", stack: str, overrides: list[str], revision: str | None
) -> "Side":
    from fourplane import engine, project
    from fourplane import revision as past
    from fourplane.cost.bill import bill
    from fourplane.cost.book import Book
    from fourplane.cost.usage import Usage, costs
    from fourplane.difference import Side
    from fourplane.preview import Preview

    if revision is not None:
        found = open.enter_context(past.at(found, revision))
    name = found.stack(stack)
    settings = project.settings(found, name, overrides)
    if revision is None:
        graph = engine.run(found, name, settings, Preview(), preview=True)
    else:
        graph = past.preview(found, name, overrides)
    usage = Usage(costs(found.stack_folder, name), (), settings.named)
    shown = " ".join([name, *overrides, *([f"at {revision}"] if revision else [])])
    return Side(shown, graph, bill(graph, Book(), usage))
