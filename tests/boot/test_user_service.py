"""The user service in Eureka and Atlas: the real program against servers that take what theirs take, no more.

What they demand is from the real ones: Eureka's wiki ("Eureka REST operations") and ApplicationResource.java,
Atlas's PublishApi.scala and the validation rules of its reference.conf.
"""

import http.server
import json
import os
import queue
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.boot import compiled

PROGRAM = Path("stacks/services/UserService.java").resolve()
DEADLINE = 20  # seconds, against a hang
INSTANCE = {
    "instance-id": "i-0123456789abcdef0",
    "local-hostname": "ip-10-0-0-7.ec2.internal",
    "local-ipv4": "10.0.0.7",
    "placement/availability-zone": "us-east-1b",
}


class Stub:
    """A server on a port of its own: `calls` has what it was asked, in order, and `answers` what it says."""

    def __init__(self, answers):
        self.calls = queue.Queue()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, text = answers(self.command, self.path, self.headers, body)
                stub.calls.put((self.command, self.path, body, status))
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_PUT = do_POST = do_DELETE = do_any

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def next(self):
        """What it is asked next."""
        return self.calls.get(timeout=DEADLINE)

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def registry(registered):
    """Eureka's answers; `registered` is who is there."""

    def answers(method, path, headers, body):
        place = re.fullmatch(r"/eureka/v2/apps/([A-Z]+)(?:/([^/?]+))?(?:\?status=UP)?", path)
        if not place:
            return 404, ""
        app, instance = place.groups()
        if method == "POST" and instance is None:
            wrong = faults(app, headers, body)
            if not wrong:
                registered.add(json.loads(body)["instance"]["instanceId"])
            return (400, wrong) if wrong else (204, "")
        known = instance in registered
        if method == "DELETE":
            registered.discard(instance)
        return (200 if known else 404), ""

    return answers


def faults(app, headers, body):
    """What Eureka would find wrong with a registration."""
    if "application/json" not in headers["Content-Type"]:
        return "415"
    instance = json.loads(body)["instance"]
    required = (
        "hostName app ipAddr vipAddress secureVipAddress status port securePort homePageUrl statusPageUrl"
    )
    missing = {*required.split(), "healthCheckUrl", "dataCenterInfo"} - instance.keys()
    if missing or instance["app"] != app:
        return f"missing {missing}, or app is not {app}"
    kind, name = instance["dataCenterInfo"]["@class"], instance["dataCenterInfo"]["name"]
    known = {("com.netflix.appinfo.AmazonInfo", "Amazon")}
    known |= {("com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "MyOwn")}
    ports = all(
        isinstance(instance[p]["$"], int) and instance[p]["@enabled"] in ("true", "false")
        for p in ("port", "securePort")
    )
    return "" if (kind, name) in known and ports and instance["status"] == "UP" else "values"


def metadata(method, path, headers, body):
    """Instance metadata, version 2 alone."""
    if (method, path) == ("PUT", "/latest/api/token"):
        return 200, "a-token"
    known = headers["X-aws-ec2-metadata-token"] == "a-token"
    found = INSTANCE.get(path.removeprefix("/latest/meta-data/"))
    return (200, found) if known and found else (401, "")


def points(method, path, headers, body):
    """Atlas's answers to what is published."""
    wrong = path != "/api/v1/publish"
    sent = json.loads(body)
    for metric in sent["metrics"]:
        tags = {**sent["tags"], **metric["tags"]}
        wrong |= not all(re.fullmatch(r"[-._A-Za-z0-9^~]{1,120}", value) for value in tags.values())
        reserved = {key for key in tags if key.startswith(("atlas.", "nf."))}
        wrong |= "name" not in tags or not reserved <= {"atlas.dstype", "nf.app", "nf.node"}
        wrong |= not isinstance(metric["timestamp"], int) or not isinstance(metric["value"], float)
    return (400 if wrong else 200), ""


@pytest.fixture
def serve():
    """serve(answers): a stub, until the end of the test."""
    started = []

    def serve(answers):
        started.append(Stub(answers))
        return started[-1]

    yield serve
    for stub in started:
        stub.stop()


@pytest.fixture
def start(serve):
    """start(**environment): the running program, on EC2 as it seems."""
    here = f"http://{serve(metadata).address}"
    running = []

    def start(**environment):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        beat = {"PORT": str(port), "HEARTBEAT_SECONDS": "1", "STEP_SECONDS": "1"}
        where = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": here}
        command = compiled.java("UserService", [PROGRAM])  # what machines run compiles itself: a second more
        running.append(subprocess.Popen(command, env={**os.environ, **beat, **where, **environment}))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def test_registers_as_the_machine_it_is_then_beats_and_leaves_at_its_end(serve, start):
    registered = set()
    eureka = serve(registry(registered))
    process = start(EUREKA_ADDRESS=eureka.address)
    method, path, body, status = eureka.next()
    assert (method, path, status) == ("POST", "/eureka/v2/apps/USER", 204)
    instance = json.loads(body)["instance"]
    assert (instance["instanceId"], instance["ipAddr"]) == ("i-0123456789abcdef0", "10.0.0.7")
    assert instance["dataCenterInfo"]["metadata"]["availability-zone"] == "us-east-1b"
    assert instance["leaseInfo"] == {"renewalIntervalInSecs": 30, "durationInSecs": 90}
    assert eureka.next() == ("PUT", "/eureka/v2/apps/USER/i-0123456789abcdef0?status=UP", b"", 200)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=DEADLINE)
    left = [call[:2] for call in eureka.calls.queue][-1]
    assert left == ("DELETE", "/eureka/v2/apps/USER/i-0123456789abcdef0") and registered == set()


def test_registers_again_where_a_server_has_forgotten_it(serve, start):
    registered = set()
    eureka = serve(registry(registered))
    start(EUREKA_ADDRESS=eureka.address)
    eureka.next()
    registered.clear()
    asked = [("", 0)]
    while asked[-1] != ("POST", 204):
        call = eureka.next()
        asked.append((call[0], call[3]))
    assert asked[-2] == ("PUT", 404) and registered == {"i-0123456789abcdef0"}


def test_goes_on_to_the_next_server_where_one_is_gone_or_fails(serve, start):
    registered = set()
    ill, gone, well = serve(lambda *_: (503, "")), serve(lambda *_: (200, "")), serve(registry(registered))
    gone.stop()
    start(EUREKA_ADDRESS=f"{gone.address},{ill.address},{well.address}")
    assert well.next()[0] == "POST" and well.next()[0] == "PUT"
    assert registered == {"i-0123456789abcdef0"}


def test_says_that_it_is_not_on_ec2_where_nothing_says_otherwise(serve, start):
    eureka, nowhere = serve(registry(set())), serve(lambda *_: (404, ""))
    start(EUREKA_ADDRESS=eureka.address, AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://{nowhere.address}")
    _, _, body, status = eureka.next()
    assert status == 204 and json.loads(body)["instance"]["dataCenterInfo"]["name"] == "MyOwn"


def test_publishes_what_it_answered_as_atlas_takes_it(serve, start):
    atlas = serve(points)
    start(ATLAS_ADDRESS=atlas.address)
    method, path, body, status = atlas.next()
    assert (method, path, status) == ("POST", "/api/v1/publish", 200)
    assert json.loads(body)["tags"] == {"nf.app": "user", "nf.node": "i-0123456789abcdef0"}
    assert {m["tags"]["status"] for m in json.loads(body)["metrics"]} == {"2xx", "5xx"}
