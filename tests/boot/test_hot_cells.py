"""The real steps of a hot partition against a real redis-server, with positions being written meanwhile."""

import json
import random
import threading
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blueprints.hot_cells import cells, partition, places, protect, redistribute, store, warm
from tests.boot.crowd import (
    AIRPORT,
    CONTEXT,
    NORMAL,
    STADIUM,
    count,
    crowd,
    homes,
    redis,
    server,
    settle_in,
    write,
    wrong,
)

__all__ = ["redis", "server"]  # fixtures


def replay(redis, points, requests):
    """Rounds as the state machine has them, until nothing is hot. Answers how many there were."""
    for number in range(1, 12):
        count(redis, points, requests)
        wanted = partition.split(redis)
        redistribute.handler({"state": {"cells": wanted}}, CONTEXT)
        count(redis, points, requests)
        if not partition.measure(redis)["hot"]:
            return number
    raise AssertionError("still hot")


def hottest(redis, points, requests):
    splits = store.splits(redis)
    counted = Counter(places.partition(lat, lng, splits) for lat, lng in points)
    return max(counted.values()) * requests / len(points)


@pytest.mark.parametrize(
    ("place", "metres", "times"), [(AIRPORT, 300, 10), (STADIUM, 60, 20)], ids=["airport", "stadium"]
)
def test_a_crowd_s_cell_is_split_until_each_part_has_less_than_it_may(redis, place, metres, times):
    points = crowd(place, metres, 800)
    settle_in(redis, points)
    assert hottest(redis, points, times * NORMAL) > 1000
    rounds = replay(redis, points, times * NORMAL)
    assert hottest(redis, points, times * NORMAL) <= 1000
    assert rounds <= 4 and wrong(redis) == [] and len(homes(redis)) == 800


@pytest.mark.parametrize("runs", [1, 2])
def test_no_driver_is_lost_or_in_two_cells_while_positions_keep_being_written(redis, monkeypatch, runs):
    monkeypatch.setattr(store, "SETTLE_SECONDS", 0.4)
    points = crowd(STADIUM, 80, 400)
    settle_in(redis, points)
    over, lost = threading.Event(), []
    threads = [threading.Thread(target=drive, args=(redis, over, points, part)) for part in range(2)]
    threads.append(
        threading.Thread(target=look, args=(redis, over, len(points), lost, 2 if runs == 1 else 20))
    )
    threads += [threading.Thread(target=another_run, args=(redis, over)) for _ in range(runs - 1)]
    for thread in threads:
        thread.start()
    rounds = replay(redis, points, 20 * NORMAL)
    quiet(redis)
    over.set()
    for thread in threads:
        thread.join()
    redistribute.handler({"state": {"cells": {"cells": sorted(store.splits(redis))}}}, CONTEXT)
    assert (rounds > 1, lost, wrong(redis), len(homes(redis))) == (True, [], [], 400)
    assert all(float(redis.hget(store.driver_key(f"d{n}"), "ts")) > 1 for n in (0, 1, 398, 399))


def quiet(redis):
    """All is put together again, too, while it goes on."""
    now, written = int(time.time()), redis.pipeline()
    for second in range(now - 70, now + 8):
        written.delete(f"load:{second}")
        written.hset(f"load:{second}", "487673d", 1)
    written.execute()
    redistribute.handler({"state": {"cells": partition.merge(redis)}}, CONTEXT)
    assert store.splits(redis) == set()


def drive(redis, over, points, part):
    """Half of the drivers, each a few metres on at every turn; what is split is read every 50 ms."""
    rng, ts, read_at, splits = random.Random(part), 1, 0.0, set()
    while not over.is_set():
        time.sleep(0.005)  # others need the processors too
        for number in range(part, len(points), 2):
            if time.time() - read_at > 0.05:
                splits, read_at = store.splits(redis), time.time()
            ts += 1
            lat, lng = points[number]
            write(redis, f"d{number}", lat + rng.gauss(0, 0.0002), lng + rng.gauss(0, 0.0002), splits, ts)


def another_run(redis, over):
    """Somebody else who moves the same drivers at the same time: events come twice, now and then."""
    while not over.is_set():
        redistribute.sweep(redis, sorted(store.splits(redis)))
        time.sleep(0.01)


def look(redis, over, number, lost, times):
    """A driver must be in the cell that driver:{<id>} names; between two looks it may have moved on. It is
    looked for some times: two runs that move a driver at once may miss it for the time of one command."""
    rng = random.Random(9)
    while not over.is_set():
        driver = f"d{rng.randrange(number)}"
        before = redis.hget(store.driver_key(driver), "cell")
        there = any(redis.hexists(store.cell_key(before), driver) for _ in range(times))
        if not there and redis.hget(store.driver_key(driver), "cell") == before:
            lost.append((driver, before))


