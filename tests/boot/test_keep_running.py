"""One run of a stream is alive, and only one: the program that sees to it, against moto's EMR Serverless."""

import importlib.util
import itertools
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from moto.emrserverless.models import emrserverless_backends

from components.service import spark_job

ROLE = "arn:aws:iam::123456789012:role/a"


def keep_running():
    spec = importlib.util.spec_from_file_location("keep_running", spark_job.KEEPER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Stream:
    def __init__(self):
        self.emr, self.keeper = boto3.client("emr-serverless"), keep_running()
        made = self.emr.create_application(releaseLabel="emr-7.9.0", type="SPARK", clientToken="a")
        self.id = made["applicationId"]
        self.runs = emrserverless_backends["123456789012"]["us-east-1"].job_runs
        self.runs[self.id] = []  # AWS has no runs of a new application, where moto knows no application

    def ask(self, name="a-1"):
        asked = {"applicationId": self.id, "executionRoleArn": ROLE, "name": name, "mode": "STREAMING"}
        return self.keeper.handler(asked, None)

    def are(self, *states):
        """Say how the runs are, the oldest first."""
        for run, state in zip(self.runs[self.id], states, strict=True):
            run.state = state

    def found(self):
        return [(run.name, run.state) for run in self.runs[self.id]]


@pytest.fixture
def stream(monkeypatch):
    for key, value in (
        ("ACCESS_KEY_ID", "test"),
        ("SECRET_ACCESS_KEY", "test"),
        ("DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(f"AWS_{key}", value)
    with mock_aws():
        yield Stream()


@pytest.mark.parametrize("state", ["SUBMITTED", "SCHEDULED", "RUNNING", "QUEUED"])
def test_a_stream_that_is_alive_is_left_alone(stream, state):
    stream.ask()
    stream.are(state)
    assert "alive" in stream.ask() and stream.found() == [("a-1", state)]


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED", "SUCCESS"])
def test_a_stream_that_ended_is_started_again(stream, state):
    stream.ask()
    stream.are(state)
    assert "started" in stream.ask() and len(stream.found()) == 2


def test_a_stream_of_an_older_deployment_is_ended_first_and_then_followed(stream):
    stream.ask("a-1")
    stream.are("RUNNING")
    assert "alive" in stream.ask("a-2") and stream.found() == [("a-1", "CANCELLED")]
    stream.are("CANCELLING")
    assert "alive" in stream.ask("a-2") and stream.found() == [("a-1", "CANCELLING")]
    stream.are("CANCELLED")
    assert "started" in stream.ask("a-2") and stream.found()[1][0] == "a-2"


def test_two_that_ask_at_once_start_one(stream):
    stream.ask()
    stream.are("FAILED")
    before = list(stream.runs[stream.id])
    stream.ask()
    stream.runs[stream.id] = before.copy()
    stream.ask()
    tokens = [run.client_token for run in itertools.chain(before, stream.runs[stream.id])]
    first, again = tokens[0], tokens[-1]
    assert first != again and Path(spark_job.KEEPER).is_file()
    stream.runs[stream.id] = before.copy()
    stream.ask()
    assert stream.runs[stream.id][-1].client_token == again
