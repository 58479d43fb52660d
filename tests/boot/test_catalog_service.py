"""The catalog service, by Debian's JDK: what it tells, how long caches keep it, pictures of S3, and what it
says to the recommendations and hears from them."""

import base64
import json
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from stacks.amazon_shop import CATALOG
from tests.boot.conftest import clients
from tests.boot.segments import TraceAgent, of_the_segment, the_one_segment
from tests.boot.shop_machine import NO_KEYS, SERVICES, TRACE, Aws, Running, java_command, presigned, serve

SHIPPED = SERVICES / "catalogue.jsonl"


class Bucket(Aws):
    """S3 as one bucket at its own address, and the machine's metadata."""

    newer, told = None, []

    def other(self):
        if not self.newer or "/catalogue.jsonl?" not in self.path:
            return self.answer(404, "<Error/>")
        tag = f'"{hash(self.newer)}"'
        same = self.headers["If-None-Match"] == tag
        self.told.append(304 if same else 200)
        self.answer(self.told[-1], "" if same else self.newer, ETag=tag)


@pytest.fixture(scope="module")
def machine():
    server = serve(Bucket)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def start(machine):
    running = []

    def start(**environment):
        settings = {
            "CATALOGUE": str(SHIPPED),
            "IMAGES_ADDRESS": "pictures",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{machine.address}",
            **NO_KEYS,
        }
        running.append(Running(java_command("CatalogService", *CATALOG), **{**settings, **environment}))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.fixture(scope="module")
def catalog(start, machine):
    return start(AWS_ENDPOINT_URL=f"http://{machine.address}")


def test_tells_a_product_and_lets_caches_serve_it_when_the_shop_is_lost(catalog):
    status, product, headers = catalog.ask("GET", "/api/catalog/kettle-1", **TRACE)
    assert status == 200 and product["cents"] == 3499 and "image" not in product
    assert "max-age=60" in headers["Cache-Control"] and "stale-if-error=1800" in headers["Cache-Control"]
    assert headers["X-Amzn-Trace-Id"] == TRACE["X-Amzn-Trace-Id"]


def test_a_picture_s_url_is_signed_as_aws_signs_it_by_the_machine_s_role(catalog, machine):
    url = catalog.ask("GET", "/api/catalog/kettle-1")[1]["image_url"]
    _, _, rest = url.partition(machine.address)
    assert rest.startswith("/pictures/products/kettle-1.jpg?") and url.startswith(f"http://{machine.address}")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    assert query["X-Amz-Signature"] == [presigned(rest, machine.address)]
    assert query["X-Amz-Security-Token"] == ["for/a+while=="]
    assert int(query["X-Amz-Expires"][0]) > 900 + 60 + 1800  # its window, and as long as caches keep it


def test_s3_gives_the_picture_to_whoever_has_the_url(start, endpoint):
    s3 = boto3.client("s3", **clients(endpoint))
    s3.create_bucket(Bucket="pictures")
    s3.put_object(Bucket="pictures", Key="products/kettle-1.jpg", Body=b"a picture")
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    catalog = start(AWS_ENDPOINT_URL=endpoint, **keys, AWS_REGION="us-east-1")
    with urllib.request.urlopen(catalog.ask("GET", "/api/catalog/kettle-1")[1]["image_url"]) as picture:
        assert picture.read() == b"a picture"


def test_says_nothing_again_to_who_has_it_already(catalog):
    tag = catalog.ask("GET", "/api/catalog/kettle-1")[2]["ETag"]
    status, body, headers = catalog.ask("GET", "/api/catalog/kettle-1", **{"If-None-Match": f'"x", W/{tag}'})
    assert (status, body, headers["ETag"]) == (304, "", tag)
    assert catalog.ask("GET", "/api/catalog/pan-28", **{"If-None-Match": tag})[0] == 200


def test_finds_what_has_all_of_the_words_titles_first(catalog):
    found = catalog.ask("GET", f"/api/catalog?q={urllib.parse.quote('Acme KITCHEN')}")[1]
    assert (found["found"], {p["id"] for p in found["products"]}) == (2, {"kettle-1", "toaster-2"})
    assert catalog.ask("GET", "/api/catalog?q=books")[1]["found"] == 2
    assert catalog.ask("GET", "/api/catalog?q=%22%5C")[1] == {"found": 0, "products": []}
    assert catalog.ask("GET", "/api/catalog")[1]["found"] == len(SHIPPED.read_text().splitlines())


