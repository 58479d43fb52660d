"""Drivers go to the cell that they belong to, while their positions keep being written.

A writer of a position puts the driver into the new cell, then says in driver:{<id>} that it is there, then
takes it out of the old one; a reader believes driver:{<id>}. A move keeps to the same order, and each of its
steps is one command on one key that does nothing where somebody else was faster: the driver is put into the
cell unless a newer position is there; driver:{<id>} is changed only from the cell that it was read with; and
only the very entry that was read is taken out. So a driver is always in the one cell that driver:{<id>}
names, but for the time of one command where two runs move it at once; whatever is left over, by a run that
stopped halfway for example, is found by the next sweep.
"""

import json
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from . import cells, places, store

BATCH = 1000
PAUSE_SECONDS = float(os.environ.get("PAUSE_SECONDS", "1"))
SPARE_MS = 10_000
"""Time that a call ends before its function would be ended."""
PUT = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old then
  local read, entry = pcall(cjson.decode, old)
  if read and type(entry) == 'table' and (tonumber(entry.ts) or 0) >= tonumber(ARGV[3]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
"""Puts a driver's entry into a cell unless one as new is there."""
OWN = """
local cell = redis.call('HGET', KEYS[1], 'cell')
if cell and cell ~= ARGV[1] then return 0 end
if cell then redis.call('HSET', KEYS[1], 'cell', ARGV[2]) end
return 1
"""
"""Says that a driver is in another cell, if it is still where it was."""
TAKE = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
"""
"""Takes an entry out of a cell, if it is still the same."""


@dataclass(frozen=True)
class Entry:
    """A driver as a cell has it, and as driver:{<id>} does."""

    driver: str
    text: str
    ts: float
    home: str
    """The partition that its position belongs to."""
    owner: str | None
    """The cell that driver:{<id>} names."""
    known_ts: float
    """When driver:{<id>} was written."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, int]:
    """Sweep until nothing is left to do, or the time is up: then what is left is left to the next round."""
    redis = store.connected()
    tokens: list[str] = event["state"]["cells"]["cells"]
    moved = 0
    while tokens:
        changed, unsettled = sweep(redis, tokens)
        moved += changed
        late = context.get_remaining_time_in_millis() < SPARE_MS
        if late or not (changed or unsettled):
            return {"moved": moved, "unsettled": changed + unsettled}
        time.sleep(PAUSE_SECONDS)
    return {"moved": 0, "unsettled": 0}


def sweep(redis: Any, tokens: Collection[str]) -> tuple[int, int]:
    """Go once through some cells, and through the partitions that their drivers go to. Answers how many
    entries were changed, and how many are just being written by somebody else."""
    splits = store.settled(redis)
    targets = {leaf for token in tokens for leaf in cells.leaves(cells.partition_of(token, splits), splits)}
    changed = unsettled = 0
    for token in sorted({*tokens, *targets}):
        cursor = None
        while cursor != 0:
            cursor, found = redis.hscan(store.cell_key(token), cursor or 0, count=BATCH)
            # Asked for anew: a cell may be split, or put together, while this goes on.
            entries = _entries(redis, found, store.settled(redis))
            one, other = _tidy(redis, token, entries)
            changed, unsettled = changed + one, unsettled + other
    return changed, unsettled


def _tidy(redis: Any, token: str, entries: list[Entry]) -> tuple[int, int]:
    here = [one for one in entries if one.owner in (token, None)]
    elsewhere = [one for one in entries if one.owner not in (token, None)]
    leaving = [one for one in here if one.home != token]
    # An older entry than driver:{<id>} was left behind; a newer one is a writer's that is not done yet. One
    # as old was left by a move that stopped halfway, but only where it does not belong.
    behind = [
        one for one in elsewhere if one.ts < one.known_ts or (one.ts == one.known_ts and one.home != token)
    ]
    _move(redis, token, leaving)
    _clear(redis, [(token, one) for one in behind])
    return len(leaving) + len(behind), len(elsewhere) - len(behind)


def _move(redis: Any, token: str, entries: list[Entry]) -> None:
    ours = _put(redis, entries)
    own = redis.pipeline()
    for one in entries:
        own.execute_command("EVAL", OWN, 1, store.driver_key(one.driver), token, one.home)
    owned = own.execute()
    # Another run, which takes what was put for left behind until it is owned, may have cleared it away.
    _put(redis, [one for one, yes in zip(entries, owned, strict=True) if yes])
    _clear(
        redis,
        [
            (token if yes else one.home, one)
            for one, mine, yes in zip(entries, ours, owned, strict=True)
            if mine or yes
        ],
    )


def _clear(redis: Any, entries: list[tuple[str, Entry]]) -> None:
    """Take entries out of cells that their drivers are not in. Somebody may bring a driver there meanwhile,
    with the very same entry: then it is put back."""
    gone = [pair for pair, owner in zip(entries, _owners(redis, entries), strict=True) if owner != pair[0]]
    taken = redis.pipeline()
    for token, one in gone:
        taken.execute_command("EVAL", TAKE, 1, store.cell_key(token), one.driver, one.text)
    taken.execute()
    back = [pair for pair, owner in zip(gone, _owners(redis, gone), strict=True) if owner == pair[0]]
    _put(redis, [replace(one, home=token) for token, one in back])


def _put(redis: Any, entries: list[Entry]) -> list[int]:
    put = redis.pipeline()
    for one in entries:
        put.execute_command("EVAL", PUT, 1, store.cell_key(one.home), one.driver, one.text, one.ts)
    return put.execute()


def _owners(redis: Any, entries: list[tuple[str, Entry]]) -> list[str | None]:
    """The cells that drivers are said to be in now."""
    asked = redis.pipeline()
    for _, one in entries:
        asked.hget(store.driver_key(one.driver), "cell")
    return asked.execute()


def _entries(redis: Any, found: Mapping[str, str], splits: Collection[str]) -> list[Entry]:
    asked = redis.pipeline()
    for driver in found:
        asked.hmget(store.driver_key(driver), "cell", "ts")
    made: list[Entry] = []
    for (driver, text), (owner, known) in zip(found.items(), asked.execute(), strict=True):
        try:
            said = json.loads(text)
            home = places.partition(float(said["lat"]), float(said["lng"]), splits)
            made.append(Entry(driver, text, float(said["ts"]), home, owner, float(known or 0)))
        except (KeyError, TypeError, ValueError):
            print(json.dumps({"unreadable": driver}))  # it stays where it is: nobody can say where it belongs
    return made
