"""The matching service that riders ask, with a real redis-server and the location service that fills it."""

import json
import os
import re
import socket
import socketserver
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from blueprints.hot_cells import cells, places, store, warm
from stacks.uber import API
from tests.boot.matching_machine import (
    PROGRAMS,
    Running,
    bearer,
    go_environment,
    gossip_port,
    location_program,
    matching_program,
    need,
)

LAT, LNG = 37.7749, -122.4194
CELL = "8085809"
METRE = 1 / 111_195
"""In degrees of latitude."""


@pytest.fixture
def start(locations_address, tmp_path):
    """start(**environment): a pod of the matching service, and the port that it gossips on."""
    started = []

    def run(**environment):
        gossip = environment.setdefault("GOSSIP_PORT", str(gossip_port()))
        fixed = {"LOCATIONS_ADDRESS": locations_address, "EVENTS_FILE": str(tmp_path / "events")}
        pod = Running(matching_program(), **{**fixed, "GOSSIP_BIND": "127.0.0.1", **environment})
        pod.gossip = gossip
        started.append(pod)
        return pod

    yield run
    for pod in started:
        pod.end()


@pytest.fixture
def drivers(locations, locations_address):
    """drivers(name={...}): they report where they are, in metres to the north of the rider."""
    services = []

    def report(**said):
        if not services:
            services.append(Running(location_program(), LOCATIONS_ADDRESS=locations_address))
        updates = [
            {
                "driver": driver,
                "lat": LAT + its.get("north", 100) * METRE,
                "lng": LNG,
                "ts": int((time.time() - its.get("ago", 0)) * 1000),
                "status": its.get("status", "available"),
                "rating": its.get("rating", 4.8),
            }
            for driver, its in said.items()
        ]
        assert services[0].ask("/api/locations", {"updates": updates})[0] == 202

    yield report
    for service in services:
        service.end()


def ride(pod, rider="r1", lat=LAT, lng=LNG, request=None, **headers):
    said = {"rider": rider, "lat": lat, "lng": lng} | ({"request": request} if request else {})
    return pod.ask("/api/rides", said, **headers)


def control(locations, name, value, seconds=60):
    locations.hset("controls", name, json.dumps({"value": value, "until": time.time() + seconds}))


@contextmanager
def pricing(answer=b'{"fare": 7.0}'):
    """A pricing service: its address, and what it was asked."""
    asked = []

    class Price(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["traceparent"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Price) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_ride_gets_the_best_driver_by_arrival_and_rating(start, drivers):
    pod = start()
    drivers(
        rude={"north": 100, "rating": 2.0},  # 19 s away, and three stars below
        best={"north": 500, "rating": 4.9},
        slow={"north": 1900, "rating": 5.0},
    )
    found = [ride(pod)[1] for _ in range(3)]
    assert [one["driver"] for one in found] == ["best", "rude", "slow"]
    assert found[0]["eta_seconds"] == pytest.approx(500 * 1.35 / 7, abs=1)
    assert ride(pod)[0] == 404


def test_nobody_is_sent_who_is_busy_away_silent_or_too_far(start, drivers):
    drivers(busy={"status": "busy"}, offline={"status": "offline"}, silent={"ago": 31}, far={"north": 2050})
    assert ride(start()) == (404, {"error": "no driver within reach"})


def test_fifty_requests_at_once_to_two_pods_never_get_the_same_driver(start, drivers):
    one, other = start(), start()
    drivers(**{f"d{n}": {"north": 40 * n} for n in range(20)})
    with ThreadPoolExecutor(50) as pool:
        said = [*pool.map(lambda n: ride(one if n % 2 else other, f"r{n}"), range(50))]
    assert Counter(status for status, _ in said) == {200: 20, 404: 30}
    assert len({answer["driver"] for status, answer in said if status == 200}) == 20


def test_a_driver_is_not_found_where_it_was(start, drivers, locations):
    drivers(d={"north": 100})
    left = locations.hget(f"cell:{{{CELL}}}", "d")
    drivers(d={"north": 9000})
    locations.hset(f"cell:{{{CELL}}}", "d", left)  # what a service left that was ended while it moved it
    assert ride(start())[0] == 404


def test_drivers_are_found_in_the_children_of_a_split_cell(start, drivers, locations):
    locations.sadd("splits", CELL, f"{CELL}c")
    drivers(d={})
    [key] = locations.scan_iter("cell:*")
    assert cells.level(key[6:-1]) == 14
    assert ride(start())[1]["driver"] == "d"


def test_a_driver_of_a_service_that_has_not_heard_of_a_split_is_found(start, drivers, locations):
    drivers(d={})
    locations.sadd("splits", CELL)
    assert ride(start())[1]["driver"] == "d"


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


def test_a_request_that_comes_again_gets_its_answer_and_no_second_driver(start, drivers, locations, tmp_path):
    drivers(**{f"d{n}": {"north": 40 * n} for n in range(4)})
    one, other = start(), start()
    with ThreadPoolExecutor(20) as pool:
        said = [*pool.map(lambda n: ride(one if n % 2 else other, request="a-1"), range(20))]
    assert all(answer == said[0] for answer in said) and said[0][0] == 200
    assert len((tmp_path / "events").read_text().splitlines()) == 1
    assert 0 < locations.ttl("ride:{r1|a-1}") <= 60
    others = [ride(one, request="a-2"), ride(one, rider="r2", request="a-1"), ride(one)]
    assert len({answer["driver"] for _, answer in [said[0], *others]}) == 4


def test_a_request_that_got_nobody_is_looked_for_anew(start, drivers):
    pod = start()
    assert ride(pod, request="a")[0] == 404
    drivers(d={})
    assert ride(pod, request="a")[1]["driver"] == "d"


def test_who_asks_again_while_the_answer_is_lost_gets_no_second_driver(start, drivers, locations):
    drivers(d={})
    locations.set("ride:{r1|a}", "", ex=60)  # of a pod that was ended while it looked
    assert ride(start(), request="a")[0] == 503
    assert not locations.exists("claim:{d}")


RIDE = f"openid {API}/ride"
R1 = bearer(sub="r1", client_id="the-app", scope=RIDE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (R1, 404),
        (bearer(client_id="r1", scope=RIDE), 404),
        ({"Authorization": R1["Authorization"].replace("Bearer", "bearer")}, 404),
        (bearer(sub="r2", client_id="r1", scope=RIDE), 403),
        (bearer(sub="r1", scope=f"{API}/drive"), 403),
        (bearer(sub="r1", scope=f"{RIDE}r"), 403),
        (bearer(sub="r1"), 403),
        ({"Authorization": "Bearer r1"}, 403),
        ({"Authorization": "Basic r1"}, 403),
        ({"Authorization": "Bearer a.W10.c"}, 403),
    ],
)
def test_only_a_rider_asks_for_its_ride(start, locations, headers, status):
    assert ride(start(), **headers)[0] == status


