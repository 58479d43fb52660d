"""`fourplane check`: the policy pack over a stack, without the Pulumi CLI and without any cloud."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from fourplane.engine import Cloud

VIOLATED = 3


def check(
    stack: Stack,
    overrides: Overrides = None,
    pack: Annotated[
        Path | None, typer.Option(help="The policy pack's folder. Default: policy, beside Pulumi.yaml.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Levels and parameters, as for --policy-pack-config. Default: the pack's own file for the "
            "stack's environment, environments/prod.json for netflix-prod."
        ),
    ] = None,
    deployed: Annotated[
        bool,
        typer.Option(
            "--deployed", help="Deploy into the embedded cloud first, so that no value is unknown. Slower."
        ),
    ] = False,
    json: Json = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Print SARIF 2.1.0 and nothing else.")] = False,
) -> int:
    """Ask every rule of the policy pack about a stack; exit 3 where a mandatory one is broken."""
    from fourplane import check as checking
    from fourplane import engine, policy_pack, project
    from fourplane.cli import show
    from fourplane.errors import Mistake

    if json and sarif:
        raise Mistake("--json and --sarif are two answers; ask for one")
    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    with policy_pack.running((pack or found.root / "policy").resolve()) as running:
        with _cloud(deployed) as cloud:
            graph = engine.run(found, name, settings, cloud, preview=not deployed)
        verdict = checking.check(graph, running, found.name, config)
    show.warnings(settings, graph)
    if sarif:
        from fourplane.sarif import log

        show.one_object(graph.masked(log(verdict, graph)))
    elif json:
        show.one_object(graph.masked(verdict.as_json()))
    else:
        show.lines(map(graph.mask, verdict.as_text()))
    return 0 if verdict.holds else VIOLATED


def _cloud(deployed: bool) -> "AbstractContextManager[Cloud]":
    from contextlib import nullcontext

    from fourplane.preview import Preview

    if not deployed:
        return nullcontext(Preview())
    from fourplane.sandbox import Sandbox

    return Sandbox()