POINT = st.tuples(st.floats(-0.004, 0.004), st.floats(-0.004, 0.004))
LEFT = st.lists(
    st.tuples(POINT, st.integers(0, 6), st.sampled_from(["whole", "put", "owned", "stale"])), max_size=8
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LEFT, st.lists(st.tuples(POINT, st.integers(0, 6)), max_size=5))
def test_wherever_a_move_or_a_writer_stopped_each_driver_ends_in_its_one_cell(redis, drivers, parted):
    """`put`: a copy is in its new cell, and nobody has said so yet. `owned`: it has been said, and the old
    one is still there. `stale`: an older copy was left in a cell."""
    redis.flushall()
    splits = set()
    for (lat, lng), depth in parted:
        for _ in range(depth):
            splits.add(places.partition(AIRPORT[0] + lat, AIRPORT[1] + lng, splits))
    redis.sadd(store.SPLITS, "-", *splits)
    seen = set(splits)
    for number, ((lat, lng), depth, how) in enumerate(drivers):
        lat, lng = AIRPORT[0] + lat, AIRPORT[1] + lng
        old = places.partition(lat, lng, {cell for cell in splits if cells.level(cell) < 12 + depth})
        home = places.partition(lat, lng, splits)
        entry = {"lat": lat, "lng": lng, "ts": 5, "status": "available", "rating": 5}
        owner = home if how in ("owned", "stale") else old
        redis.hset(store.driver_key(f"d{number}"), mapping={"cell": owner, **entry})
        redis.hset(store.cell_key(owner), f"d{number}", json.dumps(entry))
        if how in ("put", "owned"):
            redis.hset(store.cell_key(home if how == "put" else old), f"d{number}", json.dumps(entry))
        if how == "stale" and old != home:
            redis.hset(store.cell_key(old), f"d{number}", json.dumps({**entry, "ts": 4}))
        seen |= {old, home}
    for _ in range(3):
        redistribute.sweep(redis, sorted(seen))
    assert redistribute.sweep(redis, sorted(seen)) == (0, 0)
    assert wrong(redis) == [] and len(homes(redis)) == len(drivers)


@settings(max_examples=50)
@given(POINT, st.lists(POINT, max_size=6))
def test_a_point_is_in_one_partition_and_in_its_parent(point, parted):
    splits = set()
    for lat, lng in parted:
        splits.add(places.partition(AIRPORT[0] + lat, AIRPORT[1] + lng, splits))
    token, below = places.parts(AIRPORT[0] + point[0], AIRPORT[1] + point[1], splits)
    assert cells.is_partition(token, splits) and cells.parent(below) == token
    outermost = cells.partition_of(below, set())
    assert [leaf for leaf in cells.leaves(outermost, splits) if cells.holds(leaf, below)] == [token]


def test_a_cell_that_cannot_be_split_any_more_is_said_to_be_stuck(redis):
    points = [AIRPORT] * 100
    settle_in(redis, points)
    for _ in range(6):
        count(redis, points, 5000)
        partition.split(redis)
    count(redis, points, 5000)
    store.control(redis, {"shape:487673d": 1000}, 60)  # of when it was a partition
    assert partition.measure(redis) == {"hot": 1, "stuck": 1}
    assert cells.level(places.partition(*AIRPORT, store.splits(redis))) == cells.DEEPEST
    protect.handler({"do": "shape", "state": {}}, None)
    (shaped,) = [name for name in redis.hkeys(store.CONTROLS) if name.startswith("shape:")]
    assert cells.level(shaped.removeprefix("shape:")) == cells.DEEPEST


def test_what_stays_busy_stays_split_and_so_does_all_where_nothing_is_counted(redis):
    redis.sadd(store.SPLITS, "487673d")
    assert partition.merge(redis)["kept"] == 1
    now = int(time.time())
    for second in range(now - 70, now + 2):
        redis.hset(f"load:{second}", mapping={child: 200 for child in cells.children("487673d")})
    assert partition.merge(redis)["kept"] == 1  # 800 in all: splitting it again would follow


def test_controls_grow_with_the_rounds_end_by_themselves_and_are_lifted(redis, monkeypatch):
    monkeypatch.setenv("BREAKERS", '["pricing"]')
    for do, turn in (("shed", 0), ("open_breakers", 3), ("degrade", 3)):
        protect.handler({"do": do, "state": {"round": turn}}, None)
    said = {name: json.loads(text) for name, text in redis.hgetall(store.CONTROLS).items()}
    assert {name: one["value"] for name, one in said.items()} == {
        "shed_above": 80,
        "breaker:pricing": "open",
        "degrade": True,
    }
    assert all(0 < one["until"] - time.time() <= protect.SECONDS for one in said.values())
    protect.handler({"do": "shed", "state": {"round": 40}}, None)
    assert json.loads(redis.hget(store.CONTROLS, "shed_above"))["value"] == protect.LEAST_SHED
    protect.handler({"do": "restore", "state": {}}, None)
    assert redis.hgetall(store.CONTROLS) == {}


def test_the_nearest_free_drivers_of_new_partitions_are_ready(redis):
    points = crowd(AIRPORT, 300, 200)
    settle_in(redis, points)
    for number, status in ((0, "busy"), (1, "offline")):
        cell = redis.hget(store.driver_key(f"d{number}"), "cell")
        entry = json.loads(redis.hget(store.cell_key(cell), f"d{number}"))
        redis.hset(store.cell_key(cell), f"d{number}", json.dumps({**entry, "status": status}))
    now = int(time.time() * 1000)
    for number, (lat, lng) in enumerate(points[2:], 2):
        write(redis, f"d{number}", lat, lng, set(), now)
    redis.hset(store.driver_key("d2"), "status", "busy")  # sent to a rider
    redis.sadd(store.SPLITS, top := places.partition(*AIRPORT, set()))
    redistribute.handler({"state": {"cells": {"cells": [top]}}}, CONTEXT)
    assert warm.handler({"state": {"cells": {"cells": [top]}}}, None) == {"warmed": 4}
    token = places.partition(*AIRPORT, {top})
    ready = json.loads(redis.get(store.warm_key(token)))
    assert len(ready) == warm.MOST_DRIVERS and not {"d0", "d1", "d2"} & {one["driver"] for one in ready}
    assert [one["metres"] for one in ready] == sorted(one["metres"] for one in ready)
