"""A month's bill of a graph: per resource, component and plane, and what has no price."""

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fourplane.cost import databases as databases  # each registers its meters
from fourplane.cost import machines as machines
from fourplane.cost import network as network
from fourplane.cost import services as services
from fourplane.cost import storage as storage
from fourplane.cost import watching as watching
from fourplane.cost.book import LOADER, Book, Unpriced
from fourplane.cost.meters import METERS, Ground, Line, Meter
from fourplane.cost.usage import Assumption, Usage
from fourplane.errors import Mistake
from fourplane.graph import Graph, Resource
from fourplane.planes import planes, title

FREE = Path(__file__).with_name("free.yaml")
CENT = Decimal("0.01")
NO_COMPONENT = "without a component"


@dataclass
class Item:
    """What one resource costs, and why; or why nothing; or what of it has no price."""

    resource: Resource
    title: str
    plane: str
    component: str
    lines: list[Line] = field(default_factory=list[Line])
    free: str = ""
    unpriced: str = ""
    usd: Decimal = Decimal(0)
    """In whole cents, so that all of a bill adds up."""

    @property
    def exact(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal(0))

    def as_json(self) -> dict[str, Any]:
        one = self.resource
        return {
            "urn": one.urn,
            "type": one.type,
            "name": self.title,
            "region": one.region,
            "plane": self.plane,
            "component": self.component,
            "monthly_usd": float(self.usd),
            "lines": [line.as_json() for line in self.lines],
            "free": self.free,
        }


@dataclass(frozen=True)
class Bill:
    """A month of a stack."""

    stack: str
    as_of: str
    items: Sequence[Item]
    assumptions: dict[Assumption, int]
    """What it stands on, and how many lines do."""
    usage: Usage
    guessed: Sequence[str]
    """Regions that are billed as if they were the book's own."""

    @property
    def usd(self) -> Decimal:
        return sum((item.usd for item in self.items), Decimal(0))

    @property
    def unpriced(self) -> list[Item]:
        return [item for item in self.items if item.unpriced]

    def by(self, key: str) -> dict[str, Decimal]:
        """What each plane or component costs, the most first."""
        found: dict[str, Decimal] = {}
        for item in self.items:
            name = getattr(item, key)
            found[name] = found.get(name, Decimal(0)) + item.usd
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    def of(self, urns: set[str]) -> Decimal:
        """What some resources cost together."""
        return sum((item.usd for item in self.items if item.resource.urn in urns), Decimal(0))

    def as_json(self) -> dict[str, Any]:
        return {
            "monthly_usd": float(self.usd),
            "by_plane": {name: float(usd) for name, usd in self.by("plane").items()},
            "by_component": {name: float(usd) for name, usd in self.by("component").items()},
            "resources": [item.as_json() for item in self.items],
            "unpriced": [
                {"urn": i.resource.urn, "type": i.resource.type, "name": i.title, "why": i.unpriced}
                for i in self.unpriced
            ],
        }


def bill(graph: Graph, book: Book, usage: Usage) -> Bill:
    """What a graph, deployed or previewed, costs in a month. Raises Mistake where something is assumed of a
    component that the stack does not have."""
    ground, of = Ground(graph, book, usage), planes(graph)
    items = [
        _item(ground, one, of[one.urn]) for one in graph.values() if one.custom and one.package != "pulumi"
    ]
    names = {name for one in graph.values() for name in (one.name, title(graph, one))}
    for strange in sorted(usage.said_of() - names):
        raise Mistake(f"{graph.stack} has no '{strange}' of which something could be assumed")
    _into_cents(items)
    return Bill(graph.stack, book.as_of, items, usage.asked, usage, sorted(book.guessed))


def _item(ground: Ground, one: Resource, plane: str) -> Item:
    graph = ground.graph
    around = graph.resources.get(one.parent)
    component = title(graph, around) if around and around.package != "pulumi" else NO_COMPONENT
    item = Item(one, title(graph, one), plane, component)
    meter = Meter(ground, one)
    reader = METERS.get(one.type)
    try:
        if reader:
            reader(meter)
            item.free = meter.free or ("" if meter.lines else "nothing of it is used")
        elif why := _free(one.type):
            item.free = why
        else:
            meter.charge(one.type, 1)
    except Unpriced as missing:
        item.unpriced = f"no price of {missing}" if reader else f"no price of a {one.type}"
    item.lines = meter.lines
    return item


@cache
def _free(type: str) -> str:
    """Why nothing is ever charged for a type; "" for what is billed."""
    known = ((one["why"], pattern) for one in _table() for pattern in one["types"])
    return next((why for why, pattern in known if fnmatch.fnmatchcase(type, pattern)), "")


@cache
def _table() -> list[dict[str, Any]]:
    return yaml.load(FREE.read_text(encoding="utf-8"), LOADER)


def _into_cents(items: Sequence[Item]) -> None:
    """Whole cents for every resource that add up to the whole bill, which is rounded once: those that lose
    most by rounding down get the cents that are left."""
    whole = sum((item.exact for item in items), Decimal(0)).quantize(CENT, ROUND_HALF_UP)
    for item in items:
        item.usd = item.exact.quantize(CENT, ROUND_DOWN)
    left = int((whole - sum((item.usd for item in items), Decimal(0))) / CENT)
    for item in sorted(items, key=lambda one: one.usd - one.exact)[:left]:
        item.usd += CENT
