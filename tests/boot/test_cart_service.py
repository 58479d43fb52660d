"""The cart service: the real program, from the files of its image, against an emulator of DynamoDB."""

import base64
import contextlib
import gzip
import http.server
import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import pytest

from blueprints.cart.preload import Preload
from blueprints.shopping_cart import PROGRAM, image_files
from components.service.python.flags import Flags
from components.service.python.web import takes_gzip
from tests.boot.cart_shop import TABLES, make_tables
from tests.boot.conftest import KEYS, REGION
from tests.boot.kong_machine import free_port
from tests.boot.segments import TraceAgent, the_one_segment
from tests.boot.shop_machine import TRACE, serve


@pytest.fixture
def more():
    """More of the service's settings."""
    return {}


@pytest.fixture
def ask(client, endpoint, tmp_path, more):
    """ask(method, path, body) -> (status, answer) of a service that is running."""
    make_tables(client("dynamodb"))
    for at, text in image_files().items():
        (tmp_path / at).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / at).write_text(text)
    port = free_port()
    settings = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AWS", "PYTHON"))},
        **KEYS,
        **{f"{table.upper()}_TABLE": table for table in TABLES},
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "PYTHONPATH": str(tmp_path),
        "PORT": str(port),
        **more,
    }
    process = subprocess.Popen([sys.executable, "-m", "cart"], env=settings, cwd=tmp_path)

    def ask(method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers or {}, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            text = answer.read()
            packed = answer.headers["Content-Encoding"] == "gzip"
            said = json.loads(gzip.decompress(text) if packed else text)
            return answer.status, {**said, "bytes": len(text)} if headers else said

    for _ in range(200):
        with contextlib.suppress(OSError):
            if ask("GET", "/health")[0] == 200:
                break
        time.sleep(0.05)
    yield ask
    process.terminate()
    assert process.wait(timeout=10) == 0


@pytest.fixture
def shelf(ask):
    """Items that are sold, thirty of each."""
    products = [
        {"sku": f"tea-{n}", "cents": 100 + n, "title": f"Tea {n}", "related": ["cup"]} for n in range(40)
    ]
    sold = [*products, {"sku": "cup", "cents": 300, "title": "Cup"}]
    assert ask("PUT", "/internal/products", {"products": sold})[0] == 200
    for product in sold[:3]:
        assert ask("POST", "/internal/stock", {"sku": product["sku"], "count": 30})[1]["left"] == 30


def name():
    return base64.urlsafe_b64encode(secrets.token_bytes(18)).decode()


@pytest.mark.usefixtures("shelf")
def test_a_cart_from_the_first_item_to_the_order(ask):
    cart = f"/api/carts/{name()}"
    made = ask("POST", f"{cart}/items", {"items": {"tea-0": 2, "tea-1": 1}, "operation": "o-1"})[1]
    assert ask("POST", f"{cart}/items", {"items": {"tea-0": 2, "tea-1": 1}, "operation": "o-1"})[1] == made
    assert (made["cents"], [one["sku"] for one in made["related"]]) == (301, ["cup"])
    assert ask("PUT", f"{cart}/items/tea-0", {"quantity": 3})[1]["cents"] == 401
    assert ask("DELETE", f"{cart}/items/tea-1")[1]["cents"] == 300
    assert ask("GET", f"{cart}?version={made['version']}")[1]["cents"] == 300
    status, order = ask("POST", f"{cart}/checkout", {"key": "k", "cents": 300})
    assert (status, order["cents"]) == (201, 300)
    assert ask("POST", f"{cart}/checkout", {"key": "k", "cents": 300}) == (201, order)
    assert ask("GET", f"{cart}/orders/k") == (201, order)
    assert ask("GET", cart)[1]["items"] == []
    status, refused = ask("POST", f"{cart}/checkout", {"key": "k2"})
    assert (status, refused["error"]) == (409, "the cart is empty")

    # A cart of before signing in, and one that is large.
    other = name()
    ask("POST", f"/api/carts/{other}/items", {"items": {f"tea-{n}": 1 for n in range(40)}})
    assert len(ask("POST", f"{cart}/merge", {"from": other})[1]["items"]) == 40
    plain = ask("GET", cart, headers={"Accept-Encoding": "identity"})[1]
    small = ask("GET", cart, headers={"Accept-Encoding": "gzip, br"})[1]
    assert small.pop("bytes") < plain.pop("bytes") / 4 and small == plain

    # Ten want four of thirty. One after the other: moto's tables are not made for threads.
    ends = []
    for _ in range(10):
        mine = f"/api/carts/{name()}"
        ask("POST", f"{mine}/items", {"items": {"tea-2": 4}})
        ends.append(ask("POST", f"{mine}/checkout", {"key": "k"})[0])
    assert ends == [201] * 7 + [409] * 3

    wrong = [
        ("POST", f"{cart}/items", {"items": {"tea-0": 0}}, 400),
        ("POST", f"{cart}/items", {"items": {"nothing": 1}}, 404),
        ("POST", f"{cart}/items", {"items": []}, 400),
        ("PUT", f"{cart}/items/tea-0", {"quantity": 1000}, 400),
        ("GET", f"{cart}?version=x", None, 400),
        ("GET", "/api/carts/short", None, 400),
        ("GET", f"{cart}/orders/none", None, 404),
        ("POST", f"{cart}/checkout", {"key": "k3", "user": "a\nb"}, 400),
        ("POST", f"{cart}/checkout", {"key": "k3", "country": "Germany"}, 400),
        ("POST", f"{cart}/checkout", {"key": "k3", "country": "de"}, 400),
        ("POST", f"{cart}/checkout", {"key": "k3", "method": "ü"}, 400),
        ("PUT", "/internal/products", {"products": [{"sku": "a", "cents": -1}]}, 400),
    ]
    assert [ask(*one[:3])[0] for one in wrong] == [one[3] for one in wrong]


class AppConfig(http.server.BaseHTTPRequestHandler):
    """AppConfig with "preload" off, which answers once it is let."""

    let, asked = threading.Event(), threading.Event()

    def do_POST(self):
        self.asked.set()
        self.let.wait(2)
        self.say({"InitialConfigurationToken": "a"})

    def do_GET(self):
        self.say({"preload": {"enabled": False}})

    def say(self, said):
        self.send_response(200)
        self.send_header("Next-Poll-Configuration-Token", "b")
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def flagged(more, endpoint):
    server = serve(AppConfig)
    more |= {"AWS_ENDPOINT_URL": f"http://{server.address}", "AWS_ENDPOINT_URL_DYNAMODB": endpoint}
    more |= {"FLAGS": "BUSY_FLAGS_ADDRESS", "BUSY_FLAGS_ADDRESS": "app/dev/flags"}
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("flagged")
def test_related_items_come_along_until_the_flag_is_off_which_nobody_waits_for(ask):
    cart = f"/api/carts/{name()}"
    sold = [{"sku": "tea", "cents": 1, "related": ["cup"]}, {"sku": "cup", "cents": 2}]
    ask("PUT", "/internal/products", {"products": sold})
    assert AppConfig.asked.wait(10)
    made = ask("POST", f"{cart}/items", {"items": {"tea": 1}})[1]
    assert [one["sku"] for one in made["related"]] == ["cup"]
    AppConfig.let.set()
    for _ in range(500):
        if not (shown := ask("GET", cart)[1])["related"]:
            break
        time.sleep(0.02)
    assert shown == {**made, "related": []}


def test_related_items_come_along_while_nobody_knows_the_flag(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    for key, value in KEYS.items():
        monkeypatch.setenv(key, value)
    preload = Preload(Flags("app/dev/flags", REGION))
    preload.read()
    assert preload.on


@pytest.fixture
def waiting(more, client):
    """waiting(): the bodies of what waits in the queue that orders are handed over by."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="waiting")["QueueUrl"]
    more |= {"HANDOVER": "BUSY_ORDERS_ADDRESS", "BUSY_ORDERS_ADDRESS": url}

    def waiting():
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", [])
        return [json.loads(one["Body"])["body"] for one in found]

    return waiting


def bought(ask, **more):
    cart = f"/api/carts/{name()}"
    ask("POST", f"{cart}/items", {"items": {"tea-0": 2}})
    return ask("POST", f"{cart}/checkout", {"key": "k", **more})


def test_what_is_checked_out_is_handed_over(waiting, ask, shelf):
    who = {"user": "ann", "country": "DE", "method": "visa"}
    status, made = bought(ask, **who)
    items = [{"sku": "tea-0", "quantity": 2, "cents": 100}]
    assert (status, waiting()) == (201, [{"key": made["order"], "items": items, **who}])


@pytest.fixture
def lost(waiting, more):
    more["AWS_ENDPOINT_URL_SQS"] = f"http://127.0.0.1:{free_port()}"


@pytest.mark.usefixtures("lost")
def test_what_is_checked_out_waits_while_the_queue_is_lost_and_nobody_with_it(ask, client, shelf):
    assert bought(ask)[0] == 201 == bought(ask)[0]
    placed = client("dynamodb").scan(TableName="orders")["Items"]
    assert len(placed) == 2 and all("to_hand_over" in one for one in placed)


@pytest.fixture
def trace_agent(more):
    agent = TraceAgent()
    more["AWS_XRAY_DAEMON_ADDRESS"] = agent.address
    yield agent
    agent.end()


def test_tells_x_ray_of_a_sampled_request_but_no_cart_s_name_and_needs_nobody_to_listen(trace_agent, ask):
    cart = f"/api/carts/{name()}"
    plain = ask("GET", cart)
    segment = the_one_segment(trace_agent, lambda headers: ask("GET", cart, headers=headers or {"A": "b"})[0])
    assert (segment["name"], segment["http"]["request"]["method"]) == ("cart", "GET")
    assert segment["http"]["request"]["url"].endswith("/api/carts/{cart}")
    trace_agent.end()
    for _ in range(3):
        status, said = ask("GET", cart, headers=TRACE)
        said.pop("bytes")
        assert (status, said) == plain


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("", False),
        ("gzip", True),
        ("br;q=1, GZIP ; q=0.5", True),
        ("gzip;q=0", False),
        ("*", True),
        ("identity", False),
        ("gzip;q=x", False),
    ],
)
def test_an_answer_is_compressed_for_whom_that_suits(accepted, takes):
    assert takes_gzip(accepted) is takes


def test_the_image_runs_as_nobody_and_has_what_it_copies():
    lines = (PROGRAM / "Dockerfile").read_text().splitlines()
    assert lines[-2] == "USER 10001" and {"Dockerfile", "requirements.txt"} <= image_files().keys()
