"""The payment service: the real program, by Debian's Python and PyMySQL as in its image, on a MariaDB that
takes nothing but TLS."""

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.boot.databases import REPOSITORY, certificate, mariadb, python_with
from tests.boot.kong_machine import free_port

PROGRAM = REPOSITORY / "stacks/services/payment/payment_service.py"
PAYMENT = {"key": "t1", "user": "ann ü", "amount": 12.5, "currency": "USD"}


@pytest.fixture(scope="module")
def database():
    with mariadb() as database:
        yield database


@pytest.fixture(scope="module")
def start(database):
    """start(**environment): ask(method, path, body) -> (status, text) of a service that is running."""
    python, started = python_with("pymysql", "python3-pymysql"), []

    def start(**environment):
        port = free_port()
        settings = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "PORT": str(port),
            **database.settings("USERS"),
        }
        command = [python, str(PROGRAM)]
        started.append(subprocess.Popen(command, env={**settings, **environment}, stderr=subprocess.DEVNULL))

        def ask(method, path, body=None):
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, method=method)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        for _ in range(200):
            try:
                ask("GET", "/health")
                return ask
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise AssertionError("the service did not start in 10 s")

    yield start
    for process in started:
        process.terminate()
    assert [process.wait(timeout=10) for process in started] == [0] * len(started)


@pytest.fixture(scope="module")
def ask(start):
    ask = start()
    for _ in range(100):
        if ask("GET", "/api/payments/none")[0] == 404:  # its table is made
            return ask
        time.sleep(0.05)
    raise AssertionError("no table in 5 s")


def test_takes_a_payment_once_however_often_it_is_asked(ask):
    asked = [ask("POST", "/api/payments", PAYMENT) for _ in range(3)]
    assert [status for status, _ in asked] == [201, 200, 200]
    assert {text for _, text in asked} == {json.dumps({**PAYMENT, "state": "captured"})}
    assert ask("GET", "/api/payments/t1") == (200, asked[0][1])


def test_of_many_who_ask_at_once_one_is_the_first(ask):
    answers = []
    body = {**PAYMENT, "key": "t2"}
    threads = [
        threading.Thread(target=lambda: answers.append(ask("POST", "/api/payments", body)[0]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200] * 7 + [201]


def test_rejects_a_key_that_is_another_payment_s(ask):
    ask("POST", "/api/payments", {**PAYMENT, "key": "t3"})
    assert ask("POST", "/api/payments", {**PAYMENT, "key": "t3", "amount": 13})[0] == 409


@pytest.mark.parametrize(
    "wrong",
    [{"amount": -1}, {"amount": 1.234}, {"amount": True}, {"key": "ü"}, {"currency": "XXX"}, {"user": ""}],
)
def test_rejects_what_is_no_payment(ask, wrong):
    assert ask("POST", "/api/payments", {**PAYMENT, "key": "t4", **wrong})[0] == 400


def test_measures_its_payments_as_prometheus_takes_them(ask, program):
    ask("GET", "/api/payments/t1")
    text = ask("GET", "/metrics")[1]
    assert 'mysql_seconds_bucket{le="0.01"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)


def test_says_so_when_its_database_is_lost_and_stays_healthy_itself(start):
    ask = start(USERS_ADDRESS=f"127.0.0.1:{free_port()}")
    assert ask("GET", "/api/payments/t1")[0] == 503 and ask("GET", "/health")[0] == 200


def test_sends_no_password_to_a_server_that_cannot_prove_who_it_is(start, tmp_path):
    _, another = certificate(tmp_path)
    ask = start(USERS_AUTHORITY=str(another))
    assert ask("GET", "/api/payments/t1")[0] == 503
