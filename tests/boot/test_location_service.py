"""The location service that drivers report to, with a real redis-server."""

import json
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from blueprints.hot_cells import cells
from stacks.uber import API
from tests.boot.matching_machine import Running, bearer, location_program

HERE = {"lat": 37.7749, "lng": -122.4194}
CELL = "8085809"
"""The cell of level 12 around it: S2CellId(S2LatLng::FromDegrees(…)).parent(12).ToToken()."""


@pytest.fixture
def start(locations_address):
    """start(**environment): a location service, which knows the splits and controls that there are."""
    started = []

    def run(**environment):
        started.append(Running(location_program(), LOCATIONS_ADDRESS=locations_address, **environment))
        return started[-1]

    yield run
    for one in started:
        one.end()


def update(driver="d1", **more):
    now = int(time.time() * 1000)
    return {"driver": driver, **HERE, "ts": now, "status": "available", "rating": 4.9, **more}


def report(service, *updates, **headers):
    return service.ask("/api/locations", {"updates": updates}, **headers)


def where(locations):
    """The cells that each driver is under."""
    found = {}
    for key in locations.scan_iter("cell:*"):
        for driver in locations.hkeys(key):
            found.setdefault(driver, []).append(key.removeprefix("cell:{").removesuffix("}"))
    return found


def test_four_reports_a_second_keep_a_driver_under_its_cell(start, locations):
    service, now = start(), int(time.time() * 1000)
    for quarter in range(4):
        said = update(ts=now - 1000 + 250 * quarter, lat=HERE["lat"] + 0.00005 * quarter)
        assert report(service, said) == (202, {"written": 1, "refused": 0})
    assert where(locations) == {"d1": [CELL]}
    kept = json.loads(locations.hget(f"cell:{{{CELL}}}", "d1"))
    assert kept == {key: value for key, value in said.items() if key != "driver"}
    assert locations.hgetall("driver:{d1}") == {
        "cell": CELL,
        **{key: str(value) for key, value in kept.items()},
    }


def test_a_driver_that_two_services_move_at_once_is_under_one_cell(start, locations):
    one, other, now = start(), start(), int(time.time() * 1000)

    def move(turn):
        places = [update(f"d{n}", ts=now - 9000 + turn, lat=random.uniform(37.6, 37.9)) for n in range(20)]
        return report(one if turn % 2 else other, *places)[0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(move, range(60))) == {202}
    move(9000)  # the next report mends what a late clearing took away
    found = where(locations)
    assert found == {f"d{n}": [locations.hget(f"driver:{{d{n}}}", "cell")] for n in range(20)}


def test_a_report_that_comes_late_changes_nothing(start, locations):
    service, now = start(), int(time.time() * 1000)
    report(service, update(ts=now))
    assert report(service, update(ts=now - 500, lat=37.9, status="offline"))[0] == 202
    assert where(locations) == {"d1": [CELL]}
    assert locations.hget("driver:{d1}", "status") == "available"


def test_under_a_split_cell_a_driver_is_in_the_child_that_it_is_in(start, locations):
    report(start(), update())
    locations.sadd("splits", CELL)
    report(start(), update())
    [child] = where(locations)["d1"]
    assert child in cells.children(CELL)


def test_the_deepest_cells_are_not_split(start, locations):
    here = CELL
    for _ in range(7):
        locations.sadd("splits", here)
        report(start(), update())
        [here] = where(locations)["d1"]
    assert cells.level(here) == 18


def test_load_is_counted_by_partition_and_by_its_child(start, locations):
    service = start()
    report(service, *(update(f"d{n}") for n in range(30)))
    report(service, update())
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(10) == 0
    counted = Counter()
    for key in locations.scan_iter("load:*"):
        assert 0 < locations.ttl(key) <= 120
        counted.update({token: int(load) for token, load in locations.hgetall(key).items()})
    [child] = set(counted) - {CELL}
    assert counted == {CELL: 31, child: 31} and cells.parent(child) == CELL


def test_obeys_what_sheds_and_shapes_load_until_it_ends(start, locations):
    def control(**values):
        for name, (value, until) in values.items():
            locations.hset("controls", name, json.dumps({"value": value, "until": time.time() + until}))

    control(shed_above=(60, 60))
    service = start()
    assert [report(service, update(), **{"X-Priority": p})[0] for p in ("61", "60", "x")] == [503, 202, 202]
    control(shed_above=(0, -1))
    control(**{f"shape:{CELL}": (2, 60)})
    service, far = start(), {"lat": 10.0, "lng": 10.0}
    statuses = Counter(report(service, update())[0] for _ in range(20))
    assert statuses[429] >= 14 and statuses[202] >= 2, statuses
    assert report(service, update(**far))[0] == 202


