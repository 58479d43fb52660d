"""Rectangles and curves, and where an arrow's label stands: on its own curve, and on nothing else."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

TAB = 76.0, 20.0
"""A plane's name, in the upper left corner of its frame."""
STEPS = 24
"""Points that are looked at of each Bézier piece of a curve."""
HEAD = 3.0
"""What is kept free around an arrow's head."""
Point = tuple[float, float]


@dataclass(frozen=True)
class Frame:
    """A rectangle, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float

    def moved(self, x: float, y: float) -> "Frame":
        return Frame(self.x + x, self.y + y, self.width, self.height)

    def grown(self, by: float) -> "Frame":
        return Frame(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def overlaps(self, other: "Frame") -> bool:
        apart = self.x + self.width <= other.x or other.x + other.width <= self.x
        return not apart and not (self.y + self.height <= other.y or other.y + other.height <= self.y)

    def holds(self, point: Point) -> bool:
        return self.x <= point[0] <= self.x + self.width and self.y <= point[1] <= self.y + self.height


@dataclass(frozen=True)
class Path:
    """An arrow's curve: Bézier points, the heads at its ends, and the place of its label."""

    points: list[Point]
    head: list[Point]
    tail: list[Point]
    label: Frame | None = None


@dataclass
class Layout:
    """A panel with places."""

    width: float = 0
    height: float = 0
    boxes: dict[str, Frame] = field(default_factory=dict[str, Frame])
    planes: dict[str, Frame] = field(default_factory=dict[str, Frame])
    arrows: dict[str, Path] = field(default_factory=dict[str, Path])


def place_labels(layout: Layout, sizes: Mapping[str, tuple[float, float]], loops: Collection[str]) -> None:
    """Give every arrow's label a place on its curve, as near to the middle as it is free there; above it
    where the arrow is a loop, which the label would hide.

    Free of boxes, of planes' names, of other labels and, where that can be, of heads and of other arrows.
    """
    curves = {id: list(curve(path)) for id, path in layout.arrows.items()}
    tabs = (Frame(one.x, one.y, min(one.width, TAB[0]), TAB[1]) for one in layout.planes.values())
    taken = [*layout.boxes.values(), *tabs]
    for id in sorted(sizes, key=lambda one: len(curves[one])):
        others = [point for other, points in curves.items() if other != id for point in points]
        up = sizes[id][1] / 2 + 1 if id in loops else 0
        places = [frame.moved(0, -up) for frame in _places(curves[id], *sizes[id])]
        free = [frame for frame in places if not any(map(frame.overlaps, taken))]
        heads = [point for path in layout.arrows.values() for point in path.head + path.tail]
        shown = [frame for frame in free if not any(map(frame.grown(HEAD).holds, heads))]
        clear = (frame for frame in shown if not any(map(frame.holds, others)))
        found = next(chain(clear, shown, free, places))
        layout.arrows[id] = replace(layout.arrows[id], label=found)
        taken.append(found)


def curve(path: Path) -> Iterator[Point]:
    """Points along an arrow's curve, close to each other."""
    for i in range(0, len(path.points) - 1, 3):
        a, b, c, d = path.points[i : i + 4]
        for step in range(STEPS + 1):
            t = step / STEPS
            u = 1 - t
            yield (
                u**3 * a[0] + 3 * u * u * t * b[0] + 3 * u * t * t * c[0] + t**3 * d[0],
                u**3 * a[1] + 3 * u * u * t * b[1] + 3 * u * t * t * c[1] + t**3 * d[1],
            )


def _places(points: list[Point], wide: float, high: float) -> Iterable[Frame]:
    """Frames of a size with their middle on a curve, from its own middle outwards."""
    middle = len(points) // 2
    for i in sorted(range(len(points)), key=lambda one: (abs(one - middle), one)):
        x, y = points[i]
        yield Frame(x - wide / 2, y - high / 2, wide, high)
