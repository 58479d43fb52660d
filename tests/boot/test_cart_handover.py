"""Orders that are handed over: each at least once, whatever dies or is lost, and nobody waits for it."""

import http.server
import itertools
import json

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from blueprints.cart.handover import FRESH_MS, MOST_FRESH
from blueprints.cart.orders import PLACED
from blueprints.cart.record import ABORTED, COMMITTED, Buyer
from blueprints.surge import deliver
from tests.boot.cart_shop import Crash, shop
from tests.boot.conftest import REGION
from tests.boot.shop_machine import serve
from tests.boot.test_cart_checkout import check, dying, fresh

LOST, REFUSES, DIES = "lost", "refuses", "dies"
ANN = Buyer("ann@example.com", "DE", "visa")


class Waiting:
    """SQS with one queue. `fails`: how the next calls end: LOST is no answer, REFUSES one that says no to the
    first message, and DIES one that nobody hears."""

    def __init__(self, client):
        self.client, self.url, self.fails = client, client.create_queue(QueueName="waiting")["QueueUrl"], []

    def send_message_batch(self, QueueUrl, Entries):
        fails = self.fails.pop(0) if self.fails else None
        if fails == LOST:
            raise EndpointConnectionError(endpoint_url="sqs")
        refused = [{"Id": Entries[0]["Id"], "Code": "InternalError"}] if fails == REFUSES else []
        self.client.send_message_batch(QueueUrl=QueueUrl, Entries=Entries[len(refused) :])
        if fails == DIES:
            raise Crash
        return {"Failed": refused} if refused else {}

    def messages(self):
        """All that waits there, as Lambda gets it."""
        found = []
        while got := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            found += [{"messageId": one["MessageId"], "body": one["Body"]} for one in got]
        return found

    def bodies(self):
        said = [json.loads(one["body"]) for one in self.messages()]
        assert {one["path"] for one in said} <= {"/api/orders"}
        return [one["body"] for one in said]


@pytest.fixture
def place():
    with shop() as place:
        yield place


@pytest.fixture
def queue(place):
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return Waiting(boto3.client("sqs", region_name=REGION, **keys))


@pytest.fixture
def machine(place, queue):
    """machine(around): one that hands over to the queue, when it is told to."""
    return lambda around=None: place.machine(around, queue=(queue, queue.url))


@pytest.fixture
def ordered(place, machine):
    """ordered(buyer, ...): the checkout of a cart with two items, on a machine that dies of it at once."""

    def ordered(buyer=ANN, on=None, count=2):
        (cart,), skus = fresh("cart"), [f"{sku}-{n}" for n, sku in enumerate(fresh(*["tea"] * count))]
        place.stocked(dict.fromkeys(skus, 9), cents=250)
        here = on or machine()
        here.carts.add(cart, dict.fromkeys(skus, 2))
        return here.checkouts.checkout(cart, "k", buyer=buyer)

    return ordered


def left(place):
    return [one["order_id"]["S"] for one in place.all("orders") if "to_hand_over" in one]


def recover(place, machine):
    """What a machine does from time to time, some time later."""
    place.now.now += FRESH_MS
    return machine.handover.recover()


def test_an_order_is_handed_over_with_all_that_is_known_of_it(place, machine, queue, ordered):
    here = machine()
    made = ordered(on=here)
    items = [{"sku": sku, "quantity": 2, "cents": 250} for sku in sorted(made.lines)]
    assert left(place) == [made.id] and here.handover.send([made.id, made.id]) == 1
    who = {"user": "ann@example.com", "country": "DE", "method": "visa"}
    assert queue.bodies() == [{"key": made.id, "items": items, **who}]
    assert left(place) == [] and here.handover.send([made.id]) == 0 == recover(place, here)
    assert place.all("orders")[0]["phase"]["S"] == PLACED


def test_who_has_not_said_who_it_is_has_a_name_that_opens_no_cart(place, machine, queue, ordered):
    made = ordered(buyer=None)
    recover(place, machine())
    (body,) = queue.bodies()
    assert (body["country"], body["method"]) == ("US", "card")
    assert made.cart not in body["user"] and 1 <= len(body["user"]) <= 64


