"""What reads a resource as a bill does: one function a type, and what it has at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from fourplane.cost.book import Book, Price
from fourplane.cost.usage import Assumption, Usage
from fourplane.graph import Graph, Resource
from fourplane.measures import Stock
from fourplane.planes import lineage, title

HOURS = 730
"""Of a month, as AWS's own calculator has them."""
Number = Decimal | int
Reader = Callable[["Meter"], None]
METERS: dict[str, Reader] = {}


def meter(*types: str) -> Callable[[Reader], Reader]:
    def add(reader: Reader) -> Reader:
        METERS.update(dict.fromkeys(types, reader))
        return reader

    return add


@dataclass(frozen=True)
class Line:
    """One line of a bill."""

    price: Price
    quantity: Decimal
    usd: Decimal
    """Not rounded."""
    assumed: tuple[Assumption, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "price": self.price.name,
            "usd_per_unit": float(self.price.tiers[0][1]),
            "unit": self.price.unit,
            "quantity": float(self.quantity),
            "monthly_usd": float(round(self.usd, 6)),
            "confidence": self.price.confidence,
            "assumed": {one.name: float(one.value) for one in self.assumed},
        }


class Ground(Stock):
    """A graph, the prices, and what is assumed of its use."""

    def __init__(self, graph: Graph, book: Book, usage: Usage) -> None:
        super().__init__(graph)
        self.book, self.usage = book, usage

    @cached_property
    def templates(self) -> dict[str, dict[str, Any]]:
        """The template of the machines of every group, by the group's URN."""
        return {group.urn: template for group, _, template in self.fleets}


class Meter:
    """One resource under the meter: its lines, or why it has none."""

    def __init__(self, ground: Ground, resource: Resource) -> None:
        self.ground, self.resource = ground, resource
        self.values = ground.values(resource)
        self.region = resource.region
        self.lines: list[Line] = []
        self.free = ""
        """Why nothing is charged for it."""

    def charge(self, price: str, quantity: Number, *assumed: Assumption) -> None:
        """So many units in a month. Raises Unpriced."""
        found = self.ground.book.price(price, self.region)
        amount = Decimal(quantity)
        if amount:
            self.lines.append(Line(found, amount, found.of(amount), assumed))

    def hours(self, price: str, count: Number = 1, *assumed: Assumption) -> None:
        """So many of something, all month."""
        self.charge(price, HOURS * count, *assumed)

    def used(self, price: str, assumption: str, times: Number = 1) -> None:
        """What is assumed to be used, so many times."""
        one = self.assume(assumption)
        self.charge(price, one.value * times, one)

    def assume(self, name: str) -> Assumption:
        return self.ground.usage.of(name, self.names)

    @cached_property
    def names(self) -> list[str]:
        """Its own name and those of the components around it, inner first, with and without their region."""
        graph = self.ground.graph
        around = lineage(graph, self.resource.urn)[::-1]
        return [name for one in around for name in (title(graph, one), one.name)]

    def number(self, key: str, default: int = 0) -> int:
        value = self.values.get(key)
        return int(value) if isinstance(value, (int, float, str)) and str(value).strip() else default

    def text(self, key: str) -> str:
        value = self.values.get(key)
        return value if isinstance(value, str) else ""


def first(value: Any) -> dict[str, Any]:
    """A block that Pulumi gives as an object, or as a list of at most one."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def share(percent: Decimal, least: int, most: int) -> Decimal:
    """What stands on average of something between its least and its most."""
    return least + (most - least) * percent / 100
