"""Carts on DynamoDB: writers who meet, readers who are behind, and answers that are lost."""

import threading

import pytest
from botocore.exceptions import ClientError

from blueprints.cart.dax import Cached
from blueprints.cart.products import Product
from blueprints.cart.retries import Busy, insist, pauses
from components.service.python.web import Refusal
from tests.boot.cart_shop import shop


@pytest.fixture(scope="module")
def place():
    with shop() as place:
        yield place


@pytest.fixture
def cart(request):
    return request.node.name


def refused(code, reasons=()):
    return ClientError(
        {"Error": {"Code": code}, "CancellationReasons": [{"Code": r} for r in reasons]}, "Any"
    )


def test_two_machines_that_meet_lose_nothing(place, cart):
    one, other = place.machine(), place.machine()
    one.carts.add(cart, {"c": 1})
    met = []

    def around(call, name):
        if name == "put_item" and not met:
            met.append(name)
            other.carts.add(cart, {"b": 2})
        return call()

    place.machine(around).carts.add(cart, {"a": 1})
    assert met and one.carts.read_now(cart).quantities() == {"a": 1, "b": 2, "c": 1}


def test_many_at_once_are_all_counted(place, cart):
    machines = [place.machine() for _ in range(3)]
    threads = [
        threading.Thread(target=machine.carts.add, args=(cart, {"a": 1}))
        for machine in machines
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert machines[0].carts.read_now(cart).quantities() == {"a": 12}


def test_whoever_is_never_first_is_told_so_after_a_number_of_tries(place, cart):
    tried = []

    def around(call, name):
        if name == "put_item":
            tried.append(name)
            raise refused("ConditionalCheckFailedException")
        return call()

    with pytest.raises(Busy):
        place.machine(around).carts.add(cart, {"a": 1})
    assert len(tried) == 8


def test_waits_are_at_random_within_bounds_that_double():
    waits = []
    assert list(pauses(8, waits.append)) == list(range(8))
    bounds = [0.02, 0.04, 0.08, 0.16, 0.32, 0.5, 0.5]
    assert len(waits) == 7 and all(0 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert len(set(waits)) == 7


def test_a_write_whose_answer_is_lost_is_made_once(place, cart):
    lost = []

    def around(call, name):
        made = call()
        if name == "put_item" and not lost:
            lost.append(made)
            raise refused("InternalServerError")
        return made

    made = place.machine(around).carts.add(cart, {"a": 2}, "operation-1")
    assert lost and made.quantities() == {"a": 2}
    assert place.machine().carts.add(cart, {"a": 2}, "operation-1").quantities() == {"a": 2}


def test_the_last_word_wins_by_its_time_and_not_by_when_it_comes(place, cart):
    carts, now = place.machine().carts, place.now()
    carts.update(cart, "a", 5, now - 10)
    carts.update(cart, "a", 3, now - 20)
    assert carts.read_now(cart).quantities() == {"a": 5}
    carts.update(cart, "a", 2, now + 10**9)  # of a clock that is wrong
    assert carts.update(cart, "a", 4).quantities() == {"a": 4}


def test_removing_may_be_done_again_and_again(place, cart):
    carts = place.machine().carts
    carts.add(cart, {"a": 2, "b": 1})
    for _ in range(3):
        assert carts.remove(cart, "a").quantities() == {"b": 1}
    assert carts.add(cart, {"a": 1}).quantities() == {"a": 1, "b": 1}
    carts.remove(f"{cart}-new", "a")
    assert carts.read_now(f"{cart}-new").quantities() == {}


def test_two_regions_write_rows_of_their_own(place, cart):
    regions = ("us-east-1", "eu-west-1")
    east, west = (place.machine(regions=regions, here=region) for region in regions)
    east.carts.add(cart, {"a": 1})
    west.carts.add(cart, {"a": 1, "b": 1})
    east.carts.remove(cart, "b")
    assert east.carts.read_now(cart).quantities() == west.carts.read_now(cart).quantities() == {"a": 2}
    assert len([row for row in place.all("carts") if row["cart"]["S"] == cart]) == 2


def test_a_cart_of_before_signing_in_is_merged_once(place, cart):
    carts, before = place.machine().carts, f"{cart}-before"
    carts.add(before, {"a": 3, "b": 1})
    carts.add(cart, {"a": 1, "c": 1})
    for _ in range(2):
        assert carts.merge(cart, before).quantities() == {"a": 3, "b": 1, "c": 1}
    assert carts.read_now(before).quantities() == {}


def test_a_merge_that_breaks_off_loses_nothing_and_may_be_done_again(place, cart):
    before, puts = f"{cart}-before", []

    def around(call, name):
        puts.extend([name] if name == "put_item" else [])
        if len(puts) == 2:
            raise KeyboardInterrupt
        return call()

    carts = place.machine().carts
    carts.add(before, {"a": 3})
    with pytest.raises(KeyboardInterrupt):
        place.machine(around).carts.merge(cart, before)
    assert carts.read_now(cart).quantities() == carts.read_now(before).quantities() == {"a": 3}
    assert carts.merge(cart, before).quantities() == {"a": 3}


def test_rejects_a_cart_of_more_than_two_hundred_items(place, cart):
    carts = place.machine().carts
    carts.add(cart, {f"item-{n}": 1 for n in range(200)})
    with pytest.raises(Refusal, match="at most 200"):
        carts.add(cart, {"one-more": 1})
    assert len(carts.remove(cart, "item-7").quantities()) == 199


class Dax:
    """DAX's item cache: what was read or written through it stays as it was."""

    def __init__(self, client):
        self._client, self._items = client, {}

    def get_item(self, **request):
        assert request["TableName"] in ("carts", "products")  # others it may not use
        key = str(request["Key"])
        if key not in self._items:
            self._items[key] = self._client.get_item(**request)
        return self._items[key]

    def put_item(self, **request):
        assert request["TableName"] == "carts"
        made = self._client.put_item(**request)
        item = request["Item"]
        self._items[str({"cart": item["cart"], "row": item["row"]})] = {"Item": item}
        return made


def test_reads_come_from_memory_and_never_from_before_what_the_reader_has_seen(place, cart):
    dax = Dax(place.client)
    through, beside = place.machine(cached=dax), place.machine()
    first = through.carts.add(cart, {"a": 1})
    seen = beside.carts.add(cart, {"a": 1})
    assert through.carts.read(cart).quantities() == {"a": 1}
    assert through.carts.read(cart, first.version).quantities() == {"a": 1}
    assert through.carts.read(cart, seen.version).quantities() == {"a": 2}
    assert through.carts.add(cart, {"a": 1}).quantities() == {"a": 3}
    assert through.carts.read(cart).quantities() == {"a": 3}  # it was written through


def test_a_checkout_reads_and_writes_past_the_cache_all_but_the_cart(place, cart):
    place.stocked({"dax-tea": 3})
    machine = place.machine(cached=Dax(place.client))
    machine.carts.add(cart, {"dax-tea": 2})
    assert machine.checkouts.checkout(cart, "k").state == "committed"
    assert machine.carts.read(cart).quantities() == {} and machine.stock.left(["dax-tea"]) == {"dax-tea": 1}


def test_a_removal_is_not_taken_for_done_by_an_old_copy(place, cart):
    through, beside = place.machine(cached=Dax(place.client)), place.machine()
    through.carts.remove(cart, "a")
    beside.carts.add(cart, {"a": 1})
    assert through.carts.remove(cart, "a").quantities() == {}


class Broken:
    def __init__(self, error):
        self.error, self.asked, self.closed = error, 0, 0

    def get_item(self, **request):
        self.asked += 1
        raise self.error

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("error", [OSError("gone"), refused("NoRouteException"), KeyError("bug")], ids=repr)
def test_without_dax_dynamodb_is_asked_and_dax_not_for_some_seconds(place, cart, error, capsys):
    now, dax, dialled = [0.0], Broken(error), []

    def dial():
        dialled.append(now[0])
        return dax

    machine = place.machine(cached=Cached(dial, place.client, lambda: now[0]))
    for _ in range(3):
        assert machine.carts.read(cart).quantities() == {}
    assert (dialled, dax.asked, dax.closed) == ([0.0], 1, 1)
    now[0] = 6.0
    machine.carts.read(cart)
    assert dialled == [0.0, 6.0] and "DAX is lost" in capsys.readouterr().err


def test_dax_that_cannot_be_dialled_is_dialled_seldom(place, cart, capsys):
    dialled = []

    def dial():
        dialled.append(1)
        raise OSError("no route")

    machine = place.machine(cached=Cached(dial, place.client, lambda: 0.0))
    machine.carts.read(cart)
    machine.carts.read(cart)
    assert len(dialled) == 1


def test_amazon_s_own_client_gives_up_soon_on_a_cluster_that_is_not_there(place, cart, monkeypatch):
    pytest.importorskip("amazondax", reason="pip install amazon-dax-client")
    from blueprints.cart.dax import dial

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    machine = place.machine(cached=Cached(lambda: dial("127.0.0.1:1", "us-east-1"), place.client))
    assert machine.carts.add(cart, {"a": 1}).quantities() == {"a": 1}


def test_a_batch_is_asked_again_for_what_it_did_not_give(place):
    left = []

    def around(call, name):
        made = call()
        if name == "batch_get_item" and not left:
            left.append(made["Responses"]["products"].pop())
            key = {"sku": left[0]["sku"]}
            return {**made, "UnprocessedKeys": {"products": {"Keys": [key]}}}
        return made

    products = [Product(f"batch-{n}", n, related=("x",)) for n in range(130)]
    place.machine().products.write(products)
    found = place.machine(around).products.read([one.sku for one in products])
    assert left and set(found.values()) == set(products)


def test_a_batch_is_written_again_for_what_it_did_not_take(place):
    kept = []

    def around(call, name):
        if name == "batch_write_item" and not kept:
            kept.append(name)
            item = {"sku": {"S": "late"}, "cents": {"N": "1"}, "body": {"S": '{"title":"","related":[]}'}}
            return {"UnprocessedItems": {"products": [{"PutRequest": {"Item": item}}]}}
        return call()

    place.machine(around).products.write([Product("late", 1)])
    assert place.machine().products.read(["late"]) == {"late": Product("late", 1)}


def test_what_is_never_written_is_said(place):
    def around(call, name):
        return {"UnprocessedItems": {"products": [{"PutRequest": {"Item": {}}}]}}

    with pytest.raises(Busy, match="1 items were not written"):
        place.machine(around).products.write([Product("never", 1)])


def test_what_goes_with_a_cart_is_read_with_it(place):
    products = place.machine().products
    products.write(
        [
            Product("tea", 3, related=("cup", "pot", "tea")),
            Product("cup", 2, related=("tea",)),
            Product("pot", 9),
        ]
    )
    shown = products.related(products.read(["tea", "cup"]))
    assert [one.sku for one in shown] == ["pot"]


def test_only_what_passes_is_tried_again():
    calls = []

    def fails(code, *reasons):
        def call():
            calls.append(code)
            raise refused(code, reasons)

        return call

    with pytest.raises(Busy):
        insist(fails("TransactionCanceledException", "None", "TransactionConflict"), lambda seconds: None)
    assert len(calls) == 8
    for last in (
        ("ValidationException",),
        ("TransactionCanceledException", "ConditionalCheckFailed", "None"),
    ):
        calls.clear()
        with pytest.raises(ClientError):
            insist(fails(*last), lambda seconds: None)
        assert len(calls) == 1
