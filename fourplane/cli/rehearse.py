"""`fourplane rehearse`: play an event of a stack's calendar in the embedded cloud."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from fourplane.rehearse import Rehearsal

NOT_READY = 3
HEADINGS = ("tier", "kind", "before", "during", "target", "after")


def rehearse(
    stack: Stack,
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="An event of its calendar, such as prime-day.")
    ],
    overrides: Overrides = None,
    json: Json = False,
) -> int:
    """Play an event's calendar; exit 3 where a tier does not reach its target, or does not come back."""
    from fourplane import engine, project
    from fourplane.cli import show
    from fourplane.cli.up import progress
    from fourplane.rehearse import rehearse as play
    from fourplane.sandbox import Sandbox

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    with Sandbox() as cloud:
        with progress(name) as advance:
            graph = engine.run(found, name, settings, cloud, progress=advance)
        show.warnings(settings, graph)
        rehearsal = play(graph, cloud.client, event)
    if json:
        show.one_object(rehearsal.as_json())
    else:
        show.lines(map(graph.mask, _table(rehearsal)))
    return NOT_READY if rehearsal.wrong else 0


def _table(rehearsal: "Rehearsal") -> Iterator[str]:
    yield f"{rehearsal.stack}: {rehearsal.event}, {rehearsal.starts} to {rehearsal.ends}"
    yield ""
    yield "what is done, and when (UTC)"
    width = max((len(one.tier) for one in rehearsal.actions), default=0)
    for one in rehearsal.actions:
        told = f"{one.what:5}  {one.tier:{width}}  {one.told}".rstrip()
        against = f"  refused: {rehearsal.refused[one]}" if one in rehearsal.refused else ""
        yield f"  {one.at:%Y-%m-%d %H:%M}  {told}{against}"
    yield ""
    yield "capacity"
    rows = [HEADINGS] + [
        (one.name, one.kind, str(one.before), str(one.during), str(one.target), str(one.after))
        for one in rehearsal.tiers
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield "Machines beyond those that are kept leave as the load goes. A table stays as warm as it was made."
    yield from rehearsal.wrong
    verdict = "is not ready" if rehearsal.wrong else "is ready"
    yield f"{rehearsal.stack} {verdict} for {rehearsal.event}"
