"""Rides as one program and as four, by Debian's Python and psycopg as in its image, on a PostgreSQL that
takes nothing but TLS."""

import csv
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request

import pytest

from tests.boot.databases import REPOSITORY, postgresql, python_with
from tests.boot.kong_machine import free_port
from tests.boot.test_trip_service import Payments

TRACE = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "x-request-id": "r1"}
MODULES = {"user": "users", "trip": "trips", "payment": "payments", "matching": "matching"}
HERE = {"lat": 37.77, "lng": -122.42}


@pytest.fixture(scope="module")
def database():
    with postgresql() as database:
        yield database


@pytest.fixture(scope="module")
def run(database):
    """run(*arguments, **environment): the program, as it is started in its image."""
    python, started = python_with("psycopg2", "python3-psycopg2"), []
    path = f"{REPOSITORY}:{REPOSITORY / 'blueprints/evolution'}"
    settings = {**os.environ, "PYTHONPATH": path, "FLEET": "rides", "RIDES_DATABASE_NAME": "postgres"}
    settings |= database.settings("RIDES_DATABASE")

    def run(*arguments, **environment):
        command = [python, "-m", "rides", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        started.append(subprocess.Popen(command, env={**settings, **environment}, **pipes))
        return started[-1]

    yield run
    for process in started:
        process.terminate()
    assert [process.wait(timeout=10) for process in started] == [0] * len(started)
    for process in started:
        process.stdout.close()


class App:
    """How to ask it, whether it is one program or four: each kind of thing at its address."""

    def __init__(self, addresses):
        self.addresses = addresses

    def ask(self, method, path, body=None):
        """(status, answer)."""
        kind = path.split("/")[2]
        data = None if body is None else json.dumps(body).encode()
        url = f"http://{self.addresses[kind]}{path}"
        request = urllib.request.Request(url, data, TRACE, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def ready(self):
        for kind in self.addresses:
            for _ in range(200):
                try:
                    if self.ask("GET", f"/api/{kind}/none")[0] == 404:
                        break
                except (urllib.error.URLError, ConnectionError):
                    pass
                time.sleep(0.05)
        return self

    def drivers(self, *names, **at):
        for name in names:
            self.ask("POST", "/api/drivers", {"driver": name, **HERE, **at, "status": "available"})


def serve(run, module, **environment):
    port = free_port()
    run("--serve", module, PORT=str(port), **environment)
    return f"127.0.0.1:{port}"


@pytest.fixture(scope="module")
def monolith(run):
    address = serve(run, "all")
    return App(dict.fromkeys(("users", "trips", "payments", "drivers", "rides"), address)).ready()


@pytest.fixture(scope="module")
def services(run):
    user = serve(run, "users")
    payment = serve(run, "payments", RIDES_USER_ADDRESS=user)
    trip = serve(run, "trips", RIDES_PAYMENT_ADDRESS=payment)
    matching = serve(run, "matching", RIDES_USER_ADDRESS=user, RIDES_TRIP_ADDRESS=trip)
    owners = {"users": user, "trips": trip, "payments": payment, "drivers": matching, "rides": matching}
    return App(owners).ready()


@pytest.mark.parametrize("phase", ["monolith", "services"])
def test_a_rider_is_driven_and_pays_in_each_phase(phase, request):
    app = request.getfixturevalue(phase)
    rider, near, far = f"{phase}-ann ü", f"{phase}-near", f"{phase}-far"
    assert app.ask("POST", "/api/rides", {"rider": rider, **HERE})[0] == 404  # nobody knows her
    assert app.ask("POST", "/api/users", {"user": rider, "name": "Ann"})[0] == 201
    app.drivers(far, lat=37.79)
    app.drivers(near)
    status, ride = app.ask("POST", "/api/rides", {"rider": rider, **HERE})
    assert (status, ride["driver"], ride["eta_seconds"], ride["state"]) == (200, near, 0, "accepted")
    trip = f"/api/trips/{ride['trip']}"
    assert app.ask("PUT", trip, {"state": "completed"})[0] == 409
    assert [app.ask("PUT", trip, {"state": state})[0] for state in ("started", "completed", "completed")] == [
        200
    ] * 3
    paid = {"key": ride["trip"], "rider": rider, "cents": 700}
    assert app.ask("GET", f"/api/payments/{ride['trip']}") == (200, paid)
    app.ask("POST", "/api/drivers", {"driver": far, **HERE, "status": "busy"})


def test_two_requests_never_get_the_same_driver(monolith, services):
    services.ask("POST", "/api/users", {"user": "eve", "name": "Eve"})
    services.drivers(*(f"d{number}" for number in range(6)), lat=10.0)
    answers = []

    def ride(app):
        answers.append(app.ask("POST", "/api/rides", {"rider": "eve", **HERE, "lat": 10.0}))

    threads = [threading.Thread(target=ride, args=(app,)) for app in (monolith, services) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status for status, _ in answers) == [200] * 6 + [404] * 2
    assert len({ride["driver"] for status, ride in answers if status == 200}) == 6


def test_the_trace_goes_on_to_the_next_service_and_a_lost_one_is_asked_again(run, services):
    payments = Payments()
    payments.status = 503
    app = App(
        {**services.addresses, "trips": serve(run, "trips", RIDES_PAYMENT_ADDRESS=payments.address)}
    ).ready()
    app.ask("POST", "/api/trips", {"trip": "t9", "rider": "ann", "driver": "bob", "cents": 900})
    app.ask("PUT", "/api/trips/t9", {"state": "started"})
    assert app.ask("PUT", "/api/trips/t9", {"state": "completed"})[0] == 503
    path, body, headers = payments.asked[-1]
    assert (path, body) == ("/api/payments", {"key": "t9", "rider": "ann", "cents": 900})
    assert {name.lower(): value for name, value in headers.items()}.items() >= TRACE.items()
    services.ask("POST", "/api/users", {"user": "ann", "name": "Ann"})
    assert services.ask("PUT", "/api/trips/t9", {"state": "completed"})[0] == 200
    assert services.ask("GET", "/api/payments/t9")[1]["cents"] == 900
    payments.server.shutdown()
    payments.server.server_close()


def test_frees_the_driver_of_a_trip_that_could_not_begin(run, services):
    nobody = f"127.0.0.1:{free_port()}"
    user = services.addresses["users"]
    matching = serve(run, "matching", RIDES_USER_ADDRESS=user, RIDES_TRIP_ADDRESS=nobody)
    app = App({**services.addresses, "drivers": matching, "rides": matching}).ready()
    app.ask("POST", "/api/users", {"user": "joe", "name": "Joe"})
    app.drivers("lone", lat=-30.0)
    ride = {"rider": "joe", **HERE, "lat": -30.0}
    assert app.ask("POST", "/api/rides", ride) == (503, {"error": "trips is lost"})
    assert services.ask("POST", "/api/rides", ride)[1]["driver"] == "lone"


def test_serves_while_nobody_can_be_told_of_its_trips(run, services):
    python_with("kafka", "python3-kafka")
    nobody = {"EVENTS": "events", "EVENTS_ADDRESS": "b-1.a.kafka.us-east-1.amazonaws.com:9098"}
    trips = serve(run, "trips", RIDES_PAYMENT_ADDRESS=services.addresses["payments"], **nobody)
    app = App({"trips": trips}).ready()
    trip = {"trip": "t10", "rider": "ann", "driver": "bob", "cents": 900}
    assert app.ask("POST", "/api/trips", trip)[0] == 201


def test_hands_over_what_it_kept_as_csv(run, monolith):
    monolith.ask("POST", "/api/users", {"user": "zoe", "name": 'Zoe, "Z"'})
    out, _ = run("--export", "users").communicate(timeout=20)
    assert 'zoe,"Zoe, ""Z"""' in out.splitlines()
    monolith.ask("POST", "/api/trips", {"trip": "t11", "rider": "zoe", "driver": "bob", "cents": 950})
    out, _ = run("--export", "trips").communicate(timeout=20)
    (trip,) = [line for line in csv.reader(out.splitlines()) if line[0] == "t11"]
    assert (*trip[:4], float(trip[4]), trip[5]) == ("t11", "zoe", "bob", "accepted", 9.5, "due")


def test_logs_in_anew_where_the_password_has_changed(monolith, database, program):
    host, port = database.address.split(":")
    where = f"host={host} port={port} user=postgres dbname=postgres sslmode=require"
    say = [program("psql", "postgresql-client"), where, "-qc"]
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    for statement in ("ALTER USER postgres PASSWORD 'second'", end):
        old = "second" if statement == end else "first"
        subprocess.run(
            [*say, statement], env={**os.environ, "PGPASSWORD": old}, check=True, capture_output=True
        )
    assert monolith.ask("GET", "/api/users/none")[0] == 503
    database.login(username="postgres", password="second")
    assert monolith.ask("GET", "/api/users/none")[0] == 404


def test_measures_itself_as_prometheus_takes_it(services, program):
    with urllib.request.urlopen(f"http://{services.addresses['trips']}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert "call_seconds_count" in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)
