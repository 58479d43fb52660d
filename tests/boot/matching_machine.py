"""The programs that match riders and drivers, built as their images build them, on a machine of one's own."""

import base64
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.boot import compiled
from tests.boot.compiled import go_environment
from tests.boot.redis_machine import free_port

PROGRAMS = Path("blueprints/matching").resolve()
MATCHING = ["go", "build", "-o", "{out}/program", "."]
LOCATION = ["make", "--silent", "--jobs=2", "OUT={out}", "CXXFLAGS=-O1", "{out}/location-service"]


def need(program: str) -> None:
    """Skip a test that a machine lacks packages for."""
    wanted = (PROGRAMS / program / "build.packages").read_text().split()
    if shutil.which("dpkg-query") is None:
        pytest.skip("the packages of its image are Debian's")
    asked = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    said = subprocess.run(asked, capture_output=True, text=True).stdout.split("\n")
    if missing := [package for package in wanted if f"{package} installed" not in said]:
        pytest.skip(f"{program} cannot be built; apt-get install {' '.join(missing)}")


def built(program: str, command: list[str], made: str) -> Path:
    """A program, built as its folder has it."""
    need(program)
    folder = PROGRAMS / program
    sources = sorted(f for f in folder.iterdir() if f.suffix in (".go", ".cc", ".h") or f.name == "Makefile")
    sources = [source for source in sources if not source.name.endswith("_test.go")]
    words = lambda out: [word.format(out=out) for word in command]  # noqa: E731
    return compiled.built(program, sources, words, go_environment()) / made


def matching_program() -> Path:
    return built("matching", MATCHING, "program")


def location_program() -> Path:
    return built("location", LOCATION, "location-service")


class Running:
    """A program that answers over HTTP."""

    def __init__(self, program: Path, **environment: str) -> None:
        self.port = free_port()
        settings = {**os.environ, "PORT": str(self.port), **environment}
        self.process = subprocess.Popen([str(program)], env=settings, stderr=subprocess.PIPE, text=True)
        for _ in range(500):
            try:
                self.ask("/health")
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, self.process.stderr.read()
                time.sleep(0.02)
        raise AssertionError("it did not start in 10 s")

    def ask(self, path, body=None, **headers):
        """An answer's status and its JSON, or its text."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **headers}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _read(error.read())

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def bearer(**claims):
    """The header of somebody who has signed in; the balancer, which checks the signature, is not here."""
    head, said = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims)
    )
    return {"Authorization": f"Bearer {head}.{said}.signature"}


def _read(text: bytes):
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


def gossip_port() -> int:
    """One that is free for TCP and UDP."""
    while True:
        with closing(socket.socket()) as one, closing(socket.socket(type=socket.SOCK_DGRAM)) as other:
            one.bind(("127.0.0.1", 0))
            try:
                other.bind(("127.0.0.1", one.getsockname()[1]))
                return one.getsockname()[1]
            except OSError:
                continue
