"""Who may ask the matching service for a ride, and what comes of asking twice."""

import json
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from stacks.uber import API
from tests.boot.matching_machine import bearer
from tests.boot.riders import drivers, ride, ring, start

__all__ = ["drivers", "ring", "start"]  # fixtures


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


def test_who_asks_again_while_the_answer_is_not_there_waits_for_it(start, drivers, locations):
    drivers(d={})
    locations.set("ride:{r1|a}", "", ex=60)  # of another pod, which is still looking
    pod, answer = start(), {"trip": "t", "driver": "another", "eta_seconds": 9, "fare": None}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ride, pod, request="a")
        assert wait([asked], timeout=0.3).not_done and not locations.exists("claim:{d}")
        locations.set("ride:{r1|a}", json.dumps(answer), ex=60)
        assert asked.result() == (200, answer)


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
