"""A cloud over HTTP for scripts that are tested with the real AWS CLI, and a way to run them."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
AWS = shutil.which("aws")


class Endpoint:
    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str):
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, **keys)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    if AWS is None:
        pytest.skip("the AWS CLI is missing: apt-get install awscli")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield Endpoint(f"http://{host}:{port}")
    server.stop()


@pytest.fixture
def machine(tmp_path: Path, endpoint: Endpoint) -> "Machine":
    return Machine(tmp_path, endpoint)


class Machine:
    """A machine with the real AWS CLI, pointed at the endpoint, and stand-ins for other commands."""

    def __init__(self, folder: Path, endpoint: Endpoint) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.calls = folder / "calls"
        self.calls.touch()
        self.command("aws", f'exec {AWS} --endpoint-url {endpoint.url} "$@"', log=False)

    def command(self, name: str, script: str = "", *, log: bool = True) -> None:
        note = f'echo "{name} $*" >>{self.calls}\n' if log else ""
        (self.bin / name).write_text(f"#!/bin/bash\n{note}{script}\n")
        (self.bin / name).chmod(0o755)

    def start(self, script: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
        path = f"{self.bin}:{os.environ['PATH']}"
        return subprocess.Popen(
            ["bash", str(script), *arguments],
            env={**os.environ, **keys, "FOURPLANE_FOLDER": str(self.folder), **environment, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(script, *arguments, **environment)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines()


Run = Callable[..., subprocess.CompletedProcess[str]]
