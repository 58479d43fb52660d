"""The service that Netflix's fleet runs, started for real."""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SOURCE = Path("stacks/services/UserService.java").resolve()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def service(program):
    """service(ring): asks a running user service whose ring is at these addresses."""
    java = program("java", "default-jdk-headless")
    started = []

    def start(ring):
        port = free_port()
        environment = {**os.environ, "PORT": str(port), "USERS_ADDRESS": ",".join(ring)}
        started.append(subprocess.Popen([java, str(SOURCE)], env=environment))

        def ask(path):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                return error.code, json.load(error)

        for _ in range(300):
            try:
                ask("/health")
                return ask
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise AssertionError("the service did not start in 30 s")

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_serves_while_a_quorum_of_the_ring_can_be_reached(service):
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ring = [f"127.0.0.1:{node.getsockname()[1]}" for node in (one, two)]
        ask = service([*ring, f"127.0.0.1:{free_port()}"])
        assert ask("/api/users") == (200, {"ring": 3, "reached": 2})


def test_says_so_when_the_ring_is_lost_and_stays_healthy_itself(service):
    ask = service([f"127.0.0.1:{free_port()}"])
    assert ask("/api/users") == (503, {"ring": 1, "reached": 0})
    assert ask("/health") == (200, {"status": "up"})
