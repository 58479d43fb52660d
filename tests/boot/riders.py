"""Riders and drivers of a real matching service, with the redis-server and location service that it needs."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.boot.matching_machine import Running, gossip_port, location_program, matching_program

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
