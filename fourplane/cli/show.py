"""How the commands print: results on stdout, as they are when piped; everything else on stderr."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from fourplane.graph import Graph, Resource
from fourplane.planes import around, grouped, home, is_region, kind, title
from fourplane.project import Settings


def one_object(value: Any) -> None:
    print(json.dumps(value, indent=2))


def lines(texts: Iterable[str]) -> None:
    """Print lines, unwrapped; on a terminal, those that are not indented stand out."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for text in texts:
        heading = bool(text) and not text.startswith(" ")
        console.print(Text(text, style="bold" if heading and console.is_terminal else ""))


def note(text: str) -> None:
    print(text, file=sys.stderr)


def warnings(settings: Settings, graph: Graph) -> None:
    """Say once, on stderr, what the reader must know about the result."""
    if settings.stand_ins:
        named = ", ".join(sorted(settings.stand_ins))
        note(f"warning: {named}: encrypted; only the Pulumi CLI can open it, so a stand-in is used here")
    for text in graph.warnings:
        note(f"warning: {graph.mask(text)}")


def tree(graph: Graph) -> Iterator[str]:
    """Planes, their components, and the resources of each."""
    region = home(graph)
    places = [region, *(f"{one.region} ({one.name})" for one in graph.values() if is_region(one))]
    yield f"{graph.stack}: {_counts(graph)}" + (f" in {' and '.join(places)}" if region else "")
    for plane, components in grouped(graph).items():
        yield ""
        yield f"{plane} plane" if plane != "other" else plane
        for urn, resources in components.items():
            if urn:
                yield f"  {component(graph, urn)}"
            for resource in resources:
                yield f"{'    ' if urn else '  '}{_line(graph, resource, region)}"


def summary(graph: Graph) -> Iterator[str]:
    """How many resources each component has, by plane, and which were only simulated."""
    for plane, components in grouped(graph).items():
        yield ""
        yield f"{plane} plane" if plane != "other" else plane
        for urn, resources in components.items():
            yield f"  {len(resources):4}  {component(graph, urn) if urn else 'without a component'}"
    simulated = [resource for resource in graph.values() if resource.simulated]
    if simulated:
        yield ""
        yield f"simulated: {len(simulated)} that the sandbox does not have; their calls were only validated"
        region = home(graph)
        yield from (f"  {_line(graph, resource, region)}" for resource in simulated)


def outputs(graph: Graph) -> Iterator[str]:
    shown: dict[str, Any] = graph.as_json()["outputs"]
    if shown:
        yield ""
        yield "outputs"
        for key, value in shown.items():
            yield f"  {key} = {value if isinstance(value, str) else json.dumps(value)}"


def component(graph: Graph, urn: str) -> str:
    """A component by kind and name, and what it is a part of."""
    own = graph[urn]
    outer = around(graph, own)
    return f"{kind(own)} '{title(graph, own)}'" + (f" in {outer}" if outer else "")


def _line(graph: Graph, resource: Resource, region: str) -> str:
    elsewhere = resource.region if resource.region != region else ""
    marks = [mark for mark in ("protected" if resource.protect else "", elsewhere) if mark]
    return f"{kind(resource)} '{title(graph, resource)}'" + (f"  ({', '.join(marks)})" if marks else "")


def _counts(graph: Graph) -> str:
    components = sum(not resource.custom for resource in graph.values())
    return f"{count(graph)} resources in {components} components"


def count(graph: Graph) -> int:
    """How many resources a cloud makes."""
    return sum(len(found) for components in grouped(graph).values() for found in components.values())
