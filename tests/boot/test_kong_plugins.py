"""The gateway's plugins: their rules by LuaJIT with the test's clock, their phases by nginx's own Lua."""

import base64
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from components.service.gateway_routes import PLUGINS
from tests.boot.kong_machine import SHIM, render, running

A = {"A_ADDRESS": "a.lb:80"}
PROGRAM = """
package.path = "{plugins}/?.lua;{shim}/?.lua;" .. package.path
local clock, breaker, window = require "memory", require "gateway.breaker", require "gateway.window"
local memory, said = clock.new(), {{}}
local function at(second) clock.now = second end
local function say(...) for _, one in ipairs({{...}}) do said[#said + 1] = one end end
local function admit() return breaker.admit(memory, "a", clock.now) end
local function record(outcome, times, probe)
  for _ = 1, times or 1 do breaker.record(memory, "a", clock.now, outcome, 4, probe or false, 50) end
end
{lines}
print(require("cjson").encode(said))
"""


@pytest.fixture
def lua(program):
    """lua(lines): what they say."""
    program("luajit", "luajit2 lua-cjson")

    def run(lines):
        text = PROGRAM.format(plugins=PLUGINS, shim=SHIM, lines=lines)
        result = subprocess.run(["luajit", "-"], input=text, capture_output=True, text=True)
        if "module 'cjson' not found" in result.stderr:
            pytest.skip("Lua's cjson is not installed; apt-get install lua-cjson")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.mark.parametrize(("load", "served"), [(0, 100), (0.35, 96), (0.8, 49), (0.95, 15), (1, 0), (3, 0)])
def test_the_busier_the_machine_the_more_important_a_request_must_be(lua, load, served):
    assert lua(f'say(require("gateway.shedding").served({load}))') == [served]


def test_what_is_most_important_is_never_shed(lua):
    assert lua('local s = require "gateway.shedding" say(s.sheds(0, 9), s.sheds(1, 9))') == [False, True]


def test_a_breaker_opens_when_half_of_twenty_requests_fail(lua):
    lines = 'record("success", 10) record("failure", 9) say((admit())) record("timeout") say((admit()))'
    assert lua(lines) == [True, False]


def test_a_breaker_stays_closed_while_there_are_too_few_requests_to_judge(lua):
    assert lua('record("failure", 19) say((admit()))') == [True]


def test_failures_of_more_than_ten_seconds_ago_are_forgotten(lua):
    assert lua('record("failure", 19) at(10) record("failure") say((admit()))') == [True]


def test_after_five_seconds_one_request_probes_and_no_other(lua):
    assert lua('record("failure", 20) at(4.9) say(admit()) at(5) say(admit()) say(admit())') == [
        *(False, False),
        *(True, True),
        *(False, False),
    ]


def test_a_probe_that_succeeds_closes_the_breaker_and_what_was_is_forgotten(lua):
    lines = 'record("failure", 20) at(5) admit() record("success", 1, true) record("failure") say(admit())'
    assert lua(lines) == [True, False]


def test_a_probe_that_fails_keeps_it_open_as_long_again(lua):
    again = "at(9.9) say((admit())) at(10) say((admit()))"
    assert lua(f'record("failure", 20) at(5) admit() record("failure", 1, true) {again}') == [False, True]


def test_a_probe_that_is_never_answered_is_followed_by_another(lua):
    assert lua('record("failure", 20) at(5) admit() at(9.9) say((admit())) at(10) say((admit()))') == [
        False,
        True,
    ]


def test_a_fifth_of_the_requests_may_be_tried_again_and_ten_in_any_case(lua):
    lines = """
    local function tried(times) for _ = 1, times do window.count(memory, "a", "retry", clock.now) end end
    local function may() return breaker.may_retry(memory, "a", 0) end
    tried(9) say(may()) tried(1) say(may()) record("success", 100) say(may()) tried(10) say(may())
    """
    assert lua(lines) == [True, False, True, False]


def test_an_answer_falls_into_the_step_of_its_time(lua):
    lines = """
    for _, ms in ipairs({1, 1.5, 9999, 10001}) do window.time(memory, "a", 0, ms) end
    local counts = window.histogram(memory, "a", 0)
    say(counts[1], counts[2], counts[#window.STEPS], counts[#window.STEPS + 1])
    """
    assert lua(lines) == [1, 1, 1, 1]


@pytest.fixture
def gateway(tmp_path):
    """gateway(route, capacity): a machine with one route, "a"."""

    def start(route=None, addresses=A, **settings):
        config = render(tmp_path / "etc", {"a": {"paths": ["/a"], **(route or {})}}, addresses, **settings)
        return running(tmp_path, config)

    return start