@pytest.mark.parametrize(
    "wrong",
    [{"lat": 91}, {"lng": "x"}, {"status": "asleep"}, {"driver": ""}, {"driver": "a}b"}, {"rating": None}],
)
def test_refuses_a_batch_with_what_is_no_update(start, locations, wrong):
    assert report(start(), update(), update(**wrong))[0] == 400
    assert where(locations) == {}


def test_tells_where_a_driver_is_who_works(start, locations):
    service, said = start(), update("d/1")
    report(service, said, update("off", status="offline"))
    place = {key: said[key] for key in ("driver", "lat", "lng", "ts")}
    assert service.ask("/api/locations/d%2F1") == (200, place)
    assert [service.ask(f"/api/locations/{one}")[0] for one in ("off", "nobody")] == [404, 404]
    locations.hset("controls", "shed_above", json.dumps({"value": 40, "until": time.time() + 60}))
    assert start().ask("/api/locations/d%2F1")[0] == 503


DRIVE, RIDE = f"openid {API}/drive", f"openid {API}/ride"
D1 = bearer(sub="d1", client_id="the-app", scope=DRIVE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (D1, 202),
        (bearer(client_id="d1", scope=DRIVE), 202),
        ({"Authorization": D1["Authorization"].replace("Bearer", "bearer")}, 202),
        (bearer(sub="d2", client_id="d1", scope=DRIVE), 403),
        (bearer(sub="d1", scope=RIDE), 403),
        (bearer(sub="d1", scope=f"{DRIVE}r"), 403),
        (bearer(sub="d1"), 403),
        (bearer(sub=["d1"], scope=[DRIVE]), 403),
        ({"Authorization": "Bearer d1"}, 403),
        ({"Authorization": "Basic d1"}, 403),
        ({"Authorization": "Bearer a.W10.c"}, 403),
    ],
)
def test_only_a_driver_says_where_it_is(start, locations, headers, status):
    assert report(start(), update("d1"), **headers)[0] == status
    assert [*where(locations)] == (["d1"] if status == 202 else [])


def test_a_batch_with_somebody_else_in_it_is_refused_as_a_whole(start, locations):
    assert report(start(), update("d1"), update("d2"), **D1)[0] == 403
    assert where(locations) == {}


def test_riders_may_see_drivers_and_drivers_themselves(start, locations):
    service = start()
    report(service, update("d1"))
    callers = [bearer(sub="r1", scope=RIDE), D1, bearer(sub="d2", scope=DRIVE), bearer(sub="d1")]
    seen = [service.ask("/api/locations/d1", **caller)[0] for caller in callers]
    assert seen == [200, 200, 403, 403]


def test_measures_each_batch(start, locations):
    service = start()
    report(service, update())
    text = service.ask("/metrics")[1]
    assert 'location_update_seconds_bucket{le="0.05"} 1\n' in text
    assert "location_update_seconds_count 1\n" in text and "redis_seconds_count" in text


def test_is_in_consul_while_it_runs(start, locations):
    asked = []

    class Agent(BaseHTTPRequestHandler):
        def do_PUT(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append((self.path, self.headers["X-Consul-Token"], json.loads(body or b"null")))
            self.send_response(404 if "check/pass" in self.path else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Agent) as consul:
        threading.Thread(target=consul.serve_forever, daemon=True).start()
        agent = f"127.0.0.1:{consul.server_port}"
        service = start(CONSUL_ADDRESS=agent, CONSUL_PASSWORD="t", POD_NAME="location-1", POD_IP="10.0.0.9")
        while len(asked) < 2:
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(10) == 0
        consul.shutdown()
    said = {path: body for path, _, body in asked}
    assert [*said] == [
        "/v1/agent/check/pass/service:location-1",
        "/v1/agent/service/register",
        "/v1/agent/service/deregister/location-1",
    ]
    registered = said["/v1/agent/service/register"]
    assert (registered["Name"], registered["Address"], registered["Port"]) == (
        "location",
        "10.0.0.9",
        service.port,
    )
    assert {token for _, token, _ in asked} == {"t"}
