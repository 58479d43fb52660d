"""Crowds of drivers in a real Redis: their load, and whether each is where it belongs."""

import json
import random
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from blueprints.hot_cells import places, redistribute, store
from tests.boot.redis_machine import shared_cluster

AIRPORT, STADIUM = (51.4700, -0.4543), (51.5560, -0.2796)
NORMAL = 150
"""Requests a second of a partition on an ordinary day."""
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60000)


@pytest.fixture
def server(program, monkeypatch):
    monkeypatch.setenv("REDIS_ADDRESS", shared_cluster(program("redis-server", "redis-server")))
    monkeypatch.setenv("TLS", "no")
    monkeypatch.setattr(store, "SETTLE_SECONDS", 0)
    monkeypatch.setattr(redistribute, "PAUSE_SECONDS", 0.02)
    return store.connected()


@pytest.fixture
def redis(server):
    server.flushall()
    return server


def write(redis, driver, lat, lng, splits, ts):
    """A position as the location service writes it."""
    cell, status = places.partition(lat, lng, splits), {"status": "available", "rating": 4.5}
    entry = {"lat": lat, "lng": lng, "ts": ts, **status}
    old = redis.hget(store.driver_key(driver), "cell")
    redis.hset(store.cell_key(cell), driver, json.dumps(entry))
    redis.hset(store.driver_key(driver), mapping={"cell": cell, **entry})
    if old not in (None, cell):
        redis.hdel(store.cell_key(old), driver)


def crowd(place, metres, number, seed=1):
    """Points around a place, most of them within some metres."""
    rng, spread = random.Random(seed), metres / 111_000
    return [(place[0] + rng.gauss(0, spread), place[1] + rng.gauss(0, spread)) for _ in range(number)]


def settle_in(redis, points):
    """Drivers at some points, each written once."""
    written = redis.pipeline()
    for number, (lat, lng) in enumerate(points):
        cell = places.partition(lat, lng, set())
        entry = {"lat": lat, "lng": lng, "ts": 1, "status": "available", "rating": 4.5}
        written.hset(store.cell_key(cell), f"d{number}", json.dumps(entry))
        written.hset(store.driver_key(f"d{number}"), mapping={"cell": cell, **entry})
    written.execute()


def count(redis, points, requests):
    """The load of the seconds around now: so many requests a second from these points."""
    splits = store.splits(redis)
    counted = Counter(token for lat, lng in points for token in places.parts(lat, lng, splits))
    load = {token: number * requests // len(points) for token, number in counted.items()}
    now, written = int(time.time()), redis.pipeline()
    for second in range(now - 9, now + 3):
        written.delete(f"load:{second}")
        written.hset(f"load:{second}", mapping=load)
    written.execute()


def homes(redis):
    """The cells that each driver is in."""
    found = {}
    for key in redis.scan_iter("cell:*"):
        for driver in redis.hkeys(key):
            found.setdefault(driver, []).append(key)
    return found


def wrong(redis):
    """Drivers that are not in the one cell that they belong to, and that driver:{<id>} names."""
    splits, found, asked = store.splits(redis), homes(redis), redis.pipeline()
    for driver in found:
        asked.hgetall(store.driver_key(driver))
    bad = []
    for (driver, keys), known in zip(found.items(), asked.execute(), strict=True):
        home = places.partition(float(known["lat"]), float(known["lng"]), splits)
        if keys != [store.cell_key(home)] or known["cell"] != home:
            bad.append((driver, keys, known["cell"], home))
    return bad