def test_an_open_breaker_spares_the_server_and_says_when_to_come_back(gateway):
    with gateway() as machine:
        assert [machine.ask("/a/500")[0] for _ in range(20)] == [500] * 20
        status, headers, _ = machine.ask("/a/200")
    assert (status, headers["Retry-After"]) == (503, "5") and len(machine.asked) == 20


def test_a_read_gets_the_fallback_while_the_server_fails_and_while_its_breaker_is_open(gateway):
    with gateway({"fallback": '{"titles": []}'}) as machine:
        answers = [machine.ask("/a/503") for _ in range(21)]
    assert {(status, body) for status, _, body in answers} == {(200, '{"titles": []}')}
    assert [headers["X-Fallback"] for _, headers, _ in answers] == ["failure"] * 20 + ["open"]
    assert {headers["Cache-Control"] for _, headers, _ in answers} == {"no-store"}


def test_a_write_never_gets_the_fallback(gateway):
    with gateway({"fallback": "{}"}) as machine:
        assert machine.ask("/a/500", "POST")[0] == 500
        assert [machine.ask("/a/500", "POST")[0] for _ in range(20)][-1] == 503


def test_a_request_that_reached_nobody_is_tried_again_unless_it_must_not_be_sent_twice(gateway):
    with gateway() as machine:
        assert machine.ask("/a/unreachable/200")[0] == 200
        assert machine.ask("/a/unreachable/200", "POST")[0] == 502


@pytest.mark.parametrize(("priority", "expected"), [(0, 200), (50, 503)])
def test_a_machine_with_all_that_it_can_do_serves_what_is_most_important(gateway, priority, expected):
    with gateway({"priority": priority}, capacity=1) as machine:
        status, headers, _ = machine.ask("/a/200")
    assert status == expected and (status == 200 or 1 <= int(headers["Retry-After"]) <= 5)


def token(claims):
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer e30.{part}.c2ln"


DRIVER, RIDER = token({"scope": "openid rides/drive"}), token({"scope": "openid rides/ride"})


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (DRIVER, 200),
        (RIDER, 403),
        (None, 403),
        (f"{RIDER}, {DRIVER}", 403),
        (token({"scope": "rides/driver"}), 403),
        (token({"scope": ["rides/drive"]}), 403),
        (token("rides/drive"), 403),
        ("Bearer e30.!.c2ln", 403),
        ("Bearer e30.e30e3.c2ln", 403),
        (token({"scope": "rides/drive", "name": "Zoë???>>>"}), 200),
    ],
)
def test_a_token_opens_what_it_is_for_and_nothing_else(gateway, authorization, expected):
    asked = {"Authorization": authorization} if authorization else {}
    with gateway({"scope": "rides/drive"}) as machine:
        status, headers, _ = machine.ask("/a/200", "POST", asked)
    assert status == expected and len(machine.asked) == (status == 200)
    assert status == 200 or 'scope="rides/drive"' in headers["WWW-Authenticate"]


def test_of_two_tokens_neither_counts_for_the_balancer_may_have_checked_the_other(gateway):
    with gateway({"scope": "rides/drive"}) as machine:
        many = "".join(f"X-{count}: 1\r\n" for count in range(200))
        status = machine.said(f"Authorization: {DRIVER}\r\n{many}Authorization: {RIDER}\r\n")
    assert status in (400, 403) and not machine.asked


def test_the_dashboard_is_told_every_second_how_the_breakers_stand(gateway):
    told, heard = [], threading.Event()

    class Dashboard(BaseHTTPRequestHandler):
        def do_POST(self):
            told.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(204)
            self.end_headers()
            if told[-1][1]["breakers"][0]["counts"]["failure"] == 2:
                heard.set()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Dashboard) as dashboard:
        threading.Thread(target=dashboard.serve_forever, args=(0.02,), daemon=True).start()
        with gateway(addresses={**A, "HYSTRIX_ADDRESS": f"127.0.0.1:{dashboard.server_port}"}) as machine:
            for status in (200, 500, 502):
                machine.ask(f"/a/{status}")
            assert heard.wait(20)
        dashboard.shutdown()
    path, report = told[-1]
    state = report["breakers"][0]
    assert (path, report["machine"], state["server"]) == ("/breakers", "machine-1", "a")
    assert state["counts"]["success"] == 1 and sum(state["histogram"]) == 3 and not state["open"]
