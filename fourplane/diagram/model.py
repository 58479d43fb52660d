"""What a diagram shows, before anybody draws it: panels of boxes and arrows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from fourplane.reach import Way

LEVELS = ("planes", "components", "resources")


@dataclass(frozen=True)
class Row:
    """One resource inside a box."""

    urn: str
    text: str


@dataclass(frozen=True)
class Box:
    """One component, or several that one part of the case study means: the same in each region, say."""

    id: str
    """Stable for as long as the component has its name: "users", or "eu/users" in its Region "eu"."""
    plane: str
    title: str
    kind: str
    """Type of the component, as `fourplane preview` prints it."""
    technology: str
    """What it is made with: "Java 21 on EC2", "Kafka 3.9"."""
    scale: str
    """How much of it there is: "6–24 × t4g.small · 2 regions"."""
    urns: tuple[str, ...]
    """The components, that of the stack's own region first."""
    nodes: tuple[str, ...] = ()
    """Labels of the case study's nodes that it makes true."""
    notes: tuple[str, ...] = ()
    """Arrows that are told rather than drawn: too many of a kind lead to it, or from it."""
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Arrow:
    """The ways from one box to another. Whoever calls is its tail, whichever way content flows."""

    source: str
    target: str
    label: str
    """Port or API."""
    ways: tuple[Way, ...]
    both: bool = False
    """Whether the same leads back."""
    drawn: bool = False
    """Whether the case study draws it."""

    @property
    def id(self) -> str:
        return f"{self.source}--{self.target}"


@dataclass(frozen=True)
class Panel:
    """One of the pictures that a diagram is made of: a diagram of the case study, or the whole stack."""

    slug: str
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True)
class Model:
    stack: str
    title: str
    level: str
    panels: tuple[Panel, ...] = field(default=())

    @property
    def compared(self) -> bool:
        """Whether it tells what the case study draws from what it does not."""
        return bool(self.title) and self.level == "components"

    def boxes(self) -> Iterator[Box]:
        """Every box once, whichever panels show it."""
        yield from {box.id: box for panel in self.panels for box in panel.boxes}.values()

    def arrows(self) -> Iterator[Arrow]:
        """Every arrow once; one that the case study draws somewhere is drawn."""
        found: dict[str, Arrow] = {}
        for panel in self.panels:
            for arrow in panel.arrows:
                if arrow.id not in found or arrow.drawn:
                    found[arrow.id] = arrow
        yield from found.values()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
