"""Checkouts that meet, crash and come back: nothing is sold twice, lost, or held for ever."""

import itertools
import random
import threading
from collections import Counter

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from blueprints.cart.checkout import BUSY, EMPTY, LATE, PRICE, TAKEN
from blueprints.cart.orders import CANCELLED, PENDING, PLACED
from blueprints.cart.packing import unpack
from blueprints.cart.products import Product
from blueprints.cart.record import ABORTED, COMMITTED
from tests.boot.cart_shop import Crash, Turns, shop

WRITES = {"put_item", "update_item", "transact_write_items", "batch_write_item"}
NUMBERS = itertools.count()


@pytest.fixture
def place():
    with shop() as place:
        yield place


def fresh(*skus):
    """Names that no other test has."""
    number = next(NUMBERS)
    return [f"{sku}-{number}" for sku in skus]


def dying(after, late=True):
    """A machine's calls until it dies at the write of that number, before or after it is made."""
    writes = itertools.count(1)

    def around(call, name):
        last = name in WRITES and next(writes) == after
        if last and not late:
            raise Crash
        try:
            return call()
        finally:
            if last:
                raise Crash  # whatever it was told

    return around


def orders(place, carts):
    """The lines of the orders of some carts: (cart, state, {sku: quantity})."""
    return [
        (one["cart"]["S"], one["phase"]["S"], {s: n for s, (n, _) in unpack(one["body"])["lines"].items()})
        for one in place.all("orders")
        if one["cart"]["S"] in carts
    ]


def check(place, stock, carts, dead=False):
    """All that must be true once everything has come to its end. `carts`: what was put into each. `dead`:
    whether a machine may have died as it took a cart for a checkout that was over."""
    machine, found = place.machine(), orders(place, carts)
    assert not [one for one in found if one[1] == PENDING]
    assert not [hold for hold in place.all("holds") if hold["sku"]["S"] in stock]
    sold = Counter[str]()
    placed = {cart: Counter[str]() for cart in carts}
    for cart, state, lines in found:
        if state == PLACED:
            sold.update(lines)
            placed[cart].update(lines)
    left = machine.stock.left(list(stock))
    assert all(count >= 0 for count in left.values())
    assert {sku: left[sku] + sold[sku] for sku in stock} == dict(stock)
    for cart, wanted in carts.items():
        now = machine.carts.read_now(cart)
        assert dead or not now.own.checkout
        machine.checkouts.settle(cart)
        assert not machine.carts.read_now(cart).own.checkout
        # What was ordered is out of the cart, once, and nothing else is.
        assert Counter(now.quantities()) + placed[cart] == Counter(wanted)
    records = [one for one in place.all("checkouts") if one["cart"]["S"] in carts]
    assert all("unfinished" not in one for one in records)


def test_an_order_is_placed_the_cart_emptied_and_the_stock_sold(place):
    cart, tea, cup = fresh("cart", "tea", "cup")
    machine = place.stocked({tea: 5, cup: 5}, cents=250)
    machine.carts.add(cart, {tea: 2, cup: 1})
    made = machine.checkouts.checkout(cart, "k", agreed=750)
    assert (made.state, made.cents, made.finished) == (COMMITTED, 750, True)
    assert orders(place, [cart]) == [(cart, PLACED, {tea: 2, cup: 1})]
    check(place, {tea: 5, cup: 5}, {cart: {tea: 2, cup: 1}})
    assert machine.checkouts.checkout(cart, "k").id == made.id
    assert len(orders(place, [cart])) == 1


@pytest.mark.parametrize("count", [1, 100])
def test_without_enough_of_one_item_all_others_are_given_back(place, count):
    """A hundred items are held in three transactions, of which the last fails."""
    (cart,) = fresh("cart")
    names = [f"{n:03}-{cart}" for n in range(count)]
    stock = {**dict.fromkeys(names, 3), f"z-{cart}": 1}
    machine = place.stocked(stock)
    wanted = {**dict.fromkeys(names, 1), f"z-{cart}": 2}
    machine.carts.add(cart, wanted)
    made = machine.checkouts.checkout(cart, "k")
    assert (made.state, made.reason) == (ABORTED, f"there is not enough of z-{cart}")
    check(place, stock, {cart: wanted})
    # The same key has the same answer; another may do better.
    machine.carts.update(cart, f"z-{cart}", 1)
    assert machine.checkouts.checkout(cart, "k").state == ABORTED
    assert machine.checkouts.checkout(cart, "k2").state == COMMITTED


def test_it_costs_what_the_buyer_has_seen_or_is_not_ordered(place):
    cart, tea = fresh("cart", "tea")
    machine = place.stocked({tea: 5}, cents=100)
    machine.carts.add(cart, {tea: 2})
    machine.products.write([Product(tea, 130)])
    assert machine.checkouts.checkout(cart, "k", agreed=200).reason == PRICE
    assert machine.checkouts.checkout(cart, "k2", agreed=260).cents == 260