def test_knows_no_other(catalog):
    assert [catalog.ask("GET", f"/api/{p}")[0] for p in ("catalog/none", "catalogue", "x")] == [404] * 3


def until(done):
    for _ in range(500):
        if done():
            return
        time.sleep(0.02)
    raise AssertionError("not in 10 s")


def test_a_newer_catalogue_in_the_bucket_takes_over_and_a_broken_one_does_not(start, machine):
    Bucket.newer = json.dumps({"id": "new", "title": "New", "cents": 1})
    try:
        catalog = start(AWS_ENDPOINT_URL=f"http://{machine.address}", REFRESH_MILLISECONDS="50")
        until(lambda: catalog.ask("GET", "/api/catalog/new")[0] == 200)
        assert catalog.ask("GET", "/api/catalog/kettle-1")[0] == 404
        until(lambda: Bucket.told[-1] == 304)
        Bucket.newer = "no catalogue"
        until(lambda: Bucket.told[-2:] == [200, 200])  # it is asked for again, since it was not taken
        assert catalog.ask("GET", "/api/catalog/new")[0] == 200
    finally:
        Bucket.newer = None


def test_tells_products_without_pictures_while_nobody_gives_it_keys(start):
    catalog = start(AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:9")
    status, product, _ = catalog.ask("GET", "/api/catalog/kettle-1")
    assert status == 200 and product["image_url"] is None


def test_measures_itself_as_prometheus_takes_it(catalog, program):
    text = catalog.ask("GET", "/metrics")[1]
    assert 'catalog_seconds_bucket{le="0.01"}' in text
    subprocess.run([program("promtool", "prometheus"), "check", "metrics"], input=text, text=True, check=True)


ANSWERS = "arn:aws:lambda:eu-west-1:123456789012:function:likely-serving:live"
KNOWN = {"X-User": "ann"}


class Likes(Aws):
    """Kinesis and Lambda, as a catalog sees them, and the machine's metadata."""

    def do_PUT(self):
        type(self).keys.wait()
        super().do_PUT()

    def other(self):
        body, shop = self.body(), type(self)
        stream = self.headers["X-Amz-Target"] == "Kinesis_20131202.PutRecords"
        self.service = "kinesis" if stream else "lambda"
        if self.command != "POST" or not self.signed(body):
            return self.answer(403, "{}")
        said = json.loads(body)
        asked, traces = shop.asked, shop.traces  # of this test, though it may be over when this goes on
        shop.waiting = True
        shop.free.wait()
        if shop.lost:
            return self.answer(503, "{}")
        if stream:
            return self.answer(200, json.dumps(self.put(said)))
        asked.append((urllib.parse.unquote(self.path), said))
        traces.append(self.headers["X-Amzn-Trace-Id"])
        self.answer(200, json.dumps(shop.items), **shop.faults)

    def put(self, said):
        assert said["StreamName"] == "likely-events"
        shop = type(self)
        refused, shop.refused = shop.refused, 0
        events = [json.loads(base64.b64decode(one["Data"])) for one in said["Records"]]
        assert [one["PartitionKey"] for one in said["Records"]] == [event["user"] for event in events]
        shop.batches.append(events[refused:])
        failed = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "{slow}"}
        taken = {"SequenceNumber": "1", "ShardId": "shardId-000000000000"}
        records = [failed] * refused + [taken] * (len(events) - refused)
        return {"FailedRecordCount": refused, "Records": records}


@pytest.fixture(scope="module")
def likes_server():
    """What can be lost, slow, or refuse so many records once; what it was told, and what it answers."""

    class Shop(Likes):
        free, keys = threading.Event(), threading.Event()

    server = serve(Shop)
    server.shop = Shop
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def likes(likes_server):
    """It, as if nothing had been."""
    shop = likes_server.shop
    shop.lost, shop.refused, shop.waiting = False, 0, False
    shop.batches, shop.asked, shop.traces, shop.items, shop.faults = [], [], [], {"items": []}, {}
    shop.free.set()
    shop.keys.set()
    yield likes_server
    shop.free.set()
    shop.keys.set()


@pytest.fixture(scope="module")
def starting(start, likes_server):
    """starting(**environment): a catalog that is told of both."""

    def starting(**environment):
        at = f"http://{likes_server.address}"
        there = {"AWS_ENDPOINT_URL": at, "AWS_EC2_METADATA_SERVICE_ENDPOINT": at, "IMAGES_ADDRESS": ""}
        addresses = {"LIKELY_EVENTS_ADDRESS": "likely-events", "LIKELY_ANSWERS_ADDRESS": ANSWERS}
        return start(**there, **addresses, **environment)

    return starting


