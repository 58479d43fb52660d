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
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
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


PROGRAM = """
from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.postgresql import PostgreSql

network = Network("network", {"zones": 2})
till = AutoScalingService("till", {**network.private, "image": "a/b:1", "port": 80})
standby = pulumi.Config().get_bool("standby") or False
connect(till, PostgreSql("books", {**network.data, "standby": standby}))
"""
STUDY = """
title: A shop
diagrams:
  whole:
    nodes:
      TILL: {label: The till, made_true_by: [till]}
      BOOKS: {label: The books, made_true_by: [books]}
    arrows:
      - {from: TILL, to: BOOKS, made_true_by: [till -> books]}
metrics: []
"""


@pytest.fixture
def shop(write, monkeypatch):
    """A project whose stack is a till and its books, to run the command in."""
    monkeypatch.chdir(write(PROGRAM, **{"case_studies/shop.yaml": STUDY}))


def test_a_finding_is_exit_3_and_one_json_object(shop, capfd):
    assert run(["chaos", "shop-dev", "gorilla", "--zone", "us-east-1a", "--json"]) == 3
    shown = json.loads(capfd.readouterr().out)
    assert shown.keys() == {"stack", "fault", "place", "lost", "components", "arrows", "notes", "survives"}
    assert shown["survives"] is False and shown["fault"] == "gorilla"
    assert all(one.keys() >= {"component", "has", "needs", "ok", "why"} for one in shown["components"])
    (arrow,) = shown["arrows"]
    assert arrow.pop("why") and arrow.pop("state")
    assert arrow == {"from": "till", "to": "books", "ok": False, "drawn": True}


def test_a_stack_that_survives_is_exit_0_and_a_table(shop, capfd):
    assert run(["chaos", "shop-dev", "monkey", "--set", "standby=true"]) == 0
    out = capfd.readouterr().out
    assert out.startswith("shop-dev: monkey in shop-dev\n\nlost: ") and "\n  instance i-" in out
    assert "\n  works     till -> books " in out and "\nshop-dev survives" in out


@pytest.mark.parametrize("arguments", [["gorilla", "--zone", "mars"], ["flood"]])
def test_what_means_nothing_is_one_line_and_exit_2(shop, capfd, arguments):
    assert run(["chaos", "shop-dev", *arguments]) == 2
    told = capfd.readouterr()
    assert told.out == "" and told.err.startswith("error: ") and told.err.count("\n") == 1
