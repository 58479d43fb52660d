"""`fourplane chaos` as a user runs it, and the experiment that it starts on AWS."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from fourplane import experiments
from fourplane.cli.app import run
from fourplane.errors import Failure, Mistake

TEMPLATES = [
    {"id": "EXT1", "tags": {"stack": "shop-prod", "fault": "kong"}},
    {"id": "EXT2", "tags": {"stack": "shop-prod", "fault": "monkey", "owner": "us"}},
]


@pytest.fixture
def fis(monkeypatch):
    """A stand-in for FIS, and what it was asked; "refuse" among it makes it refuse."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer({"experimentTemplates": TEMPLATES})

        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer({"experiment": {"id": "EXP9"}}, 409 if "refuse" in asked else 200)

        def answer(self, body, status=200):
            self.send_response(status)
            self.send_header("x-amzn-ErrorType", "ConflictException")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "x")
    monkeypatch.setenv("AWS_ENDPOINT_URL_FIS", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_starts_the_experiment_that_the_stack_s_tags_name(fis):
    assert experiments.start("shop-prod", "monkey", "us-east-1") == "EXP9"
    assert fis[0]["experimentTemplateId"] == "EXT2" and fis[0]["tags"]["fault"] == "monkey"


def test_rejects_a_fault_that_the_stack_has_no_experiment_for(fis):
    with pytest.raises(Mistake, match="in eu-west-1 is tagged stack=shop-prod and fault=latency; deploy"):
        experiments.start("shop-prod", "latency", "eu-west-1")


def test_what_aws_refuses_is_one_line(fis):
    fis.append("refuse")
    with pytest.raises(Failure, match="AWS refused StartExperiment: ConflictException"):
        experiments.start("shop-prod", "monkey", "us-east-1")


def test_a_finding_is_exit_3_and_one_json_object(capfd):
    assert run(["chaos", "netflix-dev", "gorilla", "--zone", "us-east-1a", "--json"]) == 3
    shown = json.loads(capfd.readouterr().out)
    assert shown.keys() == {"stack", "fault", "place", "lost", "components", "arrows", "notes", "survives"}
    assert shown["survives"] is False and shown["fault"] == "gorilla"
    assert all(one.keys() >= {"component", "has", "needs", "ok", "why"} for one in shown["components"])
    assert all(one.keys() >= {"from", "to", "ok", "why"} for one in shown["arrows"])


def test_a_stack_that_survives_is_exit_0_and_a_table(capfd):
    assert run(["chaos", "netflix-dev", "monkey", "--set", "cache_minimum=3"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("netflix-dev: monkey in netflix-dev\n\nlost: ") and "\n  instance i-" in out
    assert "\n  works     user -> users " in out and "\nnetflix-dev survives" in out


@pytest.mark.parametrize("arguments", [["gorilla", "--zone", "mars"], ["flood"]])
def test_what_means_nothing_is_one_line_and_exit_2(capfd, arguments):
    assert run(["chaos", "netflix-dev", *arguments]) == 2
    told = capfd.readouterr()
    assert told.out == "" and told.err.startswith("error: ") and told.err.count("\n") == 1