def test_an_order_that_is_too_large_for_the_service_comes_as_several(place, machine, queue, ordered):
    made = ordered(count=101)
    assert recover(place, machine()) == 1
    found = sorted(queue.bodies(), key=lambda body: body["key"])
    assert [one["key"] for one in found] == [made.id, f"{made.id}-2", f"{made.id}-3"]
    assert [len(one["items"]) for one in found] == [50, 50, 1]
    assert {item["sku"] for one in found for item in one["items"]} == made.lines.keys()


def test_nothing_is_handed_over_of_what_was_not_ordered(place, machine, queue):
    here, (cart,) = machine(), fresh("cart")
    assert here.checkouts.checkout(cart, "k").state == ABORTED
    assert recover(place, here) == 0 and queue.bodies() == [] == left(place)


def test_without_a_queue_nothing_waits_for_one(place, ordered):
    assert ordered(on=place.machine()).state == COMMITTED
    assert left(place) == []


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_machine_that_dies_at_any_step_loses_no_order_and_makes_none_up(place, machine, queue, late):
    """At each write of the checkout, and of handing over: another machine hands over what was ordered."""
    for step in itertools.count(1):
        cart, tea = fresh("cart", "tea")
        place.stocked({tea: 3})
        machine().carts.add(cart, {tea: 2})
        try:
            dead = machine(dying(step, late))
            dead.handover.send([dead.checkouts.checkout(cart, "k").id])
        except Crash:
            pass
        else:
            break
        place.later()
        other = machine()
        other.checkouts.recover()
        made = other.checkouts.checkout(cart, "k")
        recover(place, other)
        bodies = queue.bodies()
        assert {one["key"] for one in bodies} == ({made.id} if made.state == COMMITTED else set())
        assert left(place) == [] and len({json.dumps(one) for one in bodies}) <= 1
        check(place, {tea: 3}, {cart: {tea: 2}})
    assert step == 12  # the checkout's writes, and the one that takes it off


def test_what_is_placed_now_is_left_to_the_machine_that_placed_it(machine, ordered):
    ordered()
    assert machine().handover.recover() == 0


def test_while_the_queue_is_lost_orders_are_placed_and_handed_over_afterwards(place, machine, queue, ordered):
    here = machine()
    made = {ordered(on=here).id for _ in range(12)}
    queue.fails = [LOST]
    with pytest.raises(EndpointConnectionError):
        recover(place, here)
    assert set(left(place)) == made and queue.bodies() == []
    assert recover(place, here) == 12 and {one["key"] for one in queue.bodies()} == made


def test_what_the_queue_refuses_of_several_is_handed_over_next_time(place, machine, queue, ordered):
    here, made = machine(), [ordered().id for _ in range(3)]
    queue.fails = [REFUSES]
    assert here.handover.send(made) == 2 and left(place) == [min(made)]
    assert recover(place, here) == 1 and {one["key"] for one in queue.bodies()} == set(made)


def test_a_checkout_does_not_wait_where_more_is_placed_than_handed_over(machine, ordered):
    here = machine()
    for number in range(MOST_FRESH):
        here.handover.placed(str(number))
    assert ordered(on=here).state == COMMITTED


class OrderService(http.server.BaseHTTPRequestHandler):
    """An order has a key, and is one however often it is asked for, as order_service.cc has it."""

    orders, asked = {}, []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body["key"])
        known = self.orders.setdefault(body["key"], body)
        self.send_response(201 if known is body else 200 if known == body else 422)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_what_is_handed_over_twice_is_one_order(place, machine, queue, ordered, monkeypatch):
    made = ordered()
    queue.fails = [DIES]  # once SQS has it
    with pytest.raises(Crash):
        recover(place, machine())
    assert recover(place, machine()) == 1
    server = serve(OrderService)
    monkeypatch.setenv("SERVICE", f"http://{server.address}")
    assert deliver.handler({"Records": queue.messages()}, None) == {"batchItemFailures": []}
    server.shutdown()
    server.server_close()
    assert OrderService.asked == [made.id] * 2 and OrderService.orders.keys() == {made.id}
