"""`fourplane cost`: what a stack costs in a month."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fourplane.cli.options import Json, Overrides, Stack

if TYPE_CHECKING:
    from fourplane.cost.bill import Bill
    from fourplane.cost.case import Budgeted, Compared
    from fourplane.graph import Graph
    from fourplane.project import Project

Given = Annotated[
    list[str] | None,
    typer.Option(
        "--usage", metavar="KEY=VALUE", help="Assume this of a month, of all or of COMPONENT.KEY. Repeatable."
    ),
]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="A YAML file of prices that differ from list prices."),
]
Compare = Annotated[
    str | None, typer.Option("--compare", metavar="STACK", help="Set another stack's bill beside this one's.")
]


def cost(
    stack: Stack,
    overrides: Overrides = None,
    json: Json = False,
    compare: Compare = None,
    usage: Given = None,
    prices: Prices = None,
) -> None:
    """Add up a month of a stack, per resource, component and plane. Nothing is deployed."""
    from fourplane import project
    from fourplane.cli import show
    from fourplane.cost import told

    found = project.find()
    names = [found.stack(one) for one in (stack, compare) if one is not None]
    bills = [_Bill(found, name, overrides or [], usage or [], prices) for name in names]
    first, *more = bills
    if json:
        show.one_object({**first.bill.as_json(), **_compared(first.bill, [one.bill for one in more])})
        return
    mask = first.graph.mask
    show.lines(map(mask, told.as_text(first.bill)))
    for other in more:
        show.lines(map(mask, told.comparison(first.bill, other.bill)))
    show.lines(map(mask, told.beside([(one.bill, one.table) for one in bills])))
    show.lines(map(mask, told.budgeted(first.budgets)))
    show.lines(map(mask, told.assumptions(first.bill.usage)))


class _Bill:
    """One stack's bill, and what stands beside it."""

    def __init__(
        self, found: "Project", name: str, overrides: list[str], given: list[str], prices: Path | None
    ) -> None:
        from fourplane import case_study, engine, project
        from fourplane.cli import show
        from fourplane.cost import case
        from fourplane.cost.bill import bill
        from fourplane.cost.book import Book
        from fourplane.cost.usage import Usage, costs
        from fourplane.preview import Preview

        settings = project.settings(found, name, overrides)
        own, book = costs(found.stack_folder, name), Book(own=prices)
        usage = Usage(own, given, settings.named)
        self.graph: Graph = engine.run(found, name, settings, Preview(), preview=True)
        show.warnings(settings, self.graph)
        self.bill: Bill = bill(self.graph, book, usage)
        self.budgets: list[Budgeted] = case.budgets(self.graph, self.bill)
        self.table: list[Compared] = []
        if own.rows and case_study.path(found, name).is_file():
            study = case_study.read(found, name).under(settings.named)
            self.table = case.table(study, own, self.graph, self.bill)
        for item in self.bill.unpriced:
            show.note(f"warning: {item.title}: {item.unpriced}")
        for one in self.budgets:
            if not one.holds:
                show.note(f"warning: the budget {one.name} of {name} is less than what it is for costs")


def _compared(bill: "Bill", others: list["Bill"]) -> dict[str, Any]:
    """What `--compare` adds."""
    return {
        key: value
        for other in others
        for key, value in {
            "compared_to": {
                "stack": other.stack,
                **{key: other.as_json()[key] for key in ("monthly_usd", "by_plane", "by_component")},
                "difference_usd": float(other.usd - bill.usd),
            }
        }.items()
    }
