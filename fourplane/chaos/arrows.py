"""The arrows of a stack, read from what connect() makes of them: a rule, a policy or a parameter
"<client>-to-<server>"; and from the pair of rules that open_between() makes of one between two regions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fourplane.graph import Graph, Resource
from fourplane.planes import is_region, lineage, place, tag

POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ENTERING = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
LEAVING = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
MADE_BY_ARROWS = (
    ENTERING,
    "aws:iam/rolePolicy:RolePolicy",
    "aws:ssm/parameter:Parameter",
    POLICY,
)


@dataclass(frozen=True)
class Arrow:
    """Who may call whom: the URNs of two components."""

    client: str
    server: str
    by: list[Resource] = field(default_factory=list[Resource], compare=False)
    """What makes it."""


def arrows(graph: Graph) -> list[Arrow]:
    """Every arrow between two components; one between a component and its own part is the part's affair, and
    one between pods of one component that component's."""
    named, boxes = _components(graph), {tag(resource, "component") for resource in graph.values()}
    found: dict[Arrow, Arrow] = {}
    for resource in graph.values():
        if resource.type in MADE_BY_ARROWS:
            for arrow in _read(graph, resource, named):
                around = {one.urn for end in (arrow.client, arrow.server) for one in lineage(graph, end)[:-1]}
                within = resource.type == POLICY and _within(graph, arrow, boxes)
                if arrow.client not in around and arrow.server not in around and not within:
                    found.setdefault(arrow, arrow).by.append(resource)
    for arrow, by in _between(graph):
        found.setdefault(arrow, arrow).by.extend(by)
    return list(found)


def _between(graph: Graph) -> Iterator[tuple[Arrow, list[Resource]]]:
    """What leaves one component for a list of addresses and enters another from one: each names its rule
    "<itself>-<pair>-<role>"."""
    leaving, entering = (
        [
            (graph[rule.parent], rule.name.removeprefix(graph[rule.parent].name), rule)
            for rule in graph.all(kind)
            if "prefixListId" in rule.inputs and rule.parent in graph
        ]
        for kind in (LEAVING, ENTERING)
    )
    for client, pair, rule in leaving:
        for server, same, other in entering:
            if pair == same and client.urn != server.urn and client.type == server.type:
                yield Arrow(client.urn, server.urn), [rule, other]


def _within(graph: Graph, arrow: Arrow, boxes: set[str]) -> bool:
    """Whether both ends are in one component that is a box of a diagram: what tags its resources."""
    ends = [{one.urn: one for one in lineage(graph, end)} for end in (arrow.client, arrow.server)]
    return any(one.name in boxes for urn, one in ends[0].items() if urn in ends[1])


def _components(graph: Graph) -> dict[str, list[Resource]]:
    """Components by name; where several of one region have one name, the outermost."""
    found: dict[tuple[str, str], Resource] = {}
    for resource in graph.values():  # those around are registered before what is in them
        if not resource.custom and resource.package != "pulumi" and not is_region(resource):
            found.setdefault((resource.name, place(graph, resource.urn)), resource)
    named: dict[str, list[Resource]] = {}
    for resource in found.values():
        named.setdefault(resource.name, []).append(resource)
    return named


def _read(graph: Graph, resource: Resource, named: dict[str, list[Resource]]) -> list[Arrow]:
    parts = resource.name.split("-to-")
    pairs = [("-to-".join(parts[:i]), "-to-".join(parts[i:])) for i in range(1, len(parts))]
    return [
        Arrow(_meant(graph, resource, named[client]).urn, _meant(graph, resource, named[server]).urn)
        for client, server in pairs
        if client in named and server in named
    ]


def _meant(graph: Graph, resource: Resource, candidates: Sequence[Resource]) -> Resource:
    """Whom of those of one name in several regions an arrow's resource means: the one that it is under, or
    stands on; or else the one of its own region, or of the stack's."""
    if len(candidates) == 1:
        return candidates[0]
    around = {one.urn for one in lineage(graph, resource.parent)}
    below = {one.urn for urn in resource.dependencies for one in lineage(graph, urn)}
    for near in (around, below):
        if found := next((one for one in candidates if one.urn in near), None):
            return found
    for region in (place(graph, resource.urn), ""):
        if found := next((one for one in candidates if place(graph, one.urn) == region), None):
            return found
    return candidates[0]
