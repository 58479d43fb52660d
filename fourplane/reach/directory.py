"""Which component a resource belongs to, and which resource a value names."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fourplane import wire
from fourplane.graph import Graph, Resource
from fourplane.planes import is_region, lineage, tag

INTERNET = "internet"
"""Everyone: the source or the target of a way that leads in from, or out to, public addresses."""
AWS = "aws"
"""Addresses of AWS itself, as one of its prefix lists has them: CloudFront's, or a service's."""
NAMES = (
    "arn",
    "bucket",
    "bucketDomainName",
    "bucketRegionalDomainName",
    "dnsName",
    "id",
    "name",
    "prefixListId",
    "url",
)
"""Properties by which another resource may name a resource."""

LONGEST_NAME = 300
"""Texts beyond it, such as user data, name nothing by themselves."""


@dataclass(frozen=True, order=True)
class Way:
    """One component's way to another, both by URN (or INTERNET, or AWS, or a range of addresses)."""

    source: str
    target: str
    by: str
    """What opens it: "security groups", "VPC origin", "IAM", "event source mapping"…"""
    at: str
    """Where it leads: "tcp 9042", "s3:GetObject"."""


class Directory:
    """A graph made ready for questions about who is who."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._values = {urn: wire.plain({**r.inputs, **r.outputs, "id": r.id}) for urn, r in graph.items()}
        self._named: dict[tuple[str, str], list[Resource]] = {}
        for resource in graph.values():
            values = self._values[resource.urn]
            for value in {key: values.get(key) for key in NAMES}.values():
                if isinstance(value, str) and value:
                    self._named.setdefault((resource.type, value), []).append(resource)
        self._boxes = _boxes(graph)

    @cached_property
    def boxes(self) -> list[str]:
        """Every component that is one box of a diagram, by URN."""
        return list(dict.fromkeys(self._boxes.values()))

    def of(self, resource: Resource) -> str:
        """The component that a resource is a part of, by URN: the outermost that is one box of a diagram."""
        return self._boxes[resource.urn]

    def values(self, resource: Resource) -> dict[str, Any]:
        """What is known of a resource, asked for and answered, secrets opened."""
        return self._values[resource.urn]

    def all(self, *types: str) -> Iterator[tuple[Resource, dict[str, Any]]]:
        for type in types:
            yield from ((resource, self._values[resource.urn]) for resource in self.graph.all(type))

    def named(self, value: object, *types: str, beside: Resource | None = None) -> Resource | None:
        """The resource of one of these types that a value names by its id, name, ARN, URL or host.

        Names repeat in two regions: that of `beside`, which names it, is meant.
        """
        found = [one for type in types for one in self._named.get((type, str(value)), ())]
        near = (one for one in found if beside and one.region == beside.region)
        return next(near, found[0] if found else None)

    def naming(self, value: str) -> list[Resource]:
        """The resources that have a value somewhere in what was asked for."""
        return self._naming.get(value, [])

    @cached_property
    def _naming(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.graph.values():
            if resource.custom:
                for text in {t for t in texts(wire.plain(resource.inputs)) if len(t) <= LONGEST_NAME}:
                    found[text].append(resource)
        return found


def _boxes(graph: Graph) -> dict[str, str]:
    """The component of every resource.

    Components tag what they make with their name, the outermost of a plane deciding; a blueprint tags
    nothing. So the box is the outermost component around a resource that some resource is tagged with. Where
    nothing is tagged, it is the outermost component that has no such box inside, and a resource outside of
    components is its own.
    """
    around = {urn: _components(graph, urn) for urn in graph}
    tagged = {
        next((c.urn for c in around[resource.urn] if c.name == name), "")
        for resource in graph.values()
        if resource.custom and (name := tag(resource, "component"))
    }
    holding = {outer.urn for box in tagged for outer in around.get(box, ()) if outer.urn != box}
    boxes: dict[str, str] = {}
    for urn, components in around.items():
        inside = [component.urn for component in components]
        own = [one for one in inside if one not in holding] or inside or [urn]
        boxes[urn] = next((box for box in inside if box in tagged), own[0])
    return boxes


def _components(graph: Graph, urn: str) -> list[Resource]:
    return [resource for resource in lineage(graph, urn) if not resource.custom and not is_region(resource)]


def texts(value: Any) -> Iterator[str]:
    """Every text inside a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def many(value: Any) -> list[Any]:
    """A value as a list: nothing, one, or several, as AWS's documents have it."""
    return [] if value is None else value if isinstance(value, list) else [value]
