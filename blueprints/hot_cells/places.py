"""Where points and cells are on the earth."""

import math
from collections.abc import Collection

import s2cell

from . import cells

EARTH_METRES = 6_371_010


def partition(lat: float, lng: float, splits: Collection[str]) -> str:
    """The partition that a point belongs to."""
    leaf = s2cell.lat_lon_to_cell_id(lat, lng, 30)
    depth = cells.BASE
    while (token := _around(leaf, depth)) in splits and depth < cells.DEEPEST:
        depth += 1
    return token


def parts(lat: float, lng: float, splits: Collection[str]) -> tuple[str, str]:
    """A point's partition and the cell below that it is in: the two that a request is counted at."""
    token = partition(lat, lng, splits)
    return token, s2cell.lat_lon_to_token(lat, lng, cells.level(token) + 1)


def centre(token: str) -> tuple[float, float]:
    return s2cell.token_to_lat_lon(token)


def neighbours(token: str, splits: Collection[str]) -> set[str]:
    """The partitions around one: those that it touches, whatever their level."""
    beside = s2cell.cell_id_to_neighbor_cell_ids(cells.cell_id(token), edge=True, corner=True)
    found: set[str] = set()
    for id in beside:
        outermost = _around(id, cells.BASE)
        near = cells.token_of(id)
        for leaf in cells.leaves(outermost, splits):
            if cells.holds(leaf, near) or cells.holds(near, leaf):
                found.add(leaf)
    return found - {token}


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The way between two points as the crow flies."""
    (lat, lng), (to_lat, to_lng) = (map(math.radians, point) for point in (one, other))
    half = (
        math.sin((to_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(to_lat) * math.sin((to_lng - lng) / 2) ** 2
    )
    return 2 * EARTH_METRES * math.asin(math.sqrt(half))


def _around(id: int, depth: int) -> str:
    return cells.token_of(s2cell.cell_id_to_parent_cell_id(id, depth))
