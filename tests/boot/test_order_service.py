"""The order service, in C++ as its image builds it: on a MariaDB that takes nothing but TLS, with services
that fail on demand, and an agent of X-Ray that keeps what it is told."""

import contextlib
import dataclasses
import http.client
import json
import socket
import subprocess
import threading
import time

import pytest

from tests.boot.databases import certificate, mariadb
from tests.boot.shop_machine import NO_KEYS, ROOT, TRACE, Aws, Running, order_command, serve

ITEMS = [{"sku": "kettle-1", "quantity": 2}]
HOLD, TAKE, RELEASE = "/api/holds", "/api/holds/take", "/api/holds/release"
PAY, CAPTURE, VOID = "/api/payments", "/api/payments/capture", "/api/payments/void"
QUOTE, LABEL = "/api/shipping/quotes", "/api/shipping/labels"
SAID = {
    HOLD: {"cents": 6998, "grams": 2400},
    QUOTE: {"cents": 859},
    PAY: {"state": "authorised", "statement": "authorised.seal"},
    CAPTURE: {"state": "captured", "statement": "captured.seal"},
    VOID: {"state": "voided"},
    LABEL: {"label": "L1"},
}


class Others(Aws):
    """Inventory, payment and shipping: `fails` says what becomes of calls of a path, a status for each of the
    next; 0 is no answer."""

    asked, fails = [], {}

    def other(self):
        body = json.loads(self.body())
        self.asked.append((self.path, body, self.headers["X-Amzn-Trace-Id"]))
        status = next(iter(self.fails.get(self.path, ())), 200)
        self.fails[self.path] = self.fails.get(self.path, [])[1:]
        if status == 0:
            self.close_connection = True
            return
        self.answer(status, json.dumps(SAID.get(self.path, {}) if status == 200 else {"error": "no"}))


