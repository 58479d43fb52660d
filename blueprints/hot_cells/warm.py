"""The nearest free drivers of each new partition, in one key that one read answers.

warm:{<token>} is a JSON list of {"driver", "lat", "lng", "rating", "metres"} from the partition's centre, the
nearest first, of the partition and those around it: matching takes its drivers from there, by what their own
records say by then, and searches cells only where none of them is free any more. It looks for a list only
where a cell is split, since others are never made.
"""

import json
import time
from collections.abc import Collection, Mapping
from typing import Any

from . import cells, places, store

MOST_DRIVERS = 50
SECONDS = 60
STALE_MS = 30_000
"""A driver who has not been heard of for that long is not counted on by anybody."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    redis = store.connected()
    wanted: list[str] = event["state"]["cells"]["cells"]
    splits = store.splits(redis)
    new = {leaf for token in wanted for leaf in cells.leaves(cells.partition_of(token, splits), splits)}
    around = {token: places.neighbours(token, splits) for token in new}
    free = _free(redis, new.union(*around.values()))
    written = redis.pipeline()
    for token, near in around.items():
        found = [driver for cell in (token, *near) for driver in free[cell]]
        written.set(store.warm_key(token), json.dumps(nearest(token, found)), ex=SECONDS)
    written.execute()
    return {"warmed": len(around)}


def nearest(token: str, drivers: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
    centre = places.centre(token)
    measured = [{**one, "metres": round(places.metres(centre, (one["lat"], one["lng"])))} for one in drivers]
    return sorted(measured, key=lambda one: (one["metres"], one["driver"]))[:MOST_DRIVERS]


def _free(redis: Any, tokens: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """The drivers of some cells who are free, and who are there."""
    ordered, oldest = sorted(tokens), time.time() * 1000 - STALE_MS
    asked = redis.pipeline()
    for token in ordered:
        asked.hgetall(store.cell_key(token))
    found = [
        (token, driver, said)
        for token, drivers in zip(ordered, asked.execute(), strict=True)
        for driver, text in drivers.items()
        if (said := json.loads(text)).get("status") == "available" and said["ts"] >= oldest
    ]
    owners = redis.pipeline()
    for _, driver, _ in found:
        owners.hmget(store.driver_key(driver), "cell", "status")
    free: dict[str, list[dict[str, Any]]] = {token: [] for token in ordered}
    for (token, driver, said), known in zip(found, owners.execute(), strict=True):
        if known == [token, "available"]:  # who was sent to a rider is not free, though the cell has it so
            about = {key: said.get(key) for key in ("lat", "lng", "rating")}
            free[token].append({"driver": driver, **about})
    return free
