"""What a program registered: the one description of a stack that everything else reads."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fourplane import wire


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

    def __getitem__(self, urn: str) -> Resource:
        return self.resources[urn]

    def __iter__(self) -> Iterator[str]:
        return iter(self.resources)

    def __len__(self) -> int:
        return len(self.resources)

    def all(self, type: str) -> list[Resource]:
        return [r for r in self.values() if r.type == type]

    def one(self, type: str, name: str | None = None) -> Resource:
        """The only resource of a type (and a name). Raises LookupError where there is none, or several."""
        found = [r for r in self.all(type) if name in (None, r.name)]
        if len(found) != 1:
            raise LookupError(f"expected one {type}, found {[r.name for r in found]}")
        return found[0]

    def children(self, urn: str) -> list[Resource]:
        return [r for r in self.values() if r.parent == urn]

    def mask(self, text: str) -> str:
        """The text with every secret in it hidden."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, "[secret]")
        return text

    def as_json(self) -> dict[str, Any]:
        """One object, secrets masked wherever they ended up, inside other texts too."""
        whole = {
            "stack": self.stack,
            "outputs": wire.printable(self.outputs),
            "resources": [r.as_json() for r in self.values()],
        }
        return _masked(whole, self) if self.secrets else whole


def _masked(value: Any, graph: Graph) -> Any:
    if isinstance(value, str):
        return graph.mask(value)
    if isinstance(value, dict):
        return {k: _masked(v, graph) for k, v in value.items()}
    return [_masked(v, graph) for v in value] if isinstance(value, list) else value


def secret_texts(value: Any) -> set[str]:
    """Every text of some length that stands inside a secret, so that it can be hidden in other texts."""
    if isinstance(value, wire.Secret):
        return _texts(value.value)
    if isinstance(value, dict):
        return set().union(*map(secret_texts, value.values()))
    return set().union(*map(secret_texts, value)) if isinstance(value, list) else set()


def _texts(value: Any) -> set[str]:
    if isinstance(value, str):
        short = len(value) < 6  # hiding "5432" or "true" everywhere would hide the answer itself
        return set() if short else {value, json.dumps(value)[1:-1]}
    if isinstance(value, dict):
        return set().union(*map(_texts, value.values()))
    return set().union(*map(_texts, value)) if isinstance(value, list) else set()