class Agent:
    """X-Ray's: segments by UDP, and sampling by TCP, at one port."""

    def __init__(self):
        self.segments, self.targets, self.assigning, agent = [], [], False, self

        class Proxy(Aws):
            def other(self):
                said = json.loads(self.body())
                if self.path == "/GetSamplingRules":
                    rule = {"RuleName": "order", "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 1000}
                    rule |= {"ServiceName": "order", "HTTPMethod": "POST", "URLPath": "/api/*", "Version": 1}
                    return self.answer(200, json.dumps({"SamplingRuleRecords": [{"SamplingRule": rule}]}))
                agent.targets.append(said)
                quota = {"RuleName": "order", "ReservoirQuota": 1000, "ReservoirQuotaTTL": time.time() + 60}
                quotas = [{**quota, "FixedRate": 0.0, "Interval": 10}] if agent.assigning else []
                self.answer(200, json.dumps({"SamplingTargetDocuments": quotas}))

        self.server = serve(Proxy)
        self.address = self.server.address
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.server.server_port))
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        while data := self.udp.recv(65536):
            header, _, segment = data.decode().partition("\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            self.segments.append(json.loads(segment))

    def end(self):
        self.udp.sendto(b"", self.udp.getsockname())
        self.thread.join()
        self.udp.close()
        self.server.shutdown()
        self.server.server_close()

    def of(self, order):
        """The segments of requests for an order."""
        return [one for one in self.segments if one.get("annotations", {}).get("order") == order]


@pytest.fixture(scope="module")
def database():
    with mariadb() as database:
        yield database


@pytest.fixture(scope="module")
def agent():
    agent = Agent()
    yield agent
    agent.end()


@pytest.fixture(scope="module")
def others():
    server = serve(Others)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def start(database, agent, others):
    running = []

    def start(**environment):
        names = ("INVENTORY", "PAYMENT", "SHIPPING")
        settings = {**database.settings("ORDERS"), **{f"{name}_ADDRESS": others.address for name in names}}
        settings |= {"AWS_XRAY_DAEMON_ADDRESS": agent.address, "SWEEP_MILLISECONDS": "50"}
        running.append(Running(order_command(), **{**settings, **environment}))
        return running[-1]

    yield start
    assert {one.end() for one in running if one.process.poll() is None} == {0}


@pytest.fixture(scope="module")
def order(start):
    order = start()
    until(lambda: order.ask("GET", "/api/orders/none")[0] == 404)  # its table is made
    return order


@pytest.fixture(autouse=True)
def _well():
    Others.asked.clear()
    Others.fails.clear()


def until(done):
    for _ in range(500):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("not in 10 s")


def suppressed(work, *arguments):
    with contextlib.suppress(OSError, http.client.HTTPException):
        work(*arguments)


def placed(order, key, trace=None, **more):
    body = {"key": key, "user": "ann ü", "items": ITEMS, "country": "US", "method": "card-1", **more}
    status, said, _ = order.ask("POST", "/api/orders", body, **(trace or {}))
    return status, said


def asked(*paths):
    """The paths that were asked for, or how often these were."""
    every = [path for path, _, _ in Others.asked]
    return [every.count(path) for path in paths] if paths else every


def read(order, key):
    return order.ask("GET", f"/api/orders/{key}")[1]


def test_places_an_order_step_by_step(order):
    status, said = placed(order, "o1")
    assert (status, said["state"], said["payment"], said["label"]) == (201, "confirmed", "captured", "L1")
    assert said["cents"] == 6998 + 859 and read(order, "o1") == said
    assert asked() == [HOLD, QUOTE, PAY, TAKE, CAPTURE, LABEL]
    assert Others.asked[2][1] == {
        "key": "o1", "user": "ann ü", "cents": 7857, "currency": "USD", "method": "card-1",
    }  # fmt: skip


def test_places_it_once_however_often_it_is_asked(order):
    assert [placed(order, "o2")[0] for _ in range(3)] == [201, 200, 200]
    assert asked(PAY, CAPTURE) == [1, 1]


def test_of_many_who_ask_at_once_one_places_it(order):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(placed(order, "o3")[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(201) == 1 and set(answers) <= {200, 201, 202} and asked(CAPTURE) == [1]


def test_rejects_a_key_that_is_another_order_s(order):
    placed(order, "o4")
    assert placed(order, "o4", country="CA")[0] == 422


def test_what_is_not_there_is_not_paid_for(order):
    Others.fails[HOLD] = [409]
    status, said = placed(order, "o5")
    assert (status, said["state"], said["reason"]) == (409, "cancelled", "no")
    assert asked() == [HOLD, RELEASE]


def test_what_cannot_be_paid_for_is_given_back(order):
    Others.fails[PAY] = [402]
    assert placed(order, "o6")[1]["payment"] == "declined"
    assert asked(RELEASE, VOID, TAKE) == [1, 0, 0]


@pytest.mark.parametrize(("key", "path"), [("o7", TAKE), ("o8", CAPTURE)])
def test_an_authorisation_is_voided_where_the_order_goes_no_further(order, key, path):
    Others.fails[path] = [410]
    assert placed(order, key)[1]["payment"] == "voided"
    assert asked()[-2:] == [VOID, RELEASE]
    assert next(body for path, body, _ in Others.asked if path == VOID) == {"statement": "authorised.seal"}


def test_a_price_that_has_changed_is_not_taken(order):
    status, said = placed(order, "o9", total_cents=7000)
    assert (status, said["reason"]) == (409, "the total is now 7857") and asked(PAY) == [0]
    assert placed(order, "o10", total_cents=7857)[0] == 201


@pytest.mark.parametrize(("key", "path"), [("o11", HOLD), ("o12", PAY), ("o13", CAPTURE), ("o14", LABEL)])
def test_what_is_not_answered_is_asked_again_until_it_is(order, key, path):
    Others.fails[path] = [500, 0, 503, 500]
    assert placed(order, key)[0] == 202
    until(lambda: read(order, key)["state"] == "confirmed")
    assert asked(VOID, RELEASE) == [0, 0]


def test_what_cannot_be_placed_in_time_is_undone_though_nobody_knows_how_far_it_came(start):
    impatient = start(ORDERS_DATABASE="impatient", PATIENCE_SECONDS="0")
    until(lambda: impatient.ask("GET", "/api/orders/none")[0] == 404)
    Others.fails[PAY] = [0] * 4
    assert placed(impatient, "o15")[0] == 202
    until(lambda: read(impatient, "o15")["state"] == "cancelled")
    assert read(impatient, "o15")["payment"] == "voided"  # authorised once more, to have what to void
    assert asked(PAY, VOID, RELEASE, CAPTURE) == [5, 1, 1, 0]


def test_what_may_be_paid_for_is_never_undone(start):
    impatient = start(ORDERS_DATABASE="impatient", PATIENCE_SECONDS="0")
    until(lambda: impatient.ask("GET", "/api/orders/none")[0] == 404)
    Others.fails[CAPTURE] = [0] * 6
    assert placed(impatient, "o28")[0] == 202
    until(lambda: read(impatient, "o28")["state"] == "confirmed")
    assert asked(VOID, RELEASE, TAKE) == [0, 0, 1]


def test_a_compensation_that_fails_is_done_later(order):
    Others.fails |= {TAKE: [410], VOID: [500, 500, 500], RELEASE: [0, 0]}
    assert placed(order, "o16")[0] == 202
    until(lambda: read(order, "o16")["state"] == "cancelled")
    assert read(order, "o16")["payment"] == "voided"


def test_another_machine_goes_on_with_what_one_that_died_has_begun(start, order):
    stuck, over = threading.Event(), threading.Event()

    class Slow(Others):
        def other(self):
            stuck.set()
            over.wait(10)
            self.close_connection = True

    slow = serve(Slow)
    victim = start(PAYMENT_ADDRESS=slow.address, LEASE_SECONDS="1", SWEEP_MILLISECONDS="3600000")
    thread = threading.Thread(target=lambda: suppressed(placed, victim, "o17"))
    thread.start()
    assert stuck.wait(5)
    victim.kill()
    thread.join()
    over.set()
    until(lambda: read(order, "o17")["state"] == "confirmed")
    assert asked(HOLD, CAPTURE) == [2, 1]
    slow.shutdown()
    slow.server_close()


def test_tells_x_ray_of_a_request_and_of_each_call_it_took(order, agent):
    placed(order, "o18", TRACE)
    until(lambda: agent.of("o18"))
    (segment,) = agent.of("o18")
    assert (segment["name"], segment["trace_id"], segment["parent_id"]) == ("order", ROOT, "53995c3f42cd8ad8")
    assert len(segment["id"]) == 16 and segment["start_time"] < segment["end_time"] < time.time() + 1
    assert segment["http"]["response"] == {"status": 201} and segment["annotations"]["state"] == "confirmed"
    calls = segment["subsegments"]
    remote = [one for one in calls if "http" in one]
    names = ["inventory", "shipping", "payment", "inventory", "payment", "shipping"]
    assert [one["name"] for one in remote] == names
    sql = [one["sql"]["sanitized_query"] for one in calls if "sql" in one]
    assert sql[0].startswith("INSERT INTO orders") and "ann" not in " ".join(sql)
    told = [trace for _, _, trace in Others.asked]
    assert told == [f"Root={ROOT};Parent={one['id']};Sampled=1" for one in remote]


def test_a_failure_is_a_fault_in_the_trace(order, agent):
    Others.fails[HOLD] = [500, 0]
    placed(order, "o19", TRACE)
    until(lambda: agent.of("o19"))
    first, second = [one for one in agent.of("o19")[0]["subsegments"] if one["name"] == "inventory"][:2]
    assert first["fault"] and first["http"]["response"]["status"] == 500
    assert second["fault"] and second["cause"]["exceptions"][0]["message"]


def test_what_is_not_sampled_is_followed_and_not_told(order, agent):
    root = f"{ROOT[:-4]}0020"  # what was begun before may still go on meanwhile
    placed(order, "o20", {"X-Amzn-Trace-Id": f"Root={root};Sampled=0"})
    followed = [trace for _, _, trace in Others.asked if trace.startswith(f"Root={root};")]
    assert followed and all(trace.endswith("Sampled=0") for trace in followed)
    placed(order, "o21", TRACE)
    until(lambda: agent.of("o21"))
    assert agent.of("o20") == []


def undecided(order, key):
    placed(order, key, {"X-Amzn-Trace-Id": f"Root={ROOT}"})
    return Others.asked[-1][2].endswith("Sampled=1")


def test_who_decides_nothing_leaves_it_to_the_rules_one_a_second_until_there_is_a_quota(start, agent):
    order = start(SAMPLING_MILLISECONDS="50", ORDERS_DATABASE="sampled")
    until(lambda: order.ask("GET", "/api/orders/none")[0] == 404)
    sampled = [undecided(order, f"o22-{number}") for number in range(20)]
    assert 1 <= sampled.count(True) < 10  # one of each second is borrowed of the rule's reservoir
    until(lambda: agent.of(f"o22-{sampled.index(True)}"))
    until(lambda: agent.targets)
    (told,) = agent.targets[0]["SamplingStatisticsDocuments"]
    assert told["RuleName"] == "order" and told["BorrowCount"] >= 1 and len(told["ClientID"]) == 24
    agent.assigning = True
    numbers = iter(range(20, 10_000))
    until(lambda: all(undecided(order, f"o22-{next(numbers)}") for _ in range(5)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": []},
        {"items": [{"sku": "a b", "quantity": 1}]},
        {"items": [{"sku": "a", "quantity": 0}]},
        {"key": "o/1"},
        {"user": ""},
        {"country": "us"},
        {"total_cents": "1"},
    ],
)
def test_rejects_what_is_no_order(order, wrong):
    assert placed(order, **{"key": "o23", **wrong})[0] == 400 and asked() == []


def test_says_so_when_its_database_is_lost_and_stays_healthy_itself(start):
    lost = start(ORDERS_ADDRESS="127.0.0.1:9")
    assert placed(lost, "o24") == (503, {"error": "orders are lost"}) and lost.ask("GET", "/health")[0] == 200


def test_sends_no_password_to_a_server_that_cannot_prove_who_it_is(start, tmp_path):
    _, another = certificate(tmp_path)
    assert placed(start(ORDERS_AUTHORITY=str(another)), "o25")[0] == 503


def test_logs_in_as_its_role_lets_it_and_anew_when_the_password_has_changed(start, database):
    passwords = []

    class Secrets(Aws):
        service = "secretsmanager"

        def other(self):
            body = self.body()
            if not self.signed(body) or json.loads(body) != {"SecretId": database.secret_arn}:
                return self.answer(403, "{}")
            passwords.append("first" if passwords else "not yet")
            login = {"username": "admin", "password": passwords[-1]}
            self.answer(200, json.dumps({"SecretString": json.dumps(login)}))

    manager = serve(Secrets)
    here = {"AWS_ENDPOINT_URL": f"http://{manager.address}", **NO_KEYS}
    here |= {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{manager.address}"}
    arn = database.secret_arn.replace("us-east-1", "eu-west-1")
    database = dataclasses.replace(database, secret_arn=arn)
    order = start(ORDERS_SECRET_ARN=arn, **here)
    until(lambda: placed(order, "o27")[0] in (200, 201))
    assert passwords == ["not yet", "first"]
    manager.shutdown()
    manager.server_close()


def test_measures_itself_as_prometheus_takes_it(order, program):
    placed(order, "o26")
    text = order.ask("GET", "/metrics")[1]
    assert 'order_seconds_bucket{le="1"}' in text and 'orders_total{state="confirmed"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)