@pytest.fixture(scope="module")
def liking(starting, likes_server):
    """One that waits for recommendations as long as a slow machine takes."""
    likes_server.shop.keys.set()
    return starting(RELATED_MILLISECONDS="20000")


@pytest.fixture
def liked(liking, likes):
    return liking


def told(likes):
    return [event for batch in likes.shop.batches for event in batch]


def counted(catalog, name):
    lines = catalog.ask("GET", "/metrics")[1].splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def test_who_is_told_a_product_has_viewed_it(liked, likes):
    before = time.time() * 1000
    liked.ask("GET", "/api/catalog/kettle-1", **KNOWN)
    liked.ask("GET", "/api/catalog/pan-28", **{"Cookie": "a=b; X-User=bob", "X-Forwarded-For": "192.0.2.1"})
    for agent in ("192.0.2.1, 10.0.0.1", "192.0.2.1, 10.0.0.2", "192.0.2.2"):
        liked.ask("GET", "/api/catalog/pan-28", **{"X-Forwarded-For": agent})
    liked.ask("GET", "/api/catalog/none", **KNOWN)
    liked.ask("GET", "/api/catalog?q=pan", **KNOWN)
    until(lambda: len(told(likes)) == 5)
    first, second, *others = told(likes)
    assert (first["kind"], first["user"], first["item"]) == ("view", "ann", "kettle-1")
    assert (
        before - 1 <= first["at"] <= time.time() * 1000 and len({event["id"] for event in told(likes)}) == 5
    )
    assert second["user"] == "bob"
    users = [event["user"] for event in others]
    assert users[0] == users[1] != users[2] and all(user.startswith("anonymous-") for user in users)
    assert "192.0.2" not in "".join(users)


def test_pages_tell_clicks_and_purchases(liked, likes):
    said = {"kind": "purchase", "item": "kettle-1", "id": "order-1-kettle-1"}
    assert liked.ask("POST", "/api/catalog/events", said, **KNOWN)[:2] == (202, {"id": "order-1-kettle-1"})
    assert liked.ask("POST", "/api/catalog/events", {"kind": "click", "item": "pan-28"}, **KNOWN)[0] == 202
    wrong = [{"kind": "x", "item": "pan-28"}, {**said, "id": "a b"}, {**said, "item": "none"}, b"{"]
    assert [liked.ask("POST", "/api/catalog/events", one)[0] for one in wrong] == [400, 400, 404, 400]
    assert liked.ask("POST", "/api/catalog/kettle-1", said)[0] == 404
    until(lambda: len(told(likes)) == 2)
    bought, clicked = told(likes)
    assert bought.pop("at") and bought == {**said, "user": "ann"}
    assert (clicked["kind"], clicked["user"], clicked["item"]) == ("click", "ann", "pan-28")


def test_kinesis_takes_what_it_is_told(start, endpoint):
    kinesis = boto3.client("kinesis", **clients(endpoint))
    kinesis.create_stream(StreamName="likely-events", ShardCount=1)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    catalog = start(AWS_ENDPOINT_URL=endpoint, LIKELY_EVENTS_ADDRESS="likely-events", **keys)
    catalog.ask("GET", "/api/catalog/kettle-1", **KNOWN)
    assert catalog.end() == 143  # what is waiting is told before it ends
    shard = kinesis.list_shards(StreamName="likely-events")["Shards"][0]["ShardId"]
    place = dict(StreamName="likely-events", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    (record,) = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])[
        "Records"
    ]
    assert record["PartitionKey"] == "ann" and json.loads(record["Data"])["item"] == "kettle-1"


def test_a_silent_stream_keeps_no_answer_and_gets_five_hundred_at_most(liked, likes):
    likes.shop.free.clear()
    liked.ask("GET", "/api/catalog/kettle-1")
    until(lambda: likes.shop.waiting)  # the first batch hangs
    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(lambda n: liked.ask("GET", "/api/catalog/pan-28")[0], range(600))
        assert set(asked) == {200}
    likes.shop.free.set()
    until(lambda: len({event["id"] for event in told(likes)}) == 601)
    assert max(map(len, likes.shop.batches)) == 500


