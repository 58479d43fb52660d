"""The prices of prices.yaml, in the region that something is in, and under those that a user gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fourplane.errors import Mistake

DATA = Path(__file__).with_name("prices.yaml")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The one in C reads the book in a tenth of the time."""
OWN = "given by --prices"
EVERYWHERE = ""
Tiers = tuple[tuple[Decimal | None, Decimal], ...]
"""Up to how many units in a month a price holds, None for the rest; each with the price."""


class Unpriced(Exception):
    """The book has no price of that name."""


@dataclass(frozen=True)
class Price:
    """What one unit costs."""

    name: str
    tiers: Tiers
    unit: str
    source: str
    as_of: str
    confidence: str

    def of(self, quantity: Decimal) -> Decimal:
        """What so many units cost in a month, not rounded."""
        usd, before = Decimal(0), Decimal(0)
        for most, each in self.tiers:
            here = quantity if most is None else min(quantity, most)
            usd += max(here - before, Decimal(0)) * each
            before = here
        return usd

    @property
    def told(self) -> str:
        """The price of the first unit, and whether more cost less."""
        first = f"${self.tiers[0][1]:f}"
        return first if len(self.tiers) == 1 else f"from {first}"


class Book:
    """Every price that is known."""

    def __init__(self, path: Path = DATA, own: Path | None = None) -> None:
        whole = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        self.as_of = str(whole["as_of"])
        self.home = str(whole["region"])
        self.factors = {place: _amount(one, place) for place, one in whole["factors"].items()}
        self.guessed: set[str] = set()
        """Regions of which nothing is known, so that the prices of the book's own region stand in."""
        self._prices: dict[tuple[str, str], Price] = {}
        self._everywhere: set[str] = set()
        for group in whole["groups"]:
            self._add(group)
        self._own: dict[str, str] = _own(own, {name for name, _ in self._prices}, self) if own else {}

    def _add(self, group: Mapping[str, Any]) -> None:
        told = {key: str(group[key]) for key in ("unit", "as_of", "confidence")}
        sources: Mapping[str, str] = group.get("sources", {})
        placed = {self.home: group["usd"], **group.get("in", {})}
        for place, prices in placed.items():
            for name, usd in prices.items():
                self._prices[name, place] = Price(
                    name, _tiers(usd, name), source=str(sources.get(name) or group["source"]), **told
                )
        if group.get("everywhere"):
            self._everywhere |= set(group["usd"])

    def names(self) -> set[str]:
        return {name for name, _ in self._prices}

    def price(self, name: str, region: str) -> Price:
        """A price in a region. Raises Unpriced for a name that the book does not have."""
        for place in (region, EVERYWHERE):
            if own := self._own.get(f"{place} {name}"):
                return Price(name, ((None, Decimal(own)),), self._unit(name), OWN, "", "given")
        if found := self._prices.get((name, region)):
            return found
        if (name, self.home) not in self._prices:
            raise Unpriced(name)
        found = self._prices[name, self.home]
        return found if name in self._everywhere or not region else self._scaled(found, region)

    def _scaled(self, price: Price, region: str) -> Price:
        if region != self.home and region not in self.factors:
            self.guessed.add(region)
        factor = self.factors.get(region, Decimal(1))
        if factor == 1:
            return price
        tiers = tuple((most, each * factor) for most, each in price.tiers)
        told = f"estimated, {factor} of {self.home}'s"
        return Price(price.name, tiers, price.unit, price.source, price.as_of, told)

    def _unit(self, name: str) -> str:
        known = self._prices.get((name, self.home))
        kin = (one.unit for (other, _), one in self._prices.items() if _family(other) == _family(name))
        return known.unit if known else next(kin, "month")


def _own(path: Path, known: set[str], book: Book) -> dict[str, str]:
    """A user's own prices by "region name": a mapping of names to US dollars, or of regions to such."""
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise Mistake(f"{where}: not YAML: {getattr(error, 'problem', None) or 'not UTF-8 text'}") from None
    if not isinstance(whole, dict):
        raise Mistake(f"{path}: must hold a mapping of prices to US dollars, got {type(whole).__name__}")
    found: dict[str, str] = {}
    for name, given in whole.items():
        within = given if isinstance(given, dict) else {name: given}
        place = str(name) if isinstance(given, dict) else EVERYWHERE
        for one, usd in within.items():
            _check(path, str(one), known)
            if isinstance(usd, bool) or not isinstance(usd, (int, float, str)) or _bad(usd):
                raise Mistake(f"{path}: {one} must be US dollars, 0 or more, got {usd!r}")
            found[f"{place} {one}"] = str(usd)
    return found


def _check(path: Path, name: str, known: set[str]) -> None:
    """New machines of a known kind, and whole types, may have a price; a misspelt name may not."""
    families = {_family(one) for one in known if one.count(".") > 1}
    if name not in known and ":" not in name and (name.count(".") < 2 or _family(name) not in families):
        near = get_close_matches(name, known, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise Mistake(f"{path}: no price is named '{name}'{hint}")


def _family(name: str) -> str:
    return name.partition(".")[0]


def _bad(usd: Any) -> bool:
    try:
        return not Decimal(str(usd)).is_finite() or Decimal(str(usd)) < 0
    except InvalidOperation:
        return True


def _amount(value: Any, name: str) -> Decimal:
    if _bad(value):
        raise ValueError(f"{DATA}: {name} must be a number, got {value!r}")
    return Decimal(str(value))


def _tiers(usd: Any, name: str) -> Tiers:
    if not isinstance(usd, list):
        return ((None, _amount(usd, name)),)
    return tuple((None if most == "more" else _amount(most, name), _amount(each, name)) for most, each in usd)
