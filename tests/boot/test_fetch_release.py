"""How a machine gets a program from the account's bucket: the real script with the real AWS CLI."""

import hashlib
import subprocess

import pytest

from components.control.release import FETCH

JAR = b"a program"


@pytest.fixture
def fetch(machine, client, program):
    """fetch(sha256): the script's run, on a machine that is to have the program at opt/program.jar."""
    program("aws", "awscli")
    client("s3").create_bucket(Bucket="releases")
    client("s3").put_object(Bucket="releases", Key="program.jar", Body=JAR)
    (machine.root / "machine.env").write_text("AWS_REGION=us-east-1\n")

    def fetch(sha256=""):
        place = f"FILE={machine.root}/opt/program.jar\n"
        release = f"BUCKET=releases\nKEY=program.jar\nSHA256={sha256}\n{place}"
        (machine.root / "release.env").write_text(release)
        return machine.run(FETCH, env={"FOURPLANE_FOLDER": str(machine.root), "POLL_SECONDS": "0.1"})

    return fetch


def test_brings_the_program_that_was_asked_for(machine, fetch):
    result = fetch(hashlib.sha256(JAR).hexdigest())
    assert result.returncode == 0, result.stderr
    assert (machine.root / "opt" / "program.jar").read_bytes() == JAR


def test_runs_no_program_but_the_one_that_was_asked_for(machine, fetch):
    result = fetch("0" * 64)
    assert result.returncode == 1 and "program.jar is not the file that was asked for" in result.stderr
    assert not list((machine.root / "opt").iterdir())


def test_the_script_has_none_of_the_known_mistakes(program):
    checked = subprocess.run([program("shellcheck", "shellcheck"), FETCH], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
