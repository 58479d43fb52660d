"""Whether a Cassandra ring answers at LOCAL_QUORUM: range by range, not by a count of nodes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A node as its own files have it."""

    name: str
    token: int
    rack: str


def replicas(nodes: Sequence[Node], copies: int) -> dict[int, list[Node]]:
    """Who holds the range that ends at each token: the next nodes on the ring, each of another rack while
    there are racks that have none (NetworkTopologyStrategy).

    https://cassandra.apache.org/doc/5.0/cassandra/architecture/dynamo.html#network-topology-strategy
    """
    ring = sorted(nodes, key=lambda node: node.token)
    racks = len({node.rack for node in ring})
    held: dict[int, list[Node]] = {}
    for place, first in enumerate(ring):
        taken: list[Node] = []
        repeats = copies - racks  # as many replicas may share a rack with an earlier one
        for node in ring[place:] + ring[:place]:
            again = node.rack in {one.rack for one in taken}
            if len(taken) < copies and (not again or repeats > 0):
                taken.append(node)
                repeats -= again
        held[first.token] = taken
    return held


def short(nodes: Sequence[Node], copies: int, up: Collection[str]) -> dict[int, int]:
    """The ranges that lack a quorum, by the token that each ends at, and how many replicas each has left."""
    left = {token: sum(node.name in up for node in held) for token, held in replicas(nodes, copies).items()}
    return {token: count for token, count in left.items() if count < quorum(copies)}


def quorum(copies: int) -> int:
    return copies // 2 + 1