def test_what_the_stream_refuses_is_told_again(liked, likes):
    sent, dropped = "catalog_events_sent_total", "catalog_events_dropped_total"
    before = counted(liked, sent), counted(liked, dropped)
    likes.shop.refused = 2
    for product in ("kettle-1", "pan-28", "toaster-2"):
        liked.ask("GET", f"/api/catalog/{product}")
    until(lambda: len(told(likes)) == 3)
    assert sorted(event["item"] for event in told(likes)) == ["kettle-1", "pan-28", "toaster-2"]
    until(lambda: counted(liked, sent) == before[0] + 3)
    assert counted(liked, dropped) == before[1]


def test_events_are_dropped_and_counted_while_the_stream_is_lost(liked, likes):
    before = counted(liked, "catalog_events_dropped_total")
    likes.shop.lost = True
    liked.ask("GET", "/api/catalog/kettle-1")
    until(lambda: counted(liked, "catalog_events_dropped_total") == before + 1)
    likes.shop.lost = False
    liked.ask("GET", "/api/catalog/pan-28")
    until(lambda: [event["item"] for event in told(likes)] == ["pan-28"])


def related(catalog, user="ann", product="kettle-1"):
    status, said, headers = catalog.ask("GET", f"/api/catalog/{product}/related?user={user}")
    assert status == 200 and headers["Cache-Control"].startswith("private")
    return said["source"], [one["id"] for one in said["products"]]


def test_what_a_user_may_like_is_what_the_recommendations_say(liked, likes):
    likes.shop.items = {"items": ["pan-28", "gone", "kettle-1", "toaster-2"], "source": "model", "lost": []}
    assert related(liked) == ("liked", ["pan-28", "toaster-2"])
    path, said = likes.shop.asked[0]
    assert path == f"/2015-03-31/functions/{ANSWERS}/invocations" and said == {"user": "ann", "count": 13}
    assert liked.ask("GET", "/api/catalog/none/related")[0] == 404


SAME = {"toaster-2", "pan-28"}
"""What else is of the kettle's category."""


def test_without_recommendations_there_is_what_is_of_the_same_category(liked, likes):
    assert related(liked)[0] == "category" and set(related(liked)[1]) >= SAME
    likes.shop.items, likes.shop.faults = {"items": ["novel"]}, {"X-Amz-Function-Error": "Unhandled"}
    source, items = related(liked)
    assert source == "category" and set(items) >= SAME and "kettle-1" not in items


def test_recommendations_that_do_not_come_are_not_waited_for_and_after_five_not_asked_for(starting, likes):
    likes.shop.free.clear()
    hurried = starting(RELATED_MILLISECONDS="20")
    assert {related(hurried)[0] for _ in range(8)} == {"category"}
    assert counted(hurried, "catalog_related_lost_total") == 5


def test_recommendations_are_not_waited_for_while_keys_do_not_come(starting, likes):
    likes.shop.keys.clear()
    catalog = starting()
    assert related(catalog)[0] == "category" and likes.shop.asked == []


@pytest.fixture
def trace_agent():
    agent = TraceAgent()
    yield agent
    agent.end()


def test_tells_x_ray_of_a_sampled_request_and_the_recommendations_whose_it_is(start, likes, trace_agent):
    at = f"http://{likes.address}"
    here = {
        "AWS_ENDPOINT_URL": at,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": at,
        "LIKELY_ANSWERS_ADDRESS": ANSWERS,
    }
    catalog = start(AWS_XRAY_DAEMON_ADDRESS=trace_agent.address, **here)
    path = "/api/catalog/kettle-1/related"
    segment = the_one_segment(trace_agent, lambda headers: catalog.ask("GET", path, **headers)[0])
    assert segment["name"] == "catalog"
    asked = {"method": "GET", "url": f"http://{catalog.address}{path}"}
    assert segment["http"]["request"] == asked
    assert likes.shop.traces[-2:] == [None, of_the_segment(segment)]


def test_answers_the_same_when_nobody_takes_its_segments(start, trace_agent):
    catalog = start(AWS_XRAY_DAEMON_ADDRESS=trace_agent.address)
    trace_agent.end()
    for _ in range(3):
        status, product, headers = catalog.ask("GET", "/api/catalog/kettle-1", **TRACE)
        assert (status, product["id"]) == (200, "kettle-1")
        assert headers["X-Amzn-Trace-Id"] == TRACE["X-Amzn-Trace-Id"]
