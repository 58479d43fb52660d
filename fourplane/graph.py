"""What a program registered: the one description of a stack that everything else reads."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fourplane import wire

SHORT = 6
"""Shorter secrets are hidden as values only: hiding "5432" in every text would hide the answer itself."""


@dataclass
class Resource:
    """One registration: what was asked for, what the cloud answered, and what it stands on."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    provider: str
    region: str
    """Where it lives. Empty for what is not an AWS resource or component."""
    protect: bool
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    dependencies: list[str] = field(default_factory=list)
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    """Every other resource option that was given: aliases, ignoreChanges, deletedWith, customTimeouts…"""
    simulated: bool = False
    """Whether the sandbox only validated the call because its cloud has no such thing."""
    declared_at: str = ""
    """The line of the program that declared it, "stacks/shop.py:12"."""

    @property
    def package(self) -> str:
        return self.type.split(":")[0]

    def as_json(self) -> dict[str, Any]:
        known = {"id": self.id, **self.outputs} if self.custom and self.id else self.outputs
        return {
            "urn": self.urn,
            "type": self.type,
            "name": self.name,
            "parent": self.parent,
            "custom": self.custom,
            "provider": self.provider,
            "region": self.region,
            "protect": self.protect,
            "options": wire.printable(self.options),
            "dependencies": self.dependencies,
            "property_dependencies": self.property_dependencies,
            "inputs": wire.printable(self.inputs),
            "outputs": wire.printable(known),
        }


class Graph(Mapping[str, Resource]):
    """Resources by URN, in the order of their registration."""

    def __init__(self, stack: str) -> None:
        self.stack = stack
        self.resources: dict[str, Resource] = {}
        self.outputs: dict[str, Any] = {}
        self.secrets: set[str] = set()
        """Texts that must not be shown anywhere."""
        self.warnings: list[str] = []
        """What the program logged as a warning or an error, a line each."""
        self._index = _Index()

    def __getitem__(self, urn: str) -> Resource:
        return self.resources[urn]

    def __iter__(self) -> Iterator[str]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def all(self, type: str) -> list[Resource]:
        return list(self._indexed().by_type.get(type, ()))

    def one(self, type: str, name: str | None = None) -> Resource:
        """The only resource of a type (and a name). Raises LookupError where there is none, or several."""
        found = [r for r in self.all(type) if name in (None, r.name)]
        if len(found) != 1:
            raise LookupError(f"expected one {type}, found {[r.name for r in found]}")
        return found[0]

    def children(self, urn: str) -> list[Resource]:
        return list(self._indexed().by_parent.get(urn, ()))

    def _indexed(self) -> "_Index":
        """A graph is read much more often than it grows."""
        if self._index.count != len(self.resources):
            self._index = _Index(self.resources.values())
        return self._index

    def mask(self, text: str) -> str:
        """The text with every secret in it hidden."""
        return self._mask()(text)

    def _mask(self) -> Callable[[str], str]:
        places = {r.region for r in self.values()}  # no secret, though a secret object may hold the same text
        hidden = sorted(self.secrets - places, key=len, reverse=True)
        pattern = re.compile("|".join(map(re.escape, hidden)))
        return lambda text: pattern.sub("[secret]", text) if hidden else text

    def as_json(self) -> dict[str, Any]:
        """One object, secrets masked wherever they ended up, inside other texts too."""
        whole = {
            "stack": self.stack,
            "outputs": wire.printable(self.outputs),
            "resources": [r.as_json() for r in self.values()],
        }
        return self.masked(whole)

    def masked(self, value: Any) -> Any:
        """The value with every secret in any of its texts hidden."""
        return _masked(value, self._mask()) if self.secrets else value


class _Index:
    """The resources of a graph by what they are looked for."""

    def __init__(self, resources: Collection[Resource] = ()) -> None:
        self.count = len(resources)
        self.by_type: dict[str, list[Resource]] = {}
        self.by_parent: dict[str, list[Resource]] = {}
        for resource in resources:
            self.by_type.setdefault(resource.type, []).append(resource)
            self.by_parent.setdefault(resource.parent, []).append(resource)


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {k: _masked(v, mask) for k, v in value.items()}
    return [_masked(v, mask) for v in value] if isinstance(value, list) else value


def secret_texts(value: Any) -> set[str]:
    """Every text of some length that stands inside a secret, so that it can be hidden in other texts."""
    if isinstance(value, wire.Secret):
        return texts(value.value)
    if isinstance(value, dict):
        return set().union(*map(secret_texts, value.values()))
    return set().union(*map(secret_texts, value)) if isinstance(value, list) else set()


def texts(value: Any) -> set[str]:
    """The texts and numbers inside a value that are long enough to be told from others."""
    if isinstance(value, (str, int, float)) and not isinstance(value, bool):
        text = str(value)
        short = len(text) < SHORT
        return set() if short else {text, json.dumps(text)[1:-1], *_inside_json(text)}
    if isinstance(value, wire.Secret):
        return texts(value.value)
    if isinstance(value, dict):
        return set().union(*map(texts, value.values()))
    return set().union(*map(texts, value)) if isinstance(value, (list, tuple)) else set()


def _inside_json(text: str) -> set[str]:
    """A secret setting may be an object, whose parts are secret too."""
    if text[0] not in "{[":
        return set()
    try:
        return texts(json.loads(text))
    except ValueError:
        return set()
