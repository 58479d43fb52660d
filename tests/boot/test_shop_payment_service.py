"""The shop's payment service, by Debian's JDK: statements that are sealed by KMS, and an acquirer."""

import base64
import json
import subprocess

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.boot.conftest import clients
from tests.boot.segments import TraceAgent, of_the_segment, the_one_segment
from tests.boot.shop_machine import TRACE, Aws, Running, java_command, serve

ASKED = {"key": "o1", "user": "ann ü", "cents": 3998, "currency": "USD", "method": "card-1"}
PAYMENTS = "/api/payments"


class Acquirer(Aws):
    """Moves money once for each Idempotency-Key, or declines."""

    asked, traces, status = [], [], 200

    def other(self):
        self.asked.append((self.path, self.headers["Idempotency-Key"], json.loads(self.body())))
        self.traces.append(self.headers["X-Amzn-Trace-Id"])
        self.answer(self.status, "{}")


@pytest.fixture(scope="module")
def kms():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("kms", **clients(endpoint))
    made = client.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]
    yield endpoint, made["Arn"]
    server.stop()


@pytest.fixture(scope="module")
def acquirer():
    server = serve(Acquirer)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def start(kms):
    running = []

    def start(**environment):
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        settings = {"AWS_ENDPOINT_URL": kms[0], "SEAL_ADDRESS": kms[1], **keys, **environment}
        running.append(Running(java_command("ShopPaymentService"), **settings))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.fixture(scope="module")
def payment(start, acquirer):
    return start(ACQUIRER_URL=f"http://{acquirer.address}/v1")


@pytest.fixture(autouse=True)
def _well():
    Acquirer.asked.clear()
    Acquirer.status = 200


def moved(payment, verb, statement):
    status, said, _ = payment.ask("POST", f"{PAYMENTS}/{verb}", {"statement": statement})
    return status, said


def test_authorises_captures_and_refunds_and_the_acquirer_knows_each_by_one_key(payment):
    status, said, headers = payment.ask("POST", PAYMENTS, ASKED, **TRACE)
    assert (status, said["state"]) == (201, "authorised")
    assert headers["X-Amzn-Trace-Id"] == TRACE["X-Amzn-Trace-Id"]
    status, captured = moved(payment, "capture", said["statement"])
    assert (status, captured["state"], captured["payment"]) == (200, "captured", said["payment"])
    assert moved(payment, "refund", captured["statement"])[1]["state"] == "refunded"
    verbs = [(path, key) for path, key, _ in Acquirer.asked]
    assert verbs == [(f"/v1/{v}", f"{said['payment']}-{v}") for v in ("authorise", "capture", "refund")]
    assert Acquirer.asked[1][2]["cents"] == 3998


def test_any_machine_goes_on_with_what_another_has_begun_and_asked_again_says_the_same(payment, start):
    another = start()
    first, second = (one.ask("POST", PAYMENTS, {**ASKED, "key": "o2"})[1] for one in (payment, another))
    assert first["payment"] == second["payment"] != payment.ask("POST", PAYMENTS, ASKED)[1]["payment"]
    status, captured = moved(another, "capture", first["statement"])
    assert (status, captured["state"]) == (200, "captured")
    assert moved(payment, "capture", captured["statement"])[0] == 200


def test_moves_a_payment_only_from_where_it_stands(payment):
    statement = payment.ask("POST", PAYMENTS, {**ASKED, "key": "o3"})[1]["statement"]
    assert moved(payment, "refund", statement)[0] == 409
    voided = moved(payment, "void", statement)[1]["statement"]
    assert moved(payment, "capture", voided) == (409, {"error": "it is voided", "state": "voided"})


def test_believes_no_statement_that_it_has_not_made(payment):
    content, _, seal = payment.ask("POST", PAYMENTS, ASKED)[1]["statement"].partition(".")
    said = json.loads(base64.urlsafe_b64decode(content + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**said, "cents": 1}).encode()).decode().rstrip("=")
    Acquirer.asked.clear()
    for statement in (f"{forged}.{seal}", f"{content}.AAAA", content, "", None, 'a".b'):
        assert moved(payment, "capture", statement)[0] == 400
    assert Acquirer.asked == []


def test_says_so_where_the_acquirer_declines_or_is_lost(payment):
    Acquirer.status = 402
    assert payment.ask("POST", PAYMENTS, ASKED)[0] == 402
    Acquirer.status = 500
    status, _, headers = payment.ask("POST", PAYMENTS, ASKED)
    assert status == 503 and headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "wrong", [{"cents": -1}, {"cents": 1.5}, {"cents": "1"}, {"currency": "XXX"}, {"key": ""}, {"method": 1}]
)
def test_rejects_what_is_no_payment(payment, wrong):
    assert payment.ask("POST", PAYMENTS, {**ASKED, **wrong})[0] == 400


def test_says_so_when_kms_is_lost_and_stays_healthy_itself(start):
    lost = start(AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert lost.ask("POST", PAYMENTS, ASKED)[0] == 503 and lost.ask("GET", "/health")[0] == 200
    assert lost.ask("POST", PAYMENTS, {**ASKED, "method": "declined"})[0] == 402


def test_measures_itself_as_prometheus_takes_it(payment, program):
    text = payment.ask("GET", "/metrics")[1]
    assert 'acquirer_seconds_bucket{le="0.01"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)


@pytest.fixture
def trace_agent():
    agent = TraceAgent()
    yield agent
    agent.end()


@pytest.fixture
def traced(start, acquirer, trace_agent):
    return start(ACQUIRER_URL=f"http://{acquirer.address}/v1", AWS_XRAY_DAEMON_ADDRESS=trace_agent.address)


def test_tells_x_ray_of_a_sampled_request_and_the_acquirer_whose_it_is(traced, trace_agent):
    Acquirer.status = 500
    segment = the_one_segment(trace_agent, lambda headers: traced.ask("POST", PAYMENTS, ASKED, **headers)[0])
    assert segment["name"] == "payment" and segment["fault"]
    asked = {"method": "POST", "url": f"http://{traced.address}{PAYMENTS}"}
    assert segment["http"]["request"] == asked
    assert Acquirer.traces[-2:] == [None, of_the_segment(segment)]


def test_answers_the_same_when_nobody_takes_its_segments(traced, payment, trace_agent):
    trace_agent.end()
    said = payment.ask("POST", PAYMENTS, ASKED)[1]
    for _ in range(3):
        status, same, _ = traced.ask("POST", PAYMENTS, ASKED, **TRACE)
        assert (status, same["payment"]) == (201, said["payment"])
