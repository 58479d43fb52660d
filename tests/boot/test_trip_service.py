"""The trip service: the real program, on nodes that speak Cassandra's protocol and a payment service that
remembers."""

import http.server
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.boot import compiled
from tests.boot.cassandra_node import Node, Ring
from tests.boot.kong_machine import free_port

SOURCES = [
    Path(f"stacks/services/{name}.java").resolve() for name in ("TripService", "Cql", "Json", "Metrics")
]
TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-request-id": "r1"}


class Payments:
    """A payment service that says what it is told to."""

    def __init__(self):
        self.status, self.asked = 201, []
        payments = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                payments.asked.append((self.path, body, dict(self.headers)))
                self.send_response(payments.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


class Trips:
    """The service as it runs, its ring, and how to ask it."""

    def __init__(self, port, ring, nodes, payments):
        self.port, self.ring, self.nodes, self.payments = port, ring, nodes, payments

    def ask(self, method, path, body=None, **headers):
        """(status, answer)."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def put(self, trip, state, **fields):
        return self.ask("PUT", f"/api/trips/{trip}", {"state": state, **fields}, **TRACE)

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return answer.read().decode()


@pytest.fixture(scope="module")
def trips():
    """One service for all: each test has trips of its own."""
    command = compiled.java("TripService", SOURCES)
    ring, payments, port = Ring(), Payments(), free_port()
    nodes = [Node(ring) for _ in range(3)]
    settings = {"PORT": str(port), "TRIPS_ADDRESS": ",".join(node.address for node in nodes)}
    environment = {**os.environ, **settings, "PAYMENT_ADDRESS": payments.address}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    service = Trips(port, ring, nodes, payments)
    for _ in range(1500):
        try:
            if service.ask("GET", "/health")[0] == 200 and ring.types:
                break
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.02)
    yield service
    process.kill()
    process.wait()
    for node in nodes:
        node.stop()
    payments.server.shutdown()
    payments.server.server_close()


def completed(trips, name):
    """Bring a trip to its end."""
    answers = [
        trips.put(name, "requested", rider="ann", fare=12.5),
        trips.put(name, "accepted", driver="bob"),
    ]
    return [*answers, trips.put(name, "started"), trips.put(name, "completed")]


def test_makes_its_table_with_three_copies_in_the_ring_s_own_datacenter(trips):
    made = [one for one in trips.ring.said if one.startswith("CREATE")]
    assert "'eu-west-1': 3}" in made[0] and made[1].startswith("CREATE TABLE IF NOT EXISTS trips.trips ")


def test_a_trip_goes_from_its_request_to_its_payment_and_the_trace_with_it(trips):
    assert [status for status, _ in completed(trips, "t1")] == [201, 200, 200, 200]
    trip = {
        "trip": "t1",
        "rider": "ann",
        "driver": "bob",
        "state": "completed",
        "fare": 12.5,
        "payment": "paid",
    }
    assert trips.ask("GET", "/api/trips/t1") == (200, trip)
    path, body, headers = trips.payments.asked[-1]
    expected = {"key": "t1", "user": "ann", "amount": 12.5, "currency": "USD"}
    assert (path, body) == ("/api/payments", expected)
    assert {name.lower(): value for name, value in headers.items()}.items() >= TRACE.items()


def test_is_paid_once_however_often_it_is_completed(trips):
    completed(trips, "t2")
    before = len(trips.payments.asked)
    assert trips.put("t2", "completed")[0] == 200 and len(trips.payments.asked) == before


def test_is_due_while_payment_is_lost_and_paid_when_completed_again(trips):
    trips.payments.status = 503
    assert completed(trips, "t3")[-1][1]["payment"] == "due"
    trips.payments.status = 200
    assert trips.put("t3", "completed")[1]["payment"] == "paid"


def test_moves_a_trip_only_from_where_it_is(trips):
    assert trips.put("t4", "started", rider="ann")[0] == 404
    assert trips.put("t4", "requested", rider='a "quoted" ü')[0] == 201
    status, trip = trips.put("t4", "completed")
    assert (status, trip["state"], trip["rider"]) == (409, "requested", 'a "quoted" ü')


def test_of_two_who_accept_a_trip_at_once_one_does(trips):
    trips.put("t5", "requested", rider="ann")
    answers = {}

    def accept(driver):
        answers[driver] = trips.put("t5", "accepted", driver=driver)

    drivers = [threading.Thread(target=accept, args=(driver,)) for driver in ("bob", "eve")]
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    assert {trip["driver"] for _, trip in answers.values()} == {
        trips.ask("GET", "/api/trips/t5")[1]["driver"]
    }


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"state": "lost"}', b'{"state": "requested", "fare": -1}'])
def test_rejects_what_is_no_trip(trips, body):
    assert trips.ask("PUT", "/api/trips/t6", body)[0] == 400


def test_rejects_a_trip_that_nobody_knows(trips):
    assert trips.ask("GET", "/api/trips/t7")[0] == 404


def test_measures_its_reads_as_prometheus_takes_them(trips, program):
    trips.ask("GET", "/api/trips/t1")
    text = trips.metrics()
    assert 'cassandra_read_seconds_bucket{le="0.01"}' in text
    promtool = program("promtool", "prometheus")
    subprocess.run([promtool, "check", "metrics"], input=text, text=True, check=True)


def test_serves_without_a_node_and_says_so_without_a_quorum(trips):
    trips.put("t8", "requested", rider="ann")
    trips.nodes[0].stop()
    assert [trips.ask("GET", "/api/trips/t8")[0] for _ in range(6)] == [200] * 6
    trips.ring.failing = True
    assert trips.ask("GET", "/api/trips/t8") == (503, {"ring": "lost"})
    assert trips.ask("GET", "/health") == (200, {"status": "up"})
    trips.ring.failing = False
