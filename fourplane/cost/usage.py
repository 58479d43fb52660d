"""How much a stack is assumed to be used in a month: what no graph can tell, and a bill cannot do without.

The defaults are in usage.yaml. stacks/costs/<company>.yaml says what an environment of a company is used for,
of one component where it names one, as a number or as so many times a setting of the stack; a name that ends
in "?" need not be in every phase of it. What is given with --usage has the last word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fourplane.cost.book import LOADER
from fourplane.errors import Mistake

DATA = Path(__file__).with_name("usage.yaml")
PRODUCT = re.compile(r"(\d+(?:\.\d+)?) \* (\w+)")
"""So many times a setting of the stack: "17 * monthly_terabytes"."""
GIVEN, DEFAULT = "--usage", "a default"


@dataclass(frozen=True)
class Assumption:
    """One number of a month."""

    name: str
    value: Decimal
    of: str
    """The component that it is said of; "" for all."""
    source: str
    """Who says so."""


@dataclass(frozen=True)
class Kind:
    """What can be assumed: one line of usage.yaml."""

    default: Decimal
    unit: str
    of: str


@dataclass
class Row:
    """A line of a case study's own table of costs: what of the stack it is about, and why we differ."""

    of: Sequence[str]
    why: str


@dataclass
class Costs:
    """What stacks/costs/<company>.yaml says of one stack."""

    usage: dict[str, Any] = field(default_factory=dict[str, Any])
    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    path: Path = Path()


def kinds() -> dict[str, Kind]:
    whole = yaml.load(DATA.read_text(encoding="utf-8"), LOADER)
    return {name: Kind(Decimal(str(one["default"])), one["unit"], one["of"]) for name, one in whole.items()}


class Usage:
    """Assumptions, each from whoever knows best; those that were asked for are remembered."""

    def __init__(
        self, costs: Costs | None = None, given: Sequence[str] = (), settings: Mapping[str, str] | None = None
    ) -> None:
        costs = costs or Costs()
        self.kinds = kinds()
        self._settings = settings or {}
        self._said: dict[tuple[str, str], tuple[Decimal, str]] = {}
        self._perhaps = {str(key)[:-1] for key in costs.usage if str(key).endswith("?")}
        for key, value in costs.usage.items():
            if isinstance(value, dict):
                for name, one in value.items():
                    self._say(str(key).removesuffix("?"), str(name), one, str(costs.path))
            else:
                self._say("", str(key), value, str(costs.path))
        for text in given:
            key, equals, value = text.partition("=")
            if not equals:
                raise Mistake(f"--usage must be KEY=VALUE, got '{text}'")
            of, _, name = key.rpartition(".")
            self._say(of, name, value, GIVEN)
        self.asked: dict[Assumption, int] = {}
        """What a bill stands on, and how many lines of it do."""

    def _say(self, of: str, name: str, value: Any, source: str) -> None:
        if name not in self.kinds:
            near = get_close_matches(name, self.kinds, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(self.kinds)}"
            raise Mistake(f"{source}: nothing is assumed of '{name}'{hint}")
        number = _number(value)
        if product := PRODUCT.fullmatch(str(value)):
            times, setting = product.groups()
            number = _number(self._settings.get(setting))
            if number is None:
                raise Mistake(
                    f"{source}: {name} is '{value}', and '{setting}' is no number among the settings"
                )
            number, source = number * Decimal(times), f"{source}: {value}"
        if number is None:
            raise Mistake(f"{source}: {name} must be a number, 0 or more, got '{value}'")
        self._said[of, name] = number, source

    def said_of(self) -> set[str]:
        """The components that something is said of in particular, and that must be there."""
        return {of for of, _ in self._said if of} - self._perhaps

    def of(self, name: str, names: Sequence[str]) -> Assumption:
        """What is assumed of something, by its own name and those of what is around it, inner first."""
        found = self._find(name, names)
        self.asked[found] = self.asked.get(found, 0) + 1
        return found

    def _find(self, name: str, names: Sequence[str]) -> Assumption:
        for of in (*names, ""):
            if (of, name) in self._said:
                value, source = self._said[of, name]
                return Assumption(name, value, of, source)
        return Assumption(name, self.kinds[name].default, "", DEFAULT)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


def costs(folder: Path, stack: str) -> Costs:
    """What a company's file says of one of its stacks; nothing where there is no file."""
    company, _, environment = stack.rpartition("-")
    path = folder / "costs" / f"{company or stack}.yaml"
    if not path.is_file():
        return Costs(path=path)
    try:
        whole = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        usage = {
            **(whole.get("usage", {}).get("all") or {}),
            **(whole.get("usage", {}).get(environment) or {}),
        }
        rows = {name: Row(one["of"], one["why"]) for name, one in whole.get("rows", {}).items()}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise Mistake(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    except (AttributeError, KeyError, TypeError, OSError, UnicodeDecodeError) as error:
        raise Mistake(
            f"{path}: must hold 'usage', by environment, and 'rows', each with 'of' and 'why': {error}"
        ) from None
    return Costs(usage, rows, path)
