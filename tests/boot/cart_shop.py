"""Shops for tests of carts: their tables in moto, and machines whose every call to them can be held up,
refused or the last."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from moto import mock_aws

from blueprints.cart.carts import Carts
from blueprints.cart.checkout import PREPARE_MS, Checkouts
from blueprints.cart.handover import Handover
from blueprints.cart.orders import TO_HAND_OVER, Orders
from blueprints.cart.products import Product, Products
from blueprints.cart.record import OPEN, Records
from blueprints.cart.stock import Stock
from blueprints.cart.tables import Tables

HERE = "us-east-1"
TABLES = {
    "carts": ("cart", "row"),
    "checkouts": ("checkout",),
    "holds": ("checkout", "sku"),
    "stock": ("sku",),
    "products": ("sku",),
    "orders": ("order_id",),
}
INDEXES = {"checkouts": (OPEN, "expires"), "orders": (TO_HAND_OVER, "placed_at")}
Call = Callable[[str, Mapping[str, Any]], Any]


class Crash(Exception):
    """The machine is gone."""


class Clock:
    """A time that goes on with every look at it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Client:
    """What boto3's client can, one call after the other as DynamoDB orders those of an item: moto's tables
    are not made for threads. `around(call, name)` makes each call, or does not."""

    def __init__(
        self, client: Any, lock: Any, around: Callable[[Callable[[], Any], str], Any] | None
    ) -> None:
        self._client, self._lock = client, lock
        self._around = around or (lambda call, name: call())

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def one(**request: Any) -> Any:
            with self._lock:
                return getattr(self._client, name)(**request)

        return lambda **request: self._around(lambda: one(**request), name)


class Machine:
    """A machine of the service. `queue`: a client of SQS, and the address of where orders are handed over."""

    def __init__(
        self, client: Any, now: Clock, regions: Sequence[str], here: str, queue: Any = None, **more: Any
    ) -> None:
        self.tables = Tables(client, sleep=more.pop("sleep", lambda seconds: None), **more)
        self.carts = Carts(self.tables, "carts", here, tuple(regions), now)
        self.products = Products(self.tables, "products")
        self.orders = Orders(self.tables, "orders", handed_over=queue is not None)
        self.stock = Stock(self.tables, "stock", "holds")
        self.records = Records(self.tables, "checkouts")
        told: Any = {}
        if queue is not None:
            self.handover = Handover(self.orders, queue[0], queue[1], now)
            told = {"placed": self.handover.placed}
        self.checkouts = Checkouts(
            self.records, self.carts, self.products, self.stock, self.orders, now, **told
        )


class Shop:
    def __init__(self, client: Any) -> None:
        self.client, self.now, self.lock = client, Clock(), threading.RLock()

    def machine(
        self, around: Any = None, regions: Sequence[str] = (), here: str = HERE, **more: Any
    ) -> Machine:
        return Machine(Client(self.client, self.lock, around), self.now, regions, here, **more)

    def stocked(self, stock: Mapping[str, int], cents: int = 100) -> Machine:
        machine = self.machine()
        machine.products.write([Product(sku, cents) for sku in stock])
        for sku, count in stock.items():
            machine.tables.write("stock", [{"sku": {"S": sku}, "available": {"N": str(count)}}])
        return machine

    def later(self) -> None:
        """Until every checkout that was left may be given up."""
        self.now.now += PREPARE_MS + 1

    def all(self, table: str) -> list[dict[str, Any]]:
        return self.client.scan(TableName=table)["Items"]


@contextmanager
def shop() -> Iterator[Shop]:
    with mock_aws():
        plain = Config(signature_version=UNSIGNED, user_agent="shop")  # a tenth of a call's time
        client = boto3.client("dynamodb", region_name=HERE, config=plain)
        make_tables(client)
        yield Shop(client)


def make_tables(client: Any) -> None:
    """As the blueprint has them."""
    for table, keys in TABLES.items():
        kinds = zip(keys, ("HASH", "RANGE"), strict=False)
        attributes = [{"AttributeName": key, "AttributeType": "S"} for key in keys]
        more: dict[str, Any] = {}
        if table in INDEXES:
            index, sort = INDEXES[table]
            attributes.append({"AttributeName": index, "AttributeType": "S"})
            attributes.append({"AttributeName": sort, "AttributeType": "N"})
            found_by = [
                {"AttributeName": index, "KeyType": "HASH"},
                {"AttributeName": sort, "KeyType": "RANGE"},
            ]
            kept = {"ProjectionType": "KEYS_ONLY"}
            more["GlobalSecondaryIndexes"] = [{"IndexName": index, "KeySchema": found_by, "Projection": kept}]
        client.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
            AttributeDefinitions=attributes,
            BillingMode="PAY_PER_REQUEST",
            **more,
        )


class Turns:
    """Jobs in threads of which one alone goes on, from one call to the next, as `choices` have it."""

    def __init__(self, choices: Sequence[int]) -> None:
        self._choices, self._change = list(choices), threading.Condition()
        self._alive, self._waiting = set[str](), set[str]()
        self._turn: str | None = None

    def run(self, jobs: Mapping[str, Callable[[], object]]) -> None:
        self._alive = set(jobs)
        threads = [threading.Thread(target=self._work, args=job, daemon=True) for job in jobs.items()]
        for thread in threads:
            thread.start()
        while True:
            with self._change:
                ready = self._change.wait_for(
                    lambda: self._turn is None and self._waiting == self._alive, timeout=20
                )
                assert ready, "a job hangs"
                if not self._alive:
                    break
                order = sorted(self._waiting)
                self._turn = order[(self._choices.pop() if self._choices else 0) % len(order)]
                self._change.notify_all()
        for thread in threads:
            thread.join()

    def step(self, name: str) -> None:
        with self._change:
            self._waiting.add(name)
            self._turn = None
            self._change.notify_all()
            self._change.wait_for(lambda: self._turn == name)
            self._waiting.discard(name)

    def _work(self, name: str, job: Callable[[], object]) -> None:
        self.step(name)
        try:
            job()
        except Crash:
            pass
        finally:
            with self._change:
                self._alive.discard(name)
                self._turn = None
                self._change.notify_all()
