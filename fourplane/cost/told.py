"""A bill as it is printed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from fourplane.cost.bill import Bill, Item
from fourplane.cost.case import Budgeted, Compared
from fourplane.cost.usage import Usage
from fourplane.planes import kind

NOT_COUNTED = "Not counted: free tiers, discounts and savings plans, taxes, support."
WIDTH = 16


def dollars(usd: Decimal) -> str:
    return f"{usd:,.2f}"


def as_text(bill: Bill) -> Iterator[str]:
    """Planes, their components, and what of each costs how much; the most first."""
    yield f"{bill.stack}: {dollars(bill.usd)} US dollars a month, on demand, at prices of {bill.as_of}"
    for plane, usd in bill.by("plane").items():
        inside = [item for item in bill.items if item.plane == plane]
        yield ""
        yield f"{plane} plane: {dollars(usd)}" if plane != "other" else f"other: {dollars(usd)}"
        yield from _components(inside)
    yield ""
    yield from _without(bill)
    for region in bill.guessed:
        yield f"no prices of {region} are known: those of us-east-1 stand in (--prices FILE gives others)"


def _components(items: Sequence[Item]) -> Iterator[str]:
    by_name: dict[str, list[Item]] = {}
    for item in items:
        by_name.setdefault(item.component, []).append(item)
    sums = {name: sum((one.usd for one in inside), Decimal(0)) for name, inside in by_name.items()}
    for name in sorted(by_name, key=lambda name: -sums[name]):
        if sums[name]:
            yield f"{dollars(sums[name]):>{WIDTH}}  {name}"
            yield from _kinds(by_name[name])


def _kinds(items: Sequence[Item]) -> Iterator[str]:
    number, usd = Counter[str](), Counter[str]()
    for item in items:
        if item.lines:
            number[kind(item.resource)] += 1
            usd[kind(item.resource)] += item.usd  # type: ignore[assignment]
    for name, amount in usd.most_common():
        many = f"{number[name]} x " if number[name] > 1 else ""
        yield f"{dollars(Decimal(amount)):>{WIDTH + 2}}    {many}{name}"


def _without(bill: Bill) -> Iterator[str]:
    free = [item for item in bill.items if item.free]
    kinds = {item.resource.type for item in free}
    yield f"free: {len(free)} resources of {len(kinds)} types (--json says of each why)"
    missing = Counter((kind(item.resource), item.unpriced) for item in bill.unpriced)
    yield f"without a price: {len(bill.unpriced) or 'nothing'}"
    yield from (f"  {number} x {name}: {why}" for (name, why), number in sorted(missing.items()))


def assumptions(usage: Usage) -> Iterator[str]:
    """What the bill stands on, each with who says so."""
    yield ""
    yield "assumed of a month (--usage KEY=VALUE, or COMPONENT.KEY=VALUE, says otherwise)"
    for one, times in sorted(usage.asked.items(), key=lambda pair: (pair[0].name, pair[0].of)):
        known = usage.kinds[one.name]
        name = f"{one.of}.{one.name}" if one.of else one.name
        yield f"  {name} = {one.value:f} {known.unit}, {one.source}: {known.of} ({times} of them)"
    yield NOT_COUNTED


def comparison(bill: Bill, other: Bill) -> Iterator[str]:
    """Two bills by plane, and the components that make the difference."""
    yield ""
    yield f"{bill.stack} beside {other.stack}"
    rows: list[tuple[str, ...]] = [("", bill.stack, other.stack, "times")]
    ours, theirs = bill.by("plane"), other.by("plane")
    for plane in dict.fromkeys([*ours, *theirs]):
        rows.append(_row(plane, ours.get(plane, Decimal(0)), theirs.get(plane, Decimal(0))))
    rows.append(_row("all", bill.usd, other.usd))
    yield from _aligned(rows)


def beside(tables: Sequence[tuple[Bill, Sequence[Compared]]]) -> Iterator[str]:
    """The case study's table of costs, and the same rows of one stack or two."""
    (first, compared), *more = tables
    if not compared:
        return
    names = [one.stack for one, _ in tables]
    yield ""
    yield "the case study's own table of costs, in US dollars a month"
    rows = [("", "it says", *(cell for name in names for cell in (name, "share")))]
    for at, line in enumerate(compared):
        others = [rows_of[at].costs for _, rows_of in more]
        cells = [cell for usd in (line.costs, *others) for cell in (dollars(usd), _share(usd, line.says))]
        rows.append((line.row, dollars(line.says), *cells))
    yield from _aligned(rows)
    for line in compared:
        yield f"  {line.row}: {' '.join(line.why.split())}"
    if not more:
        company = first.stack.rpartition("-")[0]
        yield f"  with --compare {company}-planet, the case study's own scale stands beside it"


def budgeted(found: Sequence[Budgeted]) -> Iterator[str]:
    if found:
        yield ""
        yield "budgets"
    for one in found:
        told = "holds" if one.holds else "is less than that"
        beside = f"{dollars(one.limit)} for what costs {dollars(one.costs)}"
        yield f"  {one.name}: {beside}: {told}; {one.would_do} would do"


def _row(name: str, ours: Decimal, theirs: Decimal) -> tuple[str, ...]:
    times = f"{theirs / ours:,.1f}" if ours else "-"
    return name, dollars(ours), dollars(theirs), times


def _share(usd: Decimal, says: Decimal) -> str:
    return f"{100 * usd / says:.3g} %" if usd < says * 10 else f"{usd / says:,.1f} times"


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *cells in rows:
        right = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True))
        yield f"  {first:{widths[0]}}  {'  '.join(right)}".rstrip()
