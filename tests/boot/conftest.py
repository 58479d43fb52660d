"""A machine to run scripts on: the real AWS CLI against an emulator, and stand-ins for other programs."""

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from redis import Redis

from tests.boot.redis_machine import shared_cluster

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
REGION = "us-east-1"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The address of an emulator that starts empty."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{url}/moto-api/reset", method="POST")).close()
    yield url
    server.stop()


@pytest.fixture
def client(endpoint: str) -> Callable[[str], Any]:
    """client(service): a boto3 client of the emulator."""
    return lambda service: boto3.client(service, **clients(endpoint))


def clients(endpoint: str) -> dict[str, str]:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return {"endpoint_url": endpoint, "region_name": REGION, **keys}


@pytest.fixture(scope="session")
def aws_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """How the AWS CLI is called; "" where there is none."""
    places = os.environ["PATH"].split(":")
    found = [path for place in places if (path := shutil.which("aws", path=place))]
    for aws in found:
        with open(aws, "rb") as file:
            python = file.readline().decode(errors="replace").removeprefix("#!").split()
        if python and Path(python[0]).name.startswith("python"):
            break
    else:
        yield found[0] if found else ""
        return
    program, there = Path(__file__).with_name("aws_cli.py"), tmp_path_factory.mktemp("aws") / "socket"
    command = [python[0], str(program), "serve", str(there), aws]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as serving:
        assert serving.stdout and serving.stdout.readline() == b"ready\n"
        yield f"{python[0]} -I -S {program} call {there}"
        serving.kill()


class Machine:
    def __init__(self, root: Path, endpoint: str, aws: str) -> None:
        self.root = root
        self._bin = root / "bin"
        self._bin.mkdir()
        self._calls = root / "calls"
        self._calls.touch()
        if aws:  # an option, since older versions do not know AWS_ENDPOINT_URL
            self._program("aws", f'exec {aws} --endpoint-url {endpoint} "$@"')

    def stand_in(self, name: str, script: str = "") -> None:
        """Put a program on the path that notes how it was called, and then runs a script."""
        self._program(name, f'echo "{name} $*" >>{self._calls}\n{script}')

    def called(self) -> list[str]:
        """How the stand-ins were called, in order."""
        return self._calls.read_text().splitlines()

    def start(self, program: Path | str, *arguments: str, env: dict[str, str]) -> subprocess.Popen[str]:
        command = ["bash", str(program)] if str(program).endswith(".sh") else [str(program)]
        path = f"{self._bin}:{os.environ['PATH']}"
        return subprocess.Popen(
            [*command, *arguments],
            env={**os.environ, **KEYS, **env, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(
        self, program: Path | str, *arguments: str, env: dict[str, str], timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """A finished program. Raises TimeoutExpired where it takes longer, and ends it."""
        process = self.start(program, *arguments, env=env)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, 9)
            late.stdout, late.stderr = process.communicate()
            raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def _program(self, name: str, script: str) -> None:
        (self._bin / name).write_text(f"#!/bin/bash\n{script}\n")
        (self._bin / name).chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, endpoint: str, aws_cli: str) -> Machine:
    return Machine(tmp_path, endpoint, aws_cli)


@pytest.fixture(scope="module")
def locations_address() -> str:
    """The address of a real redis-server, for the services that keep and read where drivers are."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("redis-server is not installed; apt-get install redis-server")
    address = shared_cluster(server)
    host, port = address.split(":")
    with Redis(host=host, port=int(port)) as client:
        client.flushall()
    return address


@pytest.fixture
def locations(locations_address: str) -> Iterator[Any]:
    """A client of it, which starts empty."""
    host, port = locations_address.split(":")
    with Redis(host=host, port=int(port), decode_responses=True) as client:
        client.flushall()
        yield client