def test_a_rider_s_token_is_for_any_pod_of_the_ring(ring, drivers):
    drivers(**{f"d{n}": {} for n in range(3)})
    assert {ride(pod, **R1)[0] for pod in ring} == {200}


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


def test_a_dispatch_is_told_once_and_priced_on_the_way(start, drivers, tmp_path):
    drivers(d={})
    with pricing() as (address, asked):
        status, answer = ride(start(PRICING_ADDRESS=address), traceparent="00-1-2-01")
    assert status == 200 and answer["fare"] == 7.0
    assert asked == [(f"/api/prices?from_lat={LAT}&from_lng={LNG}&supply=1&demand=1.0", "00-1-2-01")]
    [event] = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert event.pop("at") == pytest.approx(time.time() * 1000, abs=10_000)
    known = {key: answer[key] for key in ("trip", "driver", "eta_seconds")}
    assert event == {"rider": "r1", "lat": LAT, "lng": LNG, **known}


def test_a_price_is_asked_for_with_the_drivers_who_are_free_and_the_rides_of_a_second(start, drivers):
    drivers(**{f"d{n}": {"north": 100 + n} for n in range(3)}, busy={"status": "busy"}, far={"north": 2050})
    with pricing() as (address, asked):
        pod = start(PRICING_ADDRESS=address)
        assert [ride(pod)[0] for _ in range(3)] == [200] * 3
        ride(pod, lat=LAT + 0.5)  # elsewhere
    told = [parse_qs(path.partition("?")[2]) for path, _ in asked]
    assert [one["supply"] for one in told] == [["3"], ["2"], ["1"]]
    # Nothing is forgotten but what is a second old.
    assert [float(one["demand"][0]) for one in told] == pytest.approx([1, 2, 3], abs=0.7)


def test_without_a_price_the_fare_is_told_later(start, drivers):
    drivers(d={})
    assert ride(start(PRICING_ADDRESS="127.0.0.1:9"))[1]["fare"] is None


def test_a_driver_whose_dispatch_cannot_be_told_is_given_back(start, drivers, locations):
    drivers(d={})
    assert ride(start(EVENTS_FILE="/dev/full"))[0] == 503
    assert ride(start())[1]["driver"] == "d"


