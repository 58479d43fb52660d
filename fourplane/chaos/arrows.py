"""The arrows of a stack, read from what connect() makes of them: a rule, a policy or a parameter
"<client>-to-<server>"."""

from dataclasses import dataclass

from fourplane.graph import Graph, Resource
from fourplane.planes import lineage

MADE_BY_ARROWS = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:ssm/parameter:Parameter",
)


@dataclass(frozen=True)
class Arrow:
    """Who may call whom: the URNs of two components."""

    client: str
    server: str


def arrows(graph: Graph) -> list[Arrow]:
    """Every arrow between two components; one between a component and its own part is the part's affair."""
    named = _components(graph)
    found: dict[Arrow, None] = {}
    for resource in graph.values():
        if resource.type in MADE_BY_ARROWS:
            for arrow in _read(resource.name, named):
                around = {one.urn for end in (arrow.client, arrow.server) for one in lineage(graph, end)[:-1]}
                if arrow.client not in around and arrow.server not in around:
                    found[arrow] = None
    return list(found)


def _components(graph: Graph) -> dict[str, Resource]:
    """Components by name; where several have one name, the outermost."""
    found: dict[str, Resource] = {}
    for resource in graph.values():  # those around are registered before what is in them
        if not resource.custom and resource.package != "pulumi":
            found.setdefault(resource.name, resource)
    return found


def _read(name: str, named: dict[str, Resource]) -> list[Arrow]:
    parts = name.split("-to-")
    pairs = [("-to-".join(parts[:i]), "-to-".join(parts[i:])) for i in range(1, len(parts))]
    return [
        Arrow(named[client].urn, named[server].urn)
        for client, server in pairs
        if client in named and server in named
    ]
