"""A case study's own table of costs beside the bill of a stack, and a stack's budgets beside it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

from fourplane import wire
from fourplane.cost.bill import Bill
from fourplane.cost.usage import Costs
from fourplane.errors import Mistake
from fourplane.explain import named
from fourplane.graph import Graph, Resource
from fourplane.planes import tag
from fourplane.study import CaseStudy

COLUMN = "Cost/Month"
AMOUNT = re.compile(r"\$([\d.]+)([KMB]?)\+?")
TIMES = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
BUDGET = "aws:budgets/budget:Budget"
HEADROOM = Decimal("1.25")
"""What a budget leaves over its part of the bill: it tells at four fifths."""


@dataclass(frozen=True)
class Compared:
    """A line of the case study's table, and what the same costs in a stack."""

    row: str
    says: Decimal
    costs: Decimal
    why: str
    """Why they differ."""


@dataclass(frozen=True)
class Budgeted:
    """A budget of a stack, and what it is for costs by the bill."""

    name: str
    limit: Decimal
    costs: Decimal

    @property
    def holds(self) -> bool:
        return self.costs <= self.limit

    @property
    def would_do(self) -> int:
        """The bill and some headroom, in two digits, rounded up."""
        wanted = self.costs * HEADROOM
        step: int = 10 ** max(0, wanted.adjusted() - 1)
        return max(1, int((wanted / step).to_integral_value(ROUND_CEILING)) * step)


def table(study: CaseStudy, costs: Costs, graph: Graph, bill: Bill) -> list[Compared]:
    """The case study's rows with a cost of which the stack has something. Raises Mistake where the company's
    file names what is not there."""
    found: list[Compared] = []
    for row in study.metrics:
        says = AMOUNT.search(row.says.get(COLUMN, ""))
        told = costs.rows.get(row.component)
        if says and told:
            amount = Decimal(says[1]) * TIMES[says[2]]
            if urns := set(_urns(graph, told.of, costs.path)):
                found.append(Compared(row.component, amount, bill.of(urns), told.why))
    for strange in costs.rows.keys() - {row.component for row in study.metrics}:
        raise Mistake(f"{costs.path}: the case study's table of costs has no row '{strange}'")
    return found


def _urns(graph: Graph, names: Any, path: Path) -> Iterator[str]:
    """Everything in what is named; a name that ends in "?" need not be in every stack."""
    for name in names:
        resources = named(graph, name.removesuffix("?"))
        if not resources and not name.endswith("?"):
            raise Mistake(f"{path}: nothing in {graph.stack} is named '{name}'")
        for one in resources:
            yield from _within(graph, one)


def _within(graph: Graph, one: Resource) -> Iterator[str]:
    yield one.urn
    for child in graph.children(one.urn):
        yield from _within(graph, child)


def budgets(graph: Graph, bill: Bill) -> list[Budgeted]:
    """Every budget of a stack, beside what its components cost."""
    by_component: dict[str, Decimal] = {}
    for item in bill.items:
        name = tag(item.resource, "component")
        by_component[name] = by_component.get(name, Decimal(0)) + item.usd
    found: list[Budgeted] = []
    for one in graph.all(BUDGET):
        values = wire.plain(one.inputs)
        covered = _covered(values.get("filterExpression"))
        costs = sum((by_component.get(name, Decimal(0)) for name in covered), Decimal(0))
        found.append(Budgeted(one.name, Decimal(str(values.get("limitAmount") or 0)), costs))
    return found


def _covered(expression: Any) -> set[str]:
    """The components that a budget's filter names."""
    if isinstance(expression, list):
        return set().union(*map(_covered, expression))
    if not isinstance(expression, Mapping):
        return set()
    tags = expression.get("tags")
    own = (
        set(tags.get("values") or ())
        if isinstance(tags, Mapping) and tags.get("key") == "component"
        else set()
    )
    return own.union(*(_covered(expression.get(key)) for key in ("ands", "ors")))
