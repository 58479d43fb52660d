"""A case study: what makes each of its parts true."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any


class Text(str):
    """A text of the file, and the line that it stands on."""

    line: int


class Named(Text):
    """A name in the file. Written with a "?" behind it, it may be missing from some stacks of the company."""

    optional: bool = False


class Entry(dict[str, Any]):
    """A mapping of the file, and the line that it begins on."""

    line: int


@dataclass(frozen=True)
class Claim:
    """What the file says of one node, arrow or metrics row: what makes it true, or why nothing does yet."""

    what: str
    """ "node AWS_CF", "arrow A -> B" or "metrics row CDN"."""
    line: int
    made_true_by: tuple[Named, ...]
    note: str
    not_yet: str
    record: str
    """What the public record says instead, where the case study departs from it."""
    source: str
    """Where the record says so."""
    holds: str = ""
    """A text that is in the inputs of one of its resources."""

    @property
    def built(self) -> bool:
        return bool(self.made_true_by)

    def unbuilt(self, why: str) -> "Claim":
        """The same, not built."""
        return replace(self, made_true_by=(), note="", not_yet=why, record="", source="")


When = dict[str, tuple[str, ...]]
"""Settings that something holds under, and the values of each that will do."""


@dataclass(frozen=True)
class Node:
    label: str
    claim: Claim
    when: When = field(default_factory=When)

    def under(self, settings: Mapping[str, str]) -> "Node":
        why = unmet(self.when, settings)
        return replace(self, claim=self.claim.unbuilt(why)) if why else self


@dataclass(frozen=True)
class Arrow:
    source: str
    target: str
    claim: Claim
    fetched: bool = False
    """Whether its head calls its tail: content flows along the arrow, and is asked for against it."""
    within: bool = False
    """Whether both of its ends are one program, so that there is no way that could be closed."""
    becomes: bool = False
    """Whether its tail turns into its head in time: nobody calls, and what makes it true is what stays."""
    both_ways: bool = False
    """Whether either end calls the other."""


@dataclass(frozen=True)
class Row:
    component: str
    says: dict[str, str]
    """The row's other columns, as the case study has them."""
    claim: Claim


@dataclass(frozen=True)
class Line:
    """An entry of a list of the case study: a setting and its value, something that was learnt."""

    says: str
    claim: Claim


@dataclass(frozen=True)
class Diagram:
    nodes: dict[str, Node]
    arrows: list[Arrow]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Nodes that an arrow's end names together."""

    def under(self, settings: Mapping[str, str]) -> "Diagram":
        """What holds under some settings. An arrow needs both of its ends."""
        nodes = {id: node.under(settings) for id, node in self.nodes.items()}
        return replace(self, nodes=nodes, arrows=[self._under(arrow, nodes) for arrow in self.arrows])

    def _under(self, arrow: Arrow, nodes: Mapping[str, Node]) -> Arrow:
        ends = [id for end in (arrow.source, arrow.target) for id in self.groups.get(end, (end,))]
        why = next((nodes[id].claim.not_yet for id in ends if not nodes[id].claim.built), "")
        return replace(arrow, claim=arrow.claim.unbuilt(why)) if why and arrow.claim.built else arrow


@dataclass(frozen=True)
class Allowance:
    """Ways that no diagram draws: from each of some components to each of others, and why they must be.

    A way from or to a name that ends in "?" may be closed, or its ends missing, in some stacks.
    """

    sources: tuple[Named, ...]
    targets: tuple[Named, ...]
    why: str
    line: int


@dataclass(frozen=True)
class CaseStudy:
    path: Path
    title: str
    diagrams: dict[str, Diagram]
    metrics: list[Row]
    platform: list[Allowance]
    lists: dict[str, dict[str, Line]] = field(default_factory=dict[str, dict[str, Line]])
    when: When = field(default_factory=When)

    def under(self, settings: Mapping[str, str]) -> "CaseStudy":
        """What it says of a stack with these settings, by their names: the rest is not built there."""
        told = unmet(self.when, settings)
        diagrams = {slug: diagram.under(settings) for slug, diagram in self.diagrams.items()}
        if not told:
            return replace(self, diagrams=diagrams)
        metrics = [replace(row, claim=row.claim.unbuilt(told)) for row in self.metrics]
        return replace(self, diagrams=diagrams, metrics=metrics, platform=[])

    def claims(self) -> Iterator[Claim]:
        for diagram in self.diagrams.values():
            yield from (node.claim for node in diagram.nodes.values())
            yield from (arrow.claim for arrow in diagram.arrows)
        yield from (row.claim for row in self.metrics)
        yield from (line.claim for lines in self.lists.values() for line in lines.values())


def unmet(when: When, settings: Mapping[str, str]) -> str:
    """What of some conditions does not hold, "only with phase=platform"; "" where all of them do."""
    wanted = (f"{k}={' or '.join(values)}" for k, values in when.items() if settings.get(k) not in values)
    return " and ".join(f"only with {one}" for one in wanted)
