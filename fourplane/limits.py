"""A stack against what AWS lets an account have: what holds, what must be asked for, what cannot be."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from fourplane import job_measures as job_measures  # registers its measures
from fourplane import state_measures as state_measures  # registers its measures
from fourplane.errors import Failure
from fourplane.graph import Graph
from fourplane.measures import MEASURES, Stock

DATA = Path(__file__).with_name("limits.yaml")
HOLDS, INCREASE, CANNOT = "holds", "increase", "cannot"


@dataclass(frozen=True)
class Limit:
    """One line of limits.yaml."""

    name: str
    measure: str
    value: float
    source: str
    of: str = ""
    """What it is a limit of, "a role"; "" for a region."""
    types: list[str] = field(default_factory=list[str])
    service: str = ""
    code: str = ""
    """The quota in Service Quotas, by which more can be asked for; "" for what nobody can raise."""
    most: float = math.inf
    """How far it can be raised."""

    def state(self, used: float) -> str:
        if used <= self.value:
            return HOLDS
        return INCREASE if self.code and used <= self.most else CANNOT


@dataclass(frozen=True)
class Use:
    """What a stack asks for of one limit in one region, the worst of them if there are several."""

    limit: Limit
    region: str
    what: str
    used: float
    beyond: int
    """How many are beyond the limit: roles, subnets…"""

    @property
    def state(self) -> str:
        return self.limit.state(self.used)

    def as_json(self) -> dict[str, Any]:
        limit = self.limit
        return {
            "name": limit.name,
            "of": limit.of,
            "region": self.region,
            "what": self.what,
            "used": _number(self.used),
            "limit": _number(limit.value),
            "most": None if limit.most == math.inf else _number(limit.most),
            "state": self.state,
            "beyond": self.beyond,
            "service": limit.service,
            "code": limit.code,
            "source": limit.source,
        }


@dataclass(frozen=True)
class Check:
    """A stack against all limits."""

    stack: str
    as_of: str
    uses: list[Use]
    uncounted: list[str]
    """What only a deployment knows."""

    @property
    def deployable(self) -> bool:
        """Whether it can be deployed once AWS has granted what must be asked for."""
        return all(use.state != CANNOT for use in self.uses)

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "as_of": self.as_of,
            "deployable": self.deployable,
            "limits": [use.as_json() for use in self.uses],
            "uncounted": self.uncounted,
        }

    def as_text(self) -> Iterator[str]:
        yield f"{self.stack} against AWS's limits of {self.as_of}"
        headings = ((CANNOT, "cannot be raised"), (INCREASE, "must be raised before"), (HOLDS, "holds"))
        for state, heading in headings:
            found = [use for use in self.uses if use.state == state]
            if found:
                yield ""
                yield f"{heading}: {len(found)}"
                yield from (f"  {line}" for use in found for line in _lines(use))
        yield ""
        if self.uncounted:
            yield f"not counted, for only a deployment knows them: policies of {', '.join(self.uncounted)}"
        needed = sum(use.state == INCREASE for use in self.uses)
        after = f" after {needed} {'increase' if needed == 1 else 'increases'}" if needed else ""
        yield (
            f"{self.stack} can be deployed{after}" if self.deployable else f"{self.stack} cannot be deployed"
        )


def limits() -> tuple[str, list[Limit]]:
    """The date of the limits, and the limits."""
    whole = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return str(whole["as_of"]), [Limit(**entry) for entry in whole["limits"]]


def check(graph: Graph) -> Check:
    """A graph, deployed or previewed, against every limit that it makes any use of."""
    as_of, known = limits()
    stock = Stock(graph)
    uses = [use for limit in known for use in _uses(stock, limit)]
    return Check(graph.stack, as_of, uses, sorted(stock.unknown))


def _uses(stock: Stock, limit: Limit) -> Iterator[Use]:
    if limit.measure not in MEASURES:
        raise Failure(f"{DATA}: {limit.name}: fourplane/measures.py has no measure '{limit.measure}'")
    found: dict[str, list[tuple[float, str]]] = {}
    for region, what, used in MEASURES[limit.measure](stock, limit.types):
        found.setdefault(region, []).append((used, what))
    for region, amounts in sorted(found.items()):
        used, what = max(amounts, key=lambda one: one[0])
        beyond = sum(one > limit.value for one, _ in amounts)
        if used:
            yield Use(limit, region, what, used, beyond)


def _lines(use: Use) -> Iterator[str]:
    limit, wanted = use.limit, math.ceil(use.used)
    where = ", ".join(filter(None, (use.region, use.what and f"{limit.of} ({use.what})")))
    more = f"; {use.beyond} of them beyond it" if use.beyond > 1 else ""
    most = f", {_number(limit.most)} at most" if use.state != HOLDS and limit.most < math.inf else ""
    told = f"{_number(use.used)} {limit.name}" + (f" in {where}" if where else "")
    yield f"{told}: the limit is {_number(limit.value)}{most}{more}"
    if use.state == INCREASE and limit.code.startswith("L-"):
        region = f"--region {use.region or 'us-east-1'}"
        quota = f"--service-code {limit.service} --quota-code {limit.code} --desired-value {wanted}"
        yield f"  aws service-quotas request-service-quota-increase {region} {quota}"
    elif use.state != HOLDS:
        yield f"  {limit.source}"


def _number(value: float) -> float:
    """13 rather than 13.0, and no more than a digit behind the point."""
    return int(value) if value == int(value) else round(value, 1)
