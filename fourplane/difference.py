"""One deployment against another: what is added, removed, changed and replaced, and what that costs."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fourplane import wire
from fourplane.cost.bill import CENT, Bill
from fourplane.cost.book import LOADER
from fourplane.graph import Graph, Resource
from fourplane.planes import kind, title

REPLACED = Path(__file__).with_name("replaced.yaml")
MADE_UP = re.compile(r"\b[0-9a-f]{17}\b|-[0-9a-f]{7}\b|\b10(?:\.\d{1,3}){3}\b")
"""What stands in for what only a cloud would know (fourplane/preview.py), and addresses, which it may be."""
SHOWN = 48
ABSENT = "nothing"


@dataclass(frozen=True)
class Side:
    """One of the two: a graph, its bill, and what it is called."""

    name: str
    graph: Graph
    bill: Bill


@dataclass(frozen=True)
class Change:
    """A resource that both have, and what differs."""

    before: Resource
    after: Resource
    name: str
    properties: Mapping[str, tuple[Any, Any]]
    replaced_by: tuple[str, ...]
    """Of these, what makes a new one; () where none does."""
    known: bool
    """Whether it is known what makes a new one."""


@dataclass(frozen=True)
class Difference:
    before: Side
    after: Side
    added: list[Resource]
    removed: list[Resource]
    changed: list[Change]

    @property
    def usd(self) -> Decimal:
        return self.after.bill.usd - self.before.bill.usd

    @property
    def replaced(self) -> list[Change]:
        return [change for change in self.changed if change.replaced_by]

    def by_component(self) -> dict[str, Decimal]:
        """By how much each component's cost differs, the most first."""
        found: dict[str, Decimal] = {}
        for bill, sign in ((self.before.bill, -1), (self.after.bill, 1)):
            for item in bill.items:
                found[item.component] = found.get(item.component, Decimal(0)) + sign * item.exact
        found = {name: usd.quantize(CENT) for name, usd in found.items()}
        return dict(sorted(((n, usd) for n, usd in found.items() if usd), key=lambda one: -abs(one[1])))

    def as_json(self) -> dict[str, Any]:
        def shown(side: Side, one: Resource) -> dict[str, Any]:
            return {"urn": one.urn, "type": one.type, "name": title(side.graph, one)}

        return {
            "before": self.before.name,
            "after": self.after.name,
            "added": [shown(self.after, one) for one in self.added],
            "removed": [shown(self.before, one) for one in self.removed],
            "changed": [
                {
                    **shown(self.after, one.after),
                    "properties": {k: {"before": b, "after": a} for k, (b, a) in one.properties.items()},
                    "replaced_by": list(one.replaced_by),
                    "replacement_known": one.known,
                }
                for one in self.changed
            ],
            "monthly_usd": {
                "before": float(self.before.bill.usd),
                "after": float(self.after.bill.usd),
                "difference": float(self.usd),
                "by_component": {name: float(usd) for name, usd in self.by_component().items()},
            },
        }

    def as_text(self) -> Iterator[str]:
        counts = f"{len(self.added)} added, {len(self.removed)} removed, {len(self.changed)} changed"
        cost = f"{self.before.bill.usd:,.2f} to {self.after.bill.usd:,.2f} US dollars a month"
        yield f"{self.before.name} to {self.after.name}: {counts}, {len(self.replaced)} of them replaced"
        yield f"{self.usd:+,.2f}: {cost}"
        for heading, side, some in (
            ("removed", self.before, self.removed),
            ("added", self.after, self.added),
        ):
            if some:
                yield ""
                yield heading
                yield from (f"  {kind(one)} '{title(side.graph, one)}'" for one in some)
        plain = [one for one in self.changed if not one.replaced_by]
        for heading, changes in (("replaced", self.replaced), ("changed", plain)):
            if changes:
                yield ""
                yield heading
                yield from (line for one in changes for line in _told(one))
        if self.by_component():
            yield ""
            yield "what that costs, in US dollars a month"
            yield from (f"{usd:>+16,.2f}  {name}" for name, usd in self.by_component().items())


def _told(change: Change) -> Iterator[str]:
    unsure = "" if change.known else "  (not known what would make a new one)"
    yield f"  {kind(change.after)} '{change.name}'{unsure}"
    for path, (before, after) in change.properties.items():
        mark = "  makes a new one" if path in change.replaced_by else ""
        yield f"    {path}: {_short(before)} to {_short(after)}{mark}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def difference(before: Side, after: Side) -> Difference:
    """What makes one of the other. A resource is the same in both if all of its URN but the stack is."""
    ours, theirs = _by_identity(before.graph), _by_identity(after.graph)
    first, second = _Reader(before.graph), _Reader(after.graph)
    changed: list[Change] = []
    for identity in (identity for identity in ours if identity in theirs):
        one, other = ours[identity], theirs[identity]
        a, b = first.read(one), second.read(other)
        paths = [path for path in dict.fromkeys([*a, *b]) if a.get(path, ABSENT) != b.get(path, ABSENT)]
        if paths:
            properties = {path: (a.get(path, ABSENT), b.get(path, ABSENT)) for path in paths}
            known = _replacing().get(one.type)
            force = [*(known or ()), *other.options.get("replaceOnChanges", ())]
            by = tuple(p for p in paths if any(_makes_anew(p, f, left_out=p not in b) for f in force))
            changed.append(
                Change(one, other, title(after.graph, other), properties, by, known is not None or bool(by))
            )
    added = [one for identity, one in theirs.items() if identity not in ours]
    removed = [one for identity, one in ours.items() if identity not in theirs]
    return Difference(before, after, added, removed, changed)


def _makes_anew(path: str, name: str, *, left_out: bool) -> bool:
    """Whether a change at a path is of what only a new one can have; replaced.yaml explains the "?"."""
    if name.endswith("?") and left_out:
        return False
    name = name.removesuffix("?")
    return path == name or path.startswith((f"{name}.", f"{name}["))


def _by_identity(graph: Graph) -> dict[str, Resource]:
    made = (one for one in graph.values() if one.custom and one.package != "pulumi")
    return {one.urn.split("::", 2)[2]: one for one in made}


class _Reader:
    """Reads what resources were asked for, with names in place of what was made up of a URN."""

    def __init__(self, graph: Graph) -> None:
        self._graph, self._names = graph, dict[str, str]()
        for one in graph.values():
            digits = hashlib.sha1(one.urn.encode()).hexdigest()[:17]
            name = f"<{one.name}>"
            address = "10.{}.{}.{}".format(*bytes.fromhex(digits[:6]))
            self._names |= {digits: name, f"-{digits[:7]}": "", address: name}

    def read(self, one: Resource) -> dict[str, Any]:
        """The leaves of its inputs by their paths, "scalingConfig.minSize"."""
        return dict(self._leaves(wire.printable(one.inputs), ""))

    def _leaves(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                yield from self._leaves(inner, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list) and value:
            for at, inner in enumerate(value):
                yield from self._leaves(inner, f"{path}[{at}]")
        else:
            yield path, self._settled(value) if isinstance(value, str) else value

    def _settled(self, text: str) -> str:
        text = self._graph.mask(text).replace(self._graph.stack, "<stack>")
        return MADE_UP.sub(self._name, text)

    def _name(self, found: re.Match[str]) -> str:
        text = found[0]
        return self._names.get(text, text if "." in text or text.startswith("-") else "<looked up>")


@cache
def _replacing() -> dict[str, list[str]]:
    return yaml.load(REPLACED.read_text(encoding="utf-8"), LOADER)["types"]
