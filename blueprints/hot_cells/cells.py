"""S2 cells by their tokens: a tree of four children each. A partition is a leaf of what has been split."""

from collections.abc import Collection, Iterator, Mapping

BASE, DEEPEST = 12, 18
"""Levels of a partition that was never split, 3 to 6 km², and of one that cannot be split, 40 m wide."""


def cell_id(token: str) -> int:
    return int(token.ljust(16, "0"), 16)


def token_of(id: int) -> str:
    return f"{id:016x}".rstrip("0")


def level(token: str) -> int:
    return 30 - (_lowest(cell_id(token)).bit_length() - 1) // 2


def parent(token: str) -> str:
    id = cell_id(token)
    lowest = _lowest(id) << 2
    return token_of((id & -lowest) | lowest)


def children(token: str) -> list[str]:
    id = cell_id(token)
    lowest = _lowest(id)
    return [token_of(id - lowest + (2 * place + 1) * (lowest >> 2)) for place in range(4)]


def holds(token: str, inner: str) -> bool:
    """Whether a cell is another one or around it."""
    id, within = cell_id(token), cell_id(inner)
    reach = _lowest(id) - 1
    return id - reach <= within <= id + reach


def leaves(token: str, splits: Collection[str]) -> Iterator[str]:
    """The partitions that a cell consists of."""
    if token not in splits or level(token) >= DEEPEST:
        yield token
    else:
        for child in children(token):
            yield from leaves(child, splits)


def is_partition(token: str, splits: Collection[str]) -> bool:
    """Whether drivers are kept under a token, as opposed to a split cell or a part of a partition."""
    return BASE <= level(token) <= DEEPEST and [*leaves(partition_of(token, splits), splits)] == [token]


def partition_of(token: str, splits: Collection[str]) -> str:
    """The partition around a cell, or the cell itself where it is split or is one."""
    around = [token]
    while level(around[0]) > BASE:
        around.insert(0, parent(around[0]))
    return next((cell for cell in around[:-1] if cell not in splits), token)


def load_of(token: str, splits: Collection[str], loads: Mapping[str, float]) -> float:
    """The load of all partitions that a cell consists of."""
    return sum(loads.get(leaf, 0) for leaf in leaves(token, splits))


def _lowest(id: int) -> int:
    """The lowest bit that is set, which says a cell's level."""
    return id & -id
