"""Which partitions there are: what is hot is split, and what has cooled down is put together again."""

from collections.abc import Collection, Mapping
from typing import Any

from . import cells, store

HOT_SECONDS, COOL_SECONDS = 5, 60
"""Over which load is looked at: soon where something has to be done, long where nothing is urgent."""
COOL = 0.5
"""Share of the threshold that a cell must stay below to be put together: between it and the threshold nothing
is done, so that no cell is split and put together over and over."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return DOES[event["do"]](store.connected())


def split(redis: Any) -> dict[str, Any]:
    """Split every hot partition, and those children at once that are known to be hot themselves.

    Load is counted a level deeper than partitions are, so a call goes down two levels at most; what is
    below is known a few seconds later. Answers which cells hold drivers that must move.
    """
    splits, loads, limit = store.splits(redis), store.loads(redis, HOT_SECONDS), store.threshold()
    waiting = hot(splits, loads, limit)
    parted: list[str] = []
    while waiting:
        cell = waiting.pop()
        if cells.level(cell) < cells.DEEPEST:
            parted.append(cell)
            waiting += [child for child in cells.children(cell) if loads.get(child, 0) > limit]
    store.split(redis, parted)
    return {"cells": _inhabited(redis, splits | set(parted)), "split": len(parted)}


def measure(redis: Any) -> dict[str, Any]:
    """How many partitions are hot, and how many of them cannot be split any more."""
    found = hot(store.splits(redis), store.loads(redis, HOT_SECONDS), store.threshold())
    return {"hot": len(found), "stuck": sum(cells.level(cell) >= cells.DEEPEST for cell in found)}


def merge(redis: Any) -> dict[str, Any]:
    """Put together every cell whose partitions have had little load, all of them together, for a minute.

    Where no load at all is known nothing is done: it is the counting that has stopped.
    """
    splits, loads, limit = store.splits(redis), store.loads(redis, COOL_SECONDS), store.threshold()
    calm = [cell for cell in splits if loads and cells.load_of(cell, splits, loads) < COOL * limit]
    store.merge(redis, calm)
    left = splits - set(calm)
    below = [child for cell in calm for child in cells.children(cell)]
    return {
        "cells": _inhabited(redis, [cell for cell in below if not cells.is_partition(cell, left)]),
        "kept": len(left),
        "hot": len(hot(left, loads, limit)),
    }


def hot(splits: Collection[str], loads: Mapping[str, float], limit: float) -> list[str]:
    """The partitions that have more load than they may."""
    over = (token for token, load in loads.items() if load > limit)
    return sorted(token for token in over if cells.is_partition(token, splits))


def _inhabited(redis: Any, tokens: Collection[str]) -> list[str]:
    """Those of some cells under which there are drivers."""
    ordered = sorted(tokens)
    asked = redis.pipeline()
    for token in ordered:
        asked.hlen(store.cell_key(token))
    return [token for token, drivers in zip(ordered, asked.execute(), strict=True) if drivers]


DOES = {"split": split, "measure": measure, "merge": merge}
