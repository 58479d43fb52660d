"""Drivers whom the matching service has ready before it looks for any, and those whom it clears away."""

import json
import socket
import socketserver
import threading
import time

import pytest

from blueprints.hot_cells import places, store, warm
from tests.boot.riders import CELL, LAT, LNG, drivers, ride, start

__all__ = ["drivers", "start"]  # fixtures


@pytest.fixture
def ready(locations, drivers):
    """ready(name={...}): a split cell's drivers, got ready for the part that the rider is in. Its cell's own
    entries are then gone, so that only who is ready can be found."""

    def report(**said):
        locations.sadd("splits", CELL)
        drivers(**said)
        home = places.partition(LAT, LNG, {CELL})
        near = [{"driver": name, "lat": LAT, "lng": LNG, "rating": 5.0} for name in said]
        locations.set(store.warm_key(home), json.dumps(warm.nearest(home, near)))
        for key in locations.scan_iter("cell:*"):
            locations.delete(key)

    return report


def test_the_best_of_those_who_are_ready_is_sent_without_a_look_at_any_cell(start, ready, drivers):
    ready(near={"north": 400, "rating": 4.9}, rude={"north": 300, "rating": 2.0})
    pod = start()
    assert [ride(pod)[1]["driver"] for _ in range(2)] == ["near", "rude"]
    drivers(found={})  # when they are gone the cells are read
    assert ride(pod)[1]["driver"] == "found"


def test_who_is_ready_no_more_by_their_own_records_is_not_sent(start, ready, locations):
    ready(
        silent={"ago": 31}, far={"north": 2050}, busy={"status": "busy"}, gone={}, claimed={}, sent={}, odd={}
    )
    locations.delete("driver:{gone}")
    locations.set("claim:{claimed}", "another")
    locations.hset("driver:{sent}", "status", "busy")
    locations.hset("driver:{odd}", "ts", "soon")
    assert ride(start())[0] == 404


def test_a_list_that_cannot_be_read_keeps_nobody_from_the_cells(start, drivers, locations):
    locations.sadd("splits", CELL)
    drivers(d={})
    locations.set(store.warm_key(places.partition(LAT, LNG, {CELL})), "[1")
    assert ride(start())[1]["driver"] == "d"


class Between(socketserver.ThreadingTCPServer):
    """What is asked of Redis goes through here: `just_before` is done before a script gets there."""

    daemon_threads = True

    def __init__(self, address, just_before):
        self.to, self.just_before = address.split(":"), just_before
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        with socket.create_connection((self.to[0], int(self.to[1]))) as redis:
            threading.Thread(target=self._pass, args=(redis, request), daemon=True).start()
            self._pass(request, redis)

    def _pass(self, source, target):
        try:
            while said := source.recv(1 << 16):
                if b"EVAL" in said:
                    self.just_before()
                target.sendall(said)
        except OSError:
            pass  # the other side has ended


def until(true):
    for _ in range(500):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("not within 10 s")


def test_who_is_silent_for_over_five_minutes_is_swept_and_nobody_else(start, drivers, locations):
    drivers(gone={"ago": 301}, forgotten={"ago": 301}, quiet={"ago": 290}, d={}, alive={"ago": 301})
    locations.delete("driver:{forgotten}")
    locations.hset("driver:{alive}", "ts", int(time.time() * 1000))  # a late report is over its newer one
    assert ride(start())[1]["driver"] == "d"
    cell = store.cell_key(CELL)
    until(lambda: set(locations.hkeys(cell)) <= {"quiet", "d", "alive"})
    assert set(locations.hkeys(cell)) == {"quiet", "d", "alive"}


def test_a_silent_driver_who_reports_again_just_then_stays(start, drivers, locations, locations_address):
    drivers(back={"ago": 301}, gone={"ago": 301})
    with Between(locations_address, lambda: drivers(back={})) as between:
        ride(start(LOCATIONS_ADDRESS=f"127.0.0.1:{between.server_address[1]}"))
        until(lambda: not locations.hexists(store.cell_key(CELL), "gone"))
        between.shutdown()
    assert ride(start())[1]["driver"] == "back"
