"""A case study's arrows against the ways of a graph: which arrows are closed, and which ways nobody drew."""

from fourplane.explain import named
from fourplane.reach import reach
from fourplane.reach.directory import Directory


def closed(study, graph):
    """The arrows that are marked built and lead nowhere."""
    open_ways = {(way.source, way.target) for way in reach(graph)}
    return {what for what, pairs in drawn(study, graph).items() if not pairs & open_ways}


def undrawn(study, graph):
    """Ways that no built arrow draws and the platform does not need, as (from, to, by, at)."""
    pairs = set().union(*drawn(study, graph).values())
    return {
        (*ends(graph, way), way.by, way.at)
        for way in reach(graph)
        if (way.source, way.target) not in pairs and ends(graph, way) not in platform(study)
    }


def unneeded(study, graph):
    """Pairs of the platform list that no way of the stack uses."""
    return platform(study) - {ends(graph, way) for way in reach(graph)}


def drawn(study, graph):
    """The pairs of components that each built arrow joins: those of the resources that its nodes name."""
    directory = Directory(graph)

    def boxes(node):
        return {directory.of(one) for name in node.claim.made_true_by for one in named(graph, name)}

    return {
        arrow.claim.what: {(a, b) for a in boxes(nodes[arrow.source]) for b in boxes(nodes[arrow.target])}
        for nodes, arrows in ((diagram.nodes, diagram.arrows) for diagram in study.diagrams.values())
        for arrow in arrows
        if arrow.claim.built
    }


def platform(study):
    return {(a, b) for one in study.platform for a in one.sources for b in one.targets}


def ends(graph, way):
    """A way's two ends by name; what is outside of the stack is named as reach() has it."""
    return tuple(graph[end].name if end in graph else end for end in (way.source, way.target))
