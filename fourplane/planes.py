"""Which plane a resource belongs to, told by the tags that components put on what they make."""

from collections import Counter
from collections.abc import Iterator

from fourplane.graph import Graph, Resource

HOME = "home"
"""How a name says that the stack's own region is meant."""
PLANES = ("edge", "service", "state", "control", "network", "other")


def planes(graph: Graph) -> dict[str, str]:
    """The plane of every resource, by URN.

    A resource has the plane of its own tag, or else its component's. A component has the plane of most of the
    resources right under it, or else of those further down, or else of the component around it, or else of
    the folder that it is written in.
    """
    children: dict[str, list[Resource]] = {}
    for resource in graph.values():
        children.setdefault(resource.parent, []).append(resource)
    found: dict[str, str] = {}
    for resource in graph.values():  # parents are registered before their children
        around = found.get(resource.parent, "other")
        told = tag(resource, "plane") if resource.custom else _majority(resource.urn, children)
        if is_region(resource):  # its parts are of every plane
            told = "other"
        if told not in PLANES:
            told = _folder(children.get(resource.urn, [])) if around == "other" else around
        found[resource.urn] = told
    return found


def tag(resource: Resource, key: str) -> str:
    """A tag of a resource, in either of the shapes that AWS resources have."""
    tags = resource.inputs.get("tags")
    if isinstance(tags, list):
        tags = {entry.get("key"): entry.get("value") for entry in tags if isinstance(entry, dict)}
    value = tags.get(key, "") if isinstance(tags, dict) else ""
    return value if isinstance(value, str) else ""


def _majority(urn: str, children: dict[str, list[Resource]]) -> str:
    for level in _levels(urn, children):
        told = Counter(plane for resource in level if resource.custom and (plane := tag(resource, "plane")))
        if told:
            return told.most_common(1)[0][0]
    return ""


def _folder(children: list[Resource]) -> str:
    """The plane whose folder declares a component's first child: control for components/control/…"""
    folders = children[0].declared_at.split("/") if children else []
    return next((folder for folder in folders if folder in PLANES), "other")


def _levels(urn: str, children: dict[str, list[Resource]]) -> Iterator[list[Resource]]:
    level = children.get(urn, [])
    while level:
        yield level
        level = [child for resource in level for child in children.get(resource.urn, [])]


def home(graph: Graph) -> str:
    """The region that most of a stack is in, what a Region holds left out."""
    placed = [resource for resource in graph.values() if resource.custom and resource.region]
    own = [resource for resource in placed if not place(graph, resource.urn)] or placed
    told = Counter(resource.region for resource in own)
    return told.most_common(1)[0][0] if told else ""


def is_region(resource: Resource) -> bool:
    """Whether it is only around what a stack has in a region beside its own: no box of any diagram."""
    return resource.package == "fourplane" and kind(resource) == "Region"


def place(graph: Graph, urn: str) -> str:
    """The name of the Region around something; "" in the stack's own region, and for a Region itself."""
    while urn in graph.resources:
        urn = graph[urn].parent
        if urn in graph.resources and is_region(graph[urn]):
            return graph[urn].name
    return ""


def title(graph: Graph, resource: Resource) -> str:
    """A resource's name as it is shown: "user", and "eu/user" for the one that stands in Region "eu"."""
    around = place(graph, resource.urn)
    return f"{around}/{resource.name}" if around else resource.name


def around(graph: Graph, resource: Resource) -> str:
    """The components around a resource, outermost first, as they are shown. A Region is in the titles."""
    outer = [one for one in lineage(graph, resource.parent) if not is_region(one)]
    return " / ".join(title(graph, one) for one in outer)


def kind(resource: Resource) -> str:
    """A type as people say it: "ec2 Vpc" for aws:ec2/vpc:Vpc, "Network" for fourplane:index:Network."""
    package, _, rest = resource.type.partition(":")
    module, _, name = rest.rpartition(":")
    module = module.split("/")[0]
    if package in ("aws", "fourplane"):
        return name if module in ("", "index") else f"{module} {name}"
    return f"{package} {name}"


def grouped(graph: Graph) -> dict[str, dict[str, list[Resource]]]:
    """What a cloud makes, by plane and by the innermost component around it ("" for none)."""
    of = planes(graph)
    groups: dict[str, dict[str, list[Resource]]] = {plane: {} for plane in PLANES}
    for resource in graph.values():
        if resource.custom and resource.package != "pulumi":
            groups[of[resource.urn]].setdefault(resource.parent, []).append(resource)
    return {plane: components for plane, components in groups.items() if components}


def lineage(graph: Graph, urn: str) -> list[Resource]:
    """A component and those around it, outermost first."""
    found: list[Resource] = []
    while urn in graph.resources:
        found.append(graph[urn])
        urn = graph[urn].parent
    return found[::-1]
