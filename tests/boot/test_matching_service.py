"""The matching service that riders ask, with a real redis-server and the location service that fills it."""

import json
import os
import re
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import pytest

from blueprints.hot_cells import cells
from tests.boot.matching_machine import PROGRAMS, go_environment, need
from tests.boot.riders import CELL, LAT, LNG, agreed, control, drivers, pricing, ride, ring, start

__all__ = ["drivers", "ring", "start"]  # fixtures


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
