"""`fourplane chaos`: break a stack in the embedded cloud, or start its experiment on AWS."""

import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from fourplane.chaos import Report, Wish
    from fourplane.graph import Graph, Resource
    from fourplane.project import Project, Settings

NOT_SURVIVED = 3


class Kind(enum.StrEnum):
    monkey = "monkey"
    gorilla = "gorilla"
    kong = "kong"
    latency = "latency"


class Target(enum.StrEnum):
    sandbox = "sandbox"
    aws = "aws"


def chaos(
    stack: Stack,
    fault: Annotated[
        Kind,
        typer.Argument(
            help="monkey: an instance of every fleet; gorilla: a zone; kong: a region; latency: delay."
        ),
    ],
    overrides: Overrides = None,
    zone: Annotated[
        str, typer.Option(help="The zone of a gorilla or a latency. Default: one by chance.")
    ] = "",
    region: Annotated[
        str,
        typer.Option(help="The region that is struck, or that a zone of it is. Default: the stack's own."),
    ] = "",
    seed: Annotated[int, typer.Option(help="Chance with another seed breaks something else.")] = 0,
    delay_ms: Annotated[
        int, typer.Option(help="What a latency adds to every packet of the zone's machines.", min=1)
    ] = 400,
    target: Annotated[
        Target, typer.Option(help="The embedded cloud, or the FIS experiment of the stack that runs on AWS.")
    ] = Target.sandbox,
    json: Json = False,
) -> int:
    """Break something of a stack, and see what is left; exit 3 where not every arrow works any more."""
    from fourplane import project

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    if target is Target.aws:
        return _experiment(name, fault.value, region or settings.values.get(found.key("region"), ""), json)
    from fourplane.chaos import Wish

    return _sandbox(found, name, settings, Wish(fault.value, zone, region, delay_ms, seed), json)


def _sandbox(found: "Project", stack: str, settings: "Settings", wish: "Wish", json: bool) -> int:
    from fourplane import engine
    from fourplane.chaos import strike
    from fourplane.cli import show
    from fourplane.cli.up import progress
    from fourplane.sandbox import Sandbox

    with Sandbox() as cloud:
        with progress(stack) as advance:
            graph = engine.run(found, stack, settings, cloud, progress=advance)
        show.warnings(settings, graph)
        report = strike(graph, cloud.client, wish, _drawn(found, stack, settings, graph))
    if json:
        show.one_object(report.as_json())
    else:
        show.lines(map(graph.mask, _table(report)))
    return 0 if report.survives else NOT_SURVIVED


def _drawn(found: "Project", stack: str, settings: "Settings", graph: "Graph") -> set[tuple[str, str]] | None:
    """What the first diagram of the case study joins, the complete architecture; None where the stack has no
    study, or settings that the diagram does not tell of."""
    from fourplane import case_study
    from fourplane.drawn import Drawing

    if not case_study.path(found, stack).is_file():
        return None
    study = case_study.read(found, stack).under(settings.named)
    return Drawing(study, graph).of_the_whole() or None


def _table(report: "Report") -> Iterator[str]:
    from fourplane.chaos import ELSEWHERE
    from fourplane.planes import title

    def named(one: "Resource") -> str:
        return title(report.graph, one)

    yield f"{report.stack}: {report.fault}"
    if report.fault.lost:
        yield ""
        yield f"lost: {len(report.fault.lost)}"
        for lost in report.fault.lost:
            told = (lost["type"], lost["id"], lost["component"], lost["zone"])
            yield f"  {' '.join(filter(None, told))}"
    shown = [(one, f) for one, f in report.components if f.has != ELSEWHERE]
    width = max((len(named(one)) for one, _ in shown), default=0)
    yield ""
    yield "what is left"
    for one, finding in shown:
        told = f"{finding.has}; needs {finding.needs}" + (f": {finding.why}" if finding.why else "")
        yield f"  {finding.state:8}  {named(one):{width}}  {told}"
    if others := sorted({named(one) for one, f in report.components if f.has == ELSEWHERE}):
        yield f"  not in a zone: {', '.join(others)}"
    yield ""
    yield "arrows"
    width = max((len(named(c)) + len(named(s)) for c, s, _, _ in report.arrows), default=0) + 4
    for client, server, state, why in report.arrows:
        yield f"  {state:8}  {f'{named(client)} -> {named(server)}':{width}}  {why}"
    yield ""
    yield from report.notes
    yield _verdict(report)


def _verdict(report: "Report") -> str:
    from fourplane.planes import title

    if report.survives:
        alone = (title(report.graph, report.graph[urn]) for urn in report.alone)
        without = f", without {', '.join(sorted(alone))}" if report.alone else ""
        away = ", ".join(title(report.graph, one) for one in report.impaired)
        return f"{report.stack} survives{without}" + (
            f"; until they are back, {away} are away" if away else ""
        )
    if broken := len(report.failed):
        return (
            f"{report.stack} does not survive: {broken} of {len(report.arrows)} arrows fail or are impaired"
        )
    return f"{report.stack} does not survive: its arrows work, but not every component has what it needs"


def _experiment(stack: str, fault: str, region: str, json: bool) -> int:
    from fourplane import experiments
    from fourplane.cli import show

    id = experiments.start(stack, fault, region)
    if json:
        show.one_object({"stack": stack, "fault": fault, "experiment": id})
    else:
        show.lines([f"{stack}: {fault} started as FIS experiment {id}"])
    return 0
