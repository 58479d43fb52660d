"""The catalog service, by Debian's JDK: what it tells, how long caches keep it, and pictures of S3."""

import json
import subprocess
import time
import urllib.parse
import urllib.request

import boto3
import pytest

from tests.boot.conftest import clients
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
        running.append(Running(java_command("CatalogService"), **{**settings, **environment}))
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
