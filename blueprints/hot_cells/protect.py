"""What is refused or done more simply while partitions are hot, as controls that every service reads.

Each ends by itself two minutes after the last round that asked for it.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

from . import cells, partition, store

SECONDS = 120
SHAPE = "shape:"
LEAST_SHED, SHED_STEP = 20, 10
"""The first round sheds priorities above 80, each later one 10 more, and down to 20."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return DOES[event["do"]](store.connected(), event["state"])


def shed(redis: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Refuse what matters least."""
    above = max(LEAST_SHED, 80 - SHED_STEP * int(state["round"]))
    store.control(redis, {"shed_above": above}, SECONDS)
    return {"shed_above": above}


def shape(redis: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Let no hot partition have more than it may: a client is told to come again.

    What has been split since must not be held to what one partition may have.
    """
    limit, splits = store.threshold(), store.splits(redis)
    found = partition.hot(splits, store.loads(redis, partition.HOT_SECONDS), limit)
    shaped: list[str] = [name for name in redis.hkeys(store.CONTROLS) if name.startswith(SHAPE)]
    old = [name for name in shaped if not cells.is_partition(name.removeprefix(SHAPE), splits)]
    if old:
        redis.hdel(store.CONTROLS, *old)
    store.control(redis, {f"{SHAPE}{token}": int(limit) for token in found}, SECONDS)
    return {"shaped": len(found)}


def open_breakers(redis: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Call nobody who can be done without."""
    servers: list[str] = json.loads(os.environ.get("BREAKERS", "[]"))
    store.control(redis, {f"breaker:{server}": "open" for server in servers}, SECONDS)
    return {"open": servers}


def degrade(redis: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Give the simpler answer."""
    store.control(redis, {"degrade": True}, SECONDS)
    return {"degrade": True}


def restore(redis: Any, state: Mapping[str, Any]) -> dict[str, Any]:
    """Lift everything."""
    asked: list[str] = redis.hkeys(store.CONTROLS)
    ours = [one for one in asked if one.split(":")[0] in ("shed_above", "breaker", "shape", "degrade")]
    if ours:
        redis.hdel(store.CONTROLS, *ours)
    return {"lifted": len(ours)}


DOES = {
    "shed": shed,
    "shape": shape,
    "open_breakers": open_breakers,
    "degrade": degrade,
    "restore": restore,
}