def test_a_driver_stays_taken_when_its_claim_has_run_out(start, drivers, locations):
    drivers(d={})
    pod = start()
    assert ride(pod)[0] == 200
    locations.delete("claim:{d}")
    assert ride(pod)[0] == 404
    drivers(d={})  # it is free, it says
    assert ride(pod)[0] == 200


def test_obeys_what_sheds_shapes_and_degrades_it(start, drivers, locations):
    drivers(rude={"north": 100, "rating": 1.0}, **{f"d{n}": {"north": 300 + n} for n in range(9)})
    control(locations, "shed_above", 40)
    control(locations, "degrade", True)
    with pricing() as (address, asked):
        pod = start(PRICING_ADDRESS=address)
        assert ride(pod)[0] == 503  # 50 unless it says
        assert ride(pod, **{"X-Priority": "40"})[1]["driver"] == "rude"  # by distance alone
        assert asked == []
        locations.delete("controls")
        control(locations, "breaker:pricing", "open")
        assert ride(start(PRICING_ADDRESS=address))[1]["fare"] is None and asked == []
    locations.delete("controls")
    control(locations, "breaker:pricing", "open", seconds=-1)
    control(locations, f"shape:{CELL}", 2)
    pod = start()
    said = Counter(ride(pod)[0] for _ in range(12))
    assert said[429] >= 8 and said[200] >= 2, said


def test_load_is_counted_by_partition_and_by_its_child(start, locations):
    pod = start()
    for _ in range(3):
        ride(pod)
    pod.process.terminate()
    assert pod.process.wait(10) == 0
    counted = Counter()
    for key in locations.scan_iter("load:*"):
        counted.update({token: int(load) for token, load in locations.hgetall(key).items()})
    [child] = set(counted) - {CELL}
    assert counted == {CELL: 3, child: 3} and cells.parent(child) == CELL


@pytest.fixture
def ring(start):
    """Three pods that have found each other."""
    ports = [str(gossip_port()) for _ in range(3)]
    peers = ",".join(f"127.0.0.1:{port}" for port in ports)
    pods = [start(GOSSIP_PORT=port, PEERS=peers) for port in ports]
    agreed(pods, 3)
    return pods


def agreed(pods, members):
    for _ in range(500):
        if all(pod.ask("/health")[1]["members"] == members for pod in pods):
            return
        time.sleep(0.02)
    raise AssertionError(f"the pods do not agree on {members} members in 10 s")


def forwarded(pod):
    found = re.search(r'rides_total{outcome="forwarded"} (\d+)', pod.ask("/metrics")[1])
    return int(found[1]) if found else 0


def test_a_cell_has_one_owner_that_all_pods_ask(ring, drivers):
    drivers(**{f"d{n}": {} for n in range(3)})
    assert {ride(pod)[0] for pod in ring} == {200}
    assert sorted(forwarded(pod) for pod in ring) == [0, 1, 1]


def test_when_the_owner_of_a_cell_is_lost_the_others_answer_at_once(ring, drivers):
    drivers(**{f"d{n}": {} for n in range(6)})
    for pod in ring:
        ride(pod)
    owner = next(pod for pod in ring if not forwarded(pod))
    owner.process.kill()
    owner.process.wait()
    left = [pod for pod in ring if pod is not owner]
    assert [ride(pod)[0] for pod in left] == [200, 200]
    agreed(left, 2)
    before = sum(forwarded(pod) for pod in left)
    assert ride(left[0])[0] == 200 and sum(forwarded(pod) for pod in left) <= before + 1


def test_a_pod_that_is_told_to_stop_leaves_the_ring_at_once(ring):
    ring[0].process.terminate()
    assert ring[0].process.wait(10) == 0
    agreed(ring[1:], 2)


def test_measures_each_match_and_each_round_trip(start, drivers):
    drivers(d={})
    pod = start()
    ride(pod)
    text = pod.ask("/metrics")[1]
    assert 'match_seconds_bucket{le="3"} 1\n' in text and 'rides_total{outcome="matched"} 1\n' in text
    assert int(re.search(r"redis_seconds_count (\d+)", text)[1]) >= 4


@pytest.mark.parametrize(
    "wrong", [{"lat": 91}, {"rider": ""}, {"lng": None}, {"request": "a|b"}, {"request": "a" * 65}]
)
def test_refuses_what_is_no_request(start, wrong):
    assert start().ask("/api/rides", {"rider": "r", "lat": LAT, "lng": LNG, **wrong})[0] == 400


def test_its_own_tests_pass():
    need("matching")
    tested = subprocess.run(
        ["go", "test", "-timeout", "60s", "."],
        cwd=PROGRAMS / "matching",
        env={**os.environ, **go_environment()},
        capture_output=True,
        text=True,
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