def test_rejects_an_empty_cart_and_what_nobody_sells(place):
    cart, other, tea = fresh("cart", "other", "tea")
    machine = place.machine()
    assert machine.checkouts.checkout(cart, "k").reason == EMPTY
    machine.carts.add(other, {tea: 1})
    assert machine.checkouts.checkout(other, "k").reason == f"nobody sells {tea}"


def test_what_is_added_while_it_is_ordered_stays_in_the_cart(place):
    cart, tea, cup = fresh("cart", "tea", "cup")
    machine = place.stocked({tea: 9, cup: 9})
    machine.carts.add(cart, {tea: 2})
    transactions = itertools.count()

    def around(call, name):
        if name == "transact_write_items" and next(transactions) == 0:
            machine.carts.add(cart, {tea: 1, cup: 1})
        return call()

    assert place.machine(around).checkouts.checkout(cart, "k").quantities == {tea: 2}
    assert machine.carts.read_now(cart).quantities() == {tea: 1, cup: 1}


def test_a_cart_is_ordered_once_at_a_time(place):
    cart, tea = fresh("cart", "tea")
    machine, seen = place.stocked({tea: 9}), []
    machine.carts.add(cart, {tea: 1})

    def around(call, name):
        if name == "transact_write_items" and not seen:
            seen.append(machine.checkouts.checkout(cart, "another"))
        return call()

    assert place.machine(around).checkouts.checkout(cart, "k").state == COMMITTED
    assert [one.reason for one in seen] == [TAKEN]
    check(place, {tea: 9}, {cart: {tea: 1}})


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_a_crash_at_any_step_is_mended_and_the_key_has_one_answer(place, late):
    """The machine dies at each of its writes in turn. The next checkout of the cart, after the time of the
    first, or whoever recovers, ends it either way."""
    ends = Counter[str]()
    for step in itertools.count(1):
        cart, tea, cup = fresh("cart", "tea", "cup")
        stock, wanted = {tea: 3, cup: 3}, {tea: 2, cup: 1}
        machine = place.stocked(stock)
        machine.carts.add(cart, wanted)
        try:
            place.machine(dying(step, late)).checkouts.checkout(cart, "k")
        except Crash:
            pass
        else:
            break
        place.later()
        if step % 2:
            place.machine().checkouts.recover()
        else:
            machine.checkouts.checkout(cart, "another")
        place.machine().checkouts.recover()
        ends[machine.checkouts.checkout(cart, "k").state] += 1
        check(place, stock, {cart: wanted})
    assert step == 11 and ends[COMMITTED] and ends[ABORTED]


def test_a_crash_while_giving_back_is_mended_too(place):
    for step, late in itertools.product(range(1, 30), (False, True)):
        cart, tea, cup, pot = fresh("cart", "tea", "cup", "pot")
        stock = {tea: 3, cup: 3, pot: 0}
        machine = place.stocked(stock)
        # Two holds that were made, as of a checkout of more than one transaction.
        machine.carts.add(cart, {tea: 1, cup: 1, pot: 1})
        dead = place.machine(dying(step, late))
        hold = dead.stock.hold

        def by_and_by(checkout, quantities, fence, hold=hold):
            for sku in sorted(quantities, key=lambda sku: sku.startswith("pot")):
                hold(checkout, {sku: quantities[sku]}, fence)

        dead.stock.hold = by_and_by
        try:
            dead.checkouts.checkout(cart, "k")
        except Crash:
            place.later()
            assert place.machine().checkouts.recover() <= 1
            check(place, stock, {cart: {tea: 1, cup: 1, pot: 1}})
        else:
            break
    assert step == 13  # all of its writes


def test_two_who_recover_at_once_give_back_once(place):
    cart, tea, cup = fresh("cart", "tea", "cup")
    stock, met = {tea: 3, cup: 3}, []
    machine = place.stocked(stock)
    machine.carts.add(cart, {tea: 1, cup: 1})
    with pytest.raises(Crash):
        place.machine(dying(5)).checkouts.checkout(cart, "k")  # when it has held the stock
    assert len(place.all("holds")) == 2
    place.later()

    def around(call, name):
        if name == "transact_write_items" and not met:
            met.append(machine.checkouts.recover())
        return call()

    place.machine(around).checkouts.recover()
    assert met == [1]
    check(place, stock, {cart: {tea: 1, cup: 1}})


def test_whoever_was_given_up_and_comes_back_holds_nothing_and_orders_nothing(place):
    """At every call of it, it sleeps so long that others give it up."""
    for call_number in itertools.count(1):
        cart, tea = fresh("cart", "tea")
        machine = place.stocked({tea: 5})
        machine.carts.add(cart, {tea: 2})
        calls = itertools.count(1)
        slept = []

        def around(call, name, calls=calls, at=call_number, slept=slept):
            if next(calls) == at:
                slept.append(name)
                place.later()
                place.machine().checkouts.recover()
            return call()

        place.machine(around).checkouts.checkout(cart, "k")
        if not slept:
            break
        place.later()
        machine.checkouts.recover()
        second = machine.checkouts.checkout(cart, "second")
        assert second.state == COMMITTED or second.reason == EMPTY
        check(place, {tea: 5}, {cart: {tea: 2}})
    assert call_number > 15


