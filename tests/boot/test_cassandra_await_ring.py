"""The real script in bash; the other region is a socket."""

import socket
import subprocess

import pytest

from components.state.cassandra.node import HERE


@pytest.fixture
def wait(tmp_path):
    """wait(port): the script's answer, "joins" or "waits", where the other region listens on that port."""

    def wait(port):
        (tmp_path / "slot.env").write_text("JOINS=127.0.0.2,127.0.0.1\n")
        (tmp_path / "sleep").write_text("#!/bin/sh\nexit 7\n")  # in the place of the pause
        (tmp_path / "sleep").chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "FOURPLANE_FOLDER": str(tmp_path),
            "DATA": str(tmp_path / "data"),
            "GOSSIP_PORT": str(port),
        }
        done = subprocess.run(["bash", str(HERE / "await-ring.sh")], env=environment, check=False)
        return {0: "joins", 7: "waits"}[done.returncode]

    return wait


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def silent():
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_new_node_joins_once_any_seed_of_the_other_region_answers(wait, listening):
    assert wait(listening) == "joins"


def test_a_new_node_waits_while_nobody_answers(wait, silent):
    assert wait(silent) == "waits"


def test_a_node_that_has_been_in_the_ring_starts_without_the_other_region(wait, silent, tmp_path):
    (tmp_path / "data" / "system").mkdir(parents=True)
    assert wait(silent) == "joins"
