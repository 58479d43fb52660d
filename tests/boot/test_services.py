"""The services that Netflix's fleets run, each started by the program that starts it there."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.boot.compiled import built, go_environment

SERVICES = Path("stacks/services").resolve()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def start(tmp_path):
    """start(command, **environment): asks a service that is running: ask(path) -> (status, answer)."""
    started = []

    def run(*command, **environment):
        port = free_port()
        settings = {**os.environ, "PORT": str(port), "GOCACHE": str(tmp_path / "go"), **environment}
        started.append(subprocess.Popen(command, env=settings))

        def ask(path):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        for _ in range(1500):
            try:
                ask("/health")
                return ask
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.02)
        raise AssertionError("the service did not start in 30 s")

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def user(start, program):
    java = program("java", "default-jdk-headless")
    return lambda ring: start(java, str(SERVICES / "UserService.java"), USERS_ADDRESS=",".join(ring))


@pytest.fixture
def billing(start):
    python = shutil.which("python3")
    return lambda address: start(python, str(SERVICES / "billing_service.py"), BILLS_ADDRESS=address)


@pytest.fixture
def streaming(start, program):
    go, source = program("go", "golang-go"), SERVICES / "streaming_service.go"
    build = lambda out: [go, "build", "-o", f"{out}/streaming", str(source)]  # noqa: E731
    binary = str(built("streaming", [source], build, go_environment()) / "streaming")
    return lambda endpoint: start(binary, S3_ENDPOINT=endpoint, CONTENT_ADDRESS="content")


def test_the_user_service_serves_while_a_quorum_of_its_ring_can_be_reached(user):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ring = [f"127.0.0.1:{node.getsockname()[1]}" for node in (one, two)]
        ask = user([*ring, f"127.0.0.1:{free_port()}"])
        assert ask("/api/users") == (200, {"ring": 3, "reached": 2})


def test_the_user_service_says_so_when_its_ring_is_lost_and_stays_healthy_itself(user):
    ask = user([f"127.0.0.1:{free_port()}"])
    assert ask("/api/users") == (503, {"ring": 1, "reached": 0})
    assert ask("/health") == (200, {"status": "up"})


def test_the_billing_service_knows_mysql_by_its_greeting(billing):
    with socket.create_server(("127.0.0.1", 0)) as database:
        greeting = b"\x4a\x00\x00\x00\x0a8.0.39\x00"

        def greet():
            with database.accept()[0] as connection:
                connection.sendall(greeting)

        threading.Thread(target=greet, daemon=True).start()
        ask = billing(f"127.0.0.1:{database.getsockname()[1]}")
        assert ask("/api/billing") == (200, {"database": "reached"})


def test_the_billing_service_says_so_when_its_database_is_lost(billing):
    assert billing(f"127.0.0.1:{free_port()}")("/api/billing") == (503, {"database": "lost"})


@pytest.mark.parametrize(("s3_says", "expected"), [(403, (200, "reached")), (404, (503, "lost"))])
def test_the_streaming_service_knows_whether_its_bucket_is_there(streaming, s3_says, expected):
    class Bucket(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(s3_says if self.path == "/content" else 500)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Bucket) as s3:
        threading.Thread(target=s3.serve_forever, daemon=True).start()
        status, answer = streaming(f"http://127.0.0.1:{s3.server_port}")("/api/streams")
        s3.shutdown()
    assert (status, answer["content"]) == expected
