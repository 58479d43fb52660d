"""The breakers' dashboard, started as on its machines, and read as its readers do."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.boot.kong_machine import free_port, render, running

TURBINE = Path("components/control/turbine").resolve()
READ_BY_THE_DASHBOARD = (Path(__file__).parent / "data/hystrix-command-fields.txt").read_text().split()
"""What Netflix/Hystrix's dashboard asserts, in webapp/components/hystrixCommand/hystrixCommand.js."""


class Turbine:
    def __init__(self, port):
        self.address = f"127.0.0.1:{port}"

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=10) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()

    def post(self, body, path="/breakers"):
        request = urllib.request.Request(f"http://{self.address}{path}", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    def stream(self, wanted):
        """Messages of the stream, by name, once one of them is as wanted."""
        seen = {}
        with urllib.request.urlopen(f"http://{self.address}/turbine.stream", timeout=20) as answer:
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            for line in answer:
                if line.startswith(b"data: "):
                    message = json.loads(line[6:])
                    seen[message["name"]] = message
                    if wanted(message):
                        return seen
        raise AssertionError(f"the stream ended after {seen}")


@pytest.fixture
def turbine():
    port = free_port()
    environment = {**os.environ, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, str(TURBINE / "turbine.py")], env=environment)
    running = Turbine(port)
    for _ in range(200):
        try:
            running.get("/health")
            break
        except urllib.error.URLError:
            time.sleep(0.05)
    yield running
    process.kill()
    process.wait()


def report(machine, open=False, success=0, failure=0, timeout=0, histogram=(0, 0, 0), **counts):
    rest = dict.fromkeys(("short_circuited", "shed", "fallback", "retry"), 0)
    state = {
        "server": "user",
        "open": open,
        "counts": {"success": success, "failure": failure, "timeout": timeout, **rest, **counts},
        "steps": [10, 100],
        "histogram": list(histogram),
        "milliseconds": 10 * (success + failure + timeout),
        "requests_threshold": 20,
        "sleep_seconds": 5,
        "window_seconds": 10,
        "error_percent": 50,
        "timeout_ms": 2000,
    }
    return {"machine": machine, "breakers": [state]}


def commands(turbine, hosts):
    return turbine.stream(lambda message: message.get("reportingHosts") == hosts)


def test_adds_up_what_two_machines_say_of_a_server(turbine):
    assert turbine.post(report("a", success=70, failure=10, histogram=(80, 0, 0), shed=4)) == 204
    assert turbine.post(report("b", success=10, timeout=10, histogram=(0, 19, 1))) == 204
    user = commands(turbine, 2)["user"]
    assert (user["requestCount"], user["errorCount"], user["rollingCountTimeout"]) == (100, 20, 10)
    assert user["rollingCountSemaphoreRejected"] == 4 and user["errorPercentage"] / 2 == 20
    latency = {key: value / 2 for key, value in user["latencyExecute"].items()}
    assert (latency["50"], latency["90"], latency["100"]) == (10, 100, 200)


def test_the_last_report_of_a_machine_counts(turbine):
    turbine.post(report("a", success=1))
    turbine.post(report("a", success=5))
    assert commands(turbine, 1)["user"]["requestCount"] == 5


@pytest.mark.parametrize(
    ("a", "b", "expected"), [(False, False, 0), (True, True, 2), (True, False, {"true": 1, "false": 1})]
)
def test_says_on_how_many_machines_a_breaker_is_open(turbine, a, b, expected):
    turbine.post(report("a", open=a))
    turbine.post(report("b", open=b))
    assert commands(turbine, 2)["user"]["isCircuitBreakerOpen"] == expected


def test_says_everything_that_hystrix_s_own_dashboard_asserts(turbine):
    turbine.post(report("a"))
    user = commands(turbine, 1)["user"]
    assert user["type"] == "HystrixCommand" and {*READ_BY_THE_DASHBOARD} <= user.keys()


def test_shows_what_a_gateway_machine_says_of_a_server_that_fails(turbine, tmp_path):
    addresses = {"USER_ADDRESS": "user.lb:80", "HYSTRIX_ADDRESS": turbine.address}
    config = render(tmp_path / "etc", {"user": {"paths": ["/user"]}}, addresses)
    with running(tmp_path, config) as gateway:
        for _ in range(22):
            gateway.ask("/user/500")
        user = turbine.stream(lambda message: message.get("rollingCountShortCircuited") == 2)["user"]
    assert user["isCircuitBreakerOpen"] == 1 and user["errorPercentage"] == 100
    assert user["rollingCountFailure"] == 20 and user["latencyExecute"]["100"] > 0


PAGE = """
const page = require("fs").readFileSync(process.argv[1], "utf8");
const made = (name) => ({
  name, children: [], textContent: "",
  append(...more) { this.children.push(...more); },
  replaceChildren(...more) { this.children = more; },
  text() {
    return [this.textContent, ...this.children.map((child) => child.text())].filter(Boolean).join(" ");
  },
});
const byId = { circuits: made("div"), state: made("p") };
global.document = { createElement: made, getElementById: (id) => byId[id] };
global.EventSource = function () { global.stream = this; };
require("vm").runInThisContext(page.match(/<script>([^]*)<\\/script>/)[1]);
for (const data of JSON.parse(process.argv[2])) stream.onmessage({ data: JSON.stringify(data) });
const { state, circuits } = byId;
console.log(JSON.stringify([state.textContent, circuits.children[0].className, circuits.text()]));
"""


def test_the_page_shows_a_server_as_the_stream_has_it(turbine, program):
    node = program("node", "nodejs")
    turbine.post(report("a", open=True, success=30, failure=30, histogram=(60, 0, 0)))
    turbine.post(report("b", success=40))
    messages = [*commands(turbine, 2).values()]
    shown = subprocess.run(
        [node, "-e", PAGE, str(TURBINE / "dashboard.html"), json.dumps(messages)],
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    state, kind, text = json.loads(shown.stdout)
    assert state == "2 machines report" and kind == "circuit partly" and "user open on 1 of 2" in text
    assert "requests/s 10.0 errors 30 %" in text and "p99 10 ms" in text


def test_the_page_needs_nothing_from_elsewhere(turbine):
    status, kind, page = turbine.get("/")
    assert status == 200 and kind.startswith("text/html")
    assert "http:" not in page and "https:" not in page and "src=" not in page


@pytest.mark.parametrize(
    "body", [[], {}, {"machine": "a", "breakers": [{}]}, {"machine": "a", "breakers": 3}]
)
def test_rejects_what_is_no_report(turbine, body):
    assert turbine.post(body) == 400
    turbine.post(report("b"))
    assert set(commands(turbine, 1)) == {"meta", "user"}


def test_rejects_a_report_without_end_and_a_path_that_is_not_there(turbine):
    assert turbine.post({"machine": "a" * 300_000}) == 413
    assert turbine.post(report("a"), "/elsewhere") == 404
