"""A partition is split while the real location service writes: both mean the same by what is in Redis."""

import os
import random
import threading
import time

import pytest

from blueprints.hot_cells import cells, places, redistribute, store
from tests.boot.crowd import CONTEXT, STADIUM, crowd, homes, redis, server, wrong
from tests.boot.matching_machine import Running, location_program

__all__ = ["redis", "server"]  # fixtures
NUMBER = 300


@pytest.fixture
def service(redis):
    running = Running(location_program(), LOCATIONS_ADDRESS=os.environ["REDIS_ADDRESS"])
    yield running
    running.end()


def drive(service, points, over):
    """Every driver a few metres on, over and over, some drivers in each report."""
    rng = random.Random(1)
    while not over.is_set():
        for first in range(0, NUMBER, 50):
            said = [
                {"driver": f"d{n}", "lat": points[n][0] + rng.gauss(0, 2e-4), "lng": points[n][1]}
                | {"ts": int(time.time() * 1000), "status": "available", "rating": 4.5}
                for n in range(first, first + 50)
            ]
            assert service.ask("/api/locations", {"updates": said})[0] == 202
            time.sleep(0.01)  # others need the processors too


def test_the_location_service_and_a_split_agree_on_where_each_driver_is(service, redis, monkeypatch):
    monkeypatch.setattr(store, "SETTLE_SECONDS", 1.5)  # it reads what is split every second
    points, over = crowd(STADIUM, 150, NUMBER), threading.Event()
    driving = threading.Thread(target=drive, args=(service, points, over))
    driving.start()
    top = places.partition(*STADIUM, set())
    while len(homes(redis)) < NUMBER:
        time.sleep(0.05)
    parted = [top, *cells.children(top)]
    store.split(redis, parted)
    redistribute.handler({"state": {"cells": {"cells": parted}}}, CONTEXT)
    loads = [redis.hgetall(key) for key in redis.scan_iter("load:*")]
    over.set()
    driving.join()
    redistribute.handler({"state": {"cells": {"cells": parted}}}, CONTEXT)
    assert wrong(redis) == [] and len(homes(redis)) == NUMBER
    assert not {store.cell_key(cell) for cell in parted} & {
        key for keys in homes(redis).values() for key in keys
    }
    counted = {cells.level(token) for load in loads for token in load}
    assert {12, 13} <= counted <= {12, 13, 14, 15}
