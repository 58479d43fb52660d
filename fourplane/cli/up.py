"""`fourplane up`: deploy a stack, into the embedded cloud unless told otherwise."""

import enum
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from fourplane.graph import Graph, Resource
    from fourplane.project import Project, Settings


class Target(enum.StrEnum):
    sandbox = "sandbox"
    localstack = "localstack"
    aws = "aws"


def up(
    stack: Stack,
    overrides: Overrides = None,
    target: Annotated[
        Target, typer.Option(help="The embedded cloud, an emulator, or real AWS through the Pulumi CLI.")
    ] = Target.sandbox,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the sandbox's cloud until Ctrl-C.")] = False,
    host: Annotated[str, typer.Option(help="Where --serve listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where --serve listens.", min=0, max=65535)] = 5000,
    endpoint: Annotated[
        str, typer.Option(help="The emulator of --target localstack.")
    ] = "http://localhost:4566",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --target aws deploys.")] = False,
    json: Json = False,
) -> None:
    """Deploy a stack, on this machine or for real."""
    from fourplane import project

    found = project.find()
    name = found.stack(stack)
    settings = project.settings(found, name, overrides or [])
    if target is not Target.sandbox:
        _pulumi(found, name, overrides or [], endpoint if target is Target.localstack else "", yes, json)
    else:
        _sandbox(found, name, settings, f"{host}:{port}" if serve else "", json)


def _sandbox(found: "Project", stack: str, settings: "Settings", address: str, json: bool) -> None:
    started = time.monotonic()
    from fourplane import engine
    from fourplane.cli import show
    from fourplane.planes import home
    from fourplane.sandbox import Sandbox

    host, _, port = address.rpartition(":")
    if address:
        from fourplane import server

        server.check(host, int(port))
    with Sandbox() as cloud:
        with progress(stack) as advance:
            graph = engine.run(found, stack, settings, cloud, progress=advance)
        seconds = round(time.monotonic() - started, 2)
        show.warnings(settings, graph)
        if json:
            simulated = [urn for urn, resource in graph.items() if resource.simulated]
            show.one_object({**graph.as_json(), "simulated": simulated, "seconds": seconds})
        else:
            show.lines(map(graph.mask, _report(graph, seconds, bool(address))))
        if address:
            from fourplane import server

            with server.serving(host, int(port)) as url:
                sys.stdout.flush()
                show.note(f"serving {stack} at {url} until Ctrl-C")
                show.note(f"  aws --endpoint-url {url} --region {home(graph)} ec2 describe-instances")
                server.wait()


def _pulumi(found: "Project", stack: str, overrides: list[str], endpoint: str, yes: bool, json: bool) -> None:
    from fourplane import handover
    from fourplane.cli import show
    from fourplane.errors import Mistake

    handover.require_pulumi()
    if not endpoint and not yes:
        if not sys.stdin.isatty():
            raise Mistake("--target aws makes real resources, which cost money; add --yes to say so")
        typer.confirm(f"Deploy {stack} to real AWS, which costs money?", abort=True, err=True)
    outputs = handover.up(found, stack, overrides, endpoint, show.note)
    if json:
        show.one_object({"stack": stack, "outputs": outputs})
    else:
        show.lines(f"{key} = {value}" for key, value in outputs.items())


def _report(graph: "Graph", seconds: float, serving: bool) -> Iterator[str]:
    from fourplane.cli import show

    yield f"{graph.stack}: {show.count(graph)} resources deployed in {seconds:.1f} s"
    yield from show.summary(graph)
    yield from show.outputs(graph)
    if not serving:
        yield ""
        yield "next"
        yield f"  fourplane up {graph.stack} --serve   keep this cloud; any AWS tool can look around in it:"
        yield "      aws --endpoint-url http://127.0.0.1:5000 ec2 describe-instances"
        yield f"  fourplane preview {graph.stack}      every resource, by plane and component"


@contextmanager
def progress(stack: str) -> "Generator[Callable[[Resource], None]]":
    """A line on stderr that counts what is made; the total is not known before the program has run."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from fourplane.planes import kind

    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.completed:.0f} resources"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(stack, total=None)

        def advance(resource: "Resource") -> None:
            if resource.custom:
                progress.update(task, advance=1, description=f"{kind(resource)} '{resource.name}'")

        yield advance