def test_too_late_is_said(place):
    cart, tea = fresh("cart", "tea")
    machine = place.stocked({tea: 1})
    machine.carts.add(cart, {tea: 1})
    with pytest.raises(Crash):
        place.machine(dying(1)).checkouts.checkout(cart, "k")
    place.later()
    assert machine.checkouts.checkout(cart, "k").reason == LATE


def test_what_too_many_want_is_given_up_after_a_number_of_tries(place):
    cart, tea = fresh("cart", "tea")
    machine = place.stocked({tea: 1})
    machine.carts.add(cart, {tea: 1})

    def around(call, name):
        if name == "transact_write_items":
            raise conflict()
        return call()

    assert place.machine(around).checkouts.checkout(cart, "k").reason == BUSY
    check(place, {tea: 1}, {cart: {tea: 1}})


def conflict():
    said = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": [{"Code": "None"}]}
    said["CancellationReasons"].append({"Code": "TransactionConflict"})
    return ClientError(said, "TransactWriteItems")


def test_of_many_at_once_as_many_get_it_as_there_are(place):
    """Twelve buyers on four machines in threads, of whom the last two share a cart, want eight; a third of
    all transactions meet others."""
    tea, carts = fresh("tea")[0], fresh(*(f"cart{n}" for n in range(11)))
    place.stocked({tea: 8})
    chance, ends = random.Random(7), list[str]()

    def around(call, name):
        if name == "transact_write_items" and chance.random() < 0.33:
            raise conflict()
        return call()

    machines = [place.machine(around) for _ in range(4)]
    for cart in carts:
        machines[0].carts.add(cart, {tea: 1})

    def buy(number):
        made = machines[number % 4].checkouts.checkout(carts[min(number, 10)], f"k{number}")
        ends.append(made.state)

    threads = [threading.Thread(target=buy, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert Counter(ends)[COMMITTED] == 8 and len(ends) == 12
    check(place, {tea: 8}, {cart: {tea: 1} for cart in carts})


BUYERS = st.lists(
    st.fixed_dictionaries(
        {
            "cart": st.integers(0, 2),
            "key": st.integers(0, 1),
            "dies": st.none() | st.integers(1, 11),
            "late": st.booleans(),
        }
    ),
    min_size=2,
    max_size=4,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller example would take minutes
)
@given(
    left=st.lists(st.integers(0, 4), min_size=2, max_size=2),
    wanted=st.lists(st.lists(st.integers(0, 3), min_size=2, max_size=2), min_size=3, max_size=3),
    buyers=BUYERS,
    turns=st.lists(st.integers(0, 3), max_size=80),
    hurry=st.booleans(),
)
def test_nothing_is_oversold_lost_or_held_for_ever_whatever_happens(
    place, left, wanted, buyers, turns, hurry
):
    """Buyers, each on a machine of its own, some of one cart, some with one key, some dying at some write,
    take turns call by call as it happens; where somebody hurries, they are given up while they are at it."""
    skus, carts = fresh("tea", "cup"), fresh("cart0", "cart1", "cart2")
    stock = dict(zip(skus, left, strict=True))
    machine = place.stocked(stock)
    put = {
        cart: {sku: count for sku, count in zip(skus, counts, strict=True) if count}
        for cart, counts in zip(carts, wanted, strict=True)
    }
    for cart, counts in put.items():
        if counts:
            machine.carts.add(cart, counts)
    together, told = Turns(turns), {}

    def job(name, buyer):
        dies = dying(buyer["dies"], buyer["late"])

        def around(call, kind):
            together.step(name)
            return dies(call, kind)

        cart, key = carts[buyer["cart"]], f"k{buyer['key']}"

        def work():
            made = place.machine(around).checkouts.checkout(cart, key)
            told.setdefault((cart, key), set()).add(made.state)

        return work

    jobs = {f"{number}": job(f"{number}", buyer) for number, buyer in enumerate(buyers)}

    def recover():
        place.later()
        place.machine(lambda call, kind: (together.step("z"), call())[1]).checkouts.recover()

    together.run({**jobs, "z": recover} if hurry else jobs)
    place.later()
    place.machine().checkouts.recover()
    check(place, stock, put, dead=any(buyer["dies"] for buyer in buyers))
    for (cart, key), states in told.items():
        assert states == {machine.checkouts.checkout(cart, key).state}
    assert not {state for _, state, _ in orders(place, carts)} - {PLACED, CANCELLED}
