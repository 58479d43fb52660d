"""Carts: written with a version as the condition, and again where somebody else was first."""

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from components.service.python.web import Refusal

from .lines import MOST_LINES, MOST_OF_ONE, Cart, Row, joined
from .packing import key, packed, unpacked
from .retries import Busy, pauses
from .tables import Tables

STRIPES = 256
Clock = Callable[[], int]
"""The time, in ms."""


def clock() -> int:
    return time.time_ns() // 1_000_000


class Carts:
    """`regions`: those whose rows make a cart, `here` being the one that is written."""

    def __init__(
        self, tables: Tables, table: str, here: str, regions: tuple[str, ...] = (), now: Clock = clock
    ) -> None:
        self._tables, self._table, self._here, self._now = tables, table, here, now
        self._regions = tuple(sorted({here, *regions}))
        # A session stays with one machine: there, two writes of one cart wait for each other and do not meet.
        self._locks = [threading.RLock() for _ in range(STRIPES)]

    def read(self, cart: str, least_version: int = 0) -> Cart:
        """A cart as it was a moment ago, but not before the version that somebody has seen already."""
        found = self._read(cart, consistent=False)
        return found if found.version >= least_version else self._read(cart, consistent=True)

    def read_now(self, cart: str) -> Cart:
        return self._read(cart, consistent=True)

    def add(self, cart: str, counts: Mapping[str, int], operation: str = "") -> Cart:
        """Put so many more of each item into a cart, once for each operation's id."""
        each = operation or uuid.uuid4().hex

        def change(found: Cart) -> Row:
            return _checked(found, found.added(counts, self._now(), each))

        return self.change(cart, change)

    def update(self, cart: str, sku: str, quantity: int, at: int | None = None, by: str = "") -> Cart:
        """Say how many there shall be of an item: who says so last, `at` a time in ms, has it."""
        # A time that is yet to come would have the last word until then.
        when = self._now() if at is None else min(at, self._now())

        def change(found: Cart) -> Row:
            return _checked(found, found.said(sku, quantity, when, by))

        return self.change(cart, change)

    def remove(self, cart: str, sku: str, at: int | None = None, by: str = "") -> Cart:
        """Take an item out, whether it is in or not; what is added later is in again."""
        return self.update(cart, sku, 0, at, by)

    def merge(self, cart: str, other: str) -> Cart:
        """Put what is in another cart into this one, and empty the other: all of it may be done twice."""
        if cart == other:
            raise Refusal(400, "a cart cannot be merged with itself")
        source = self.read_now(other)
        if source.own.checkout:
            raise Refusal(409, "what is in the other cart is being ordered")
        given, taken, operation = source.quantities(), source.taken(self._now()), uuid.uuid4().hex

        def change(found: Cart) -> Row:
            wanted = joined(mine := found.quantities(), given)
            more = {sku: wanted[sku] - mine.get(sku, 0) for sku in given if wanted[sku] > mine.get(sku, 0)}
            return _checked(found, found.added(more, self._now(), operation)) if more else found.own

        made = self.change(cart, change)
        self.change(other, lambda found: found.without(taken, "merge"))
        return made

    def change(self, cart: str, change: Callable[[Cart], Row]) -> Cart:
        """Write what `change` makes of a cart's own row. Raises Busy where others are always first."""
        with self._locks[hash(cart) % STRIPES]:
            for number in pauses(sleep=self._tables.sleep):
                # What is old by a moment will do at first: what is written on it is refused.
                found = self._read(cart, consistent=number > 0)
                row = change(found)
                if row == found.own:
                    found = found if number else self.read_now(cart)
                    row = change(found)
                    if row == found.own:
                        return found
                written = replace(found.swept(row, self._now()), version=found.own.version + 1)
                if self._put(cart, written):
                    return replace(found, rows={**found.rows, written.name: written})
        raise Busy("others are writing this cart")

    def _put(self, cart: str, row: Row) -> bool:
        item, before = packed(cart, row, self._now()), str(row.version - 1)
        if row.version == 1:
            return self._tables.put(self._table, item, "attribute_not_exists(cart)", {}, cached=True)
        values = {":before": {"N": before}}
        return self._tables.put(self._table, item, "version = :before", values, cached=True)

    def _read(self, cart: str, consistent: bool) -> Cart:
        keys: list[dict[str, Any]] = [key(cart, region) for region in self._regions]
        rows = [unpacked(item) for item in self._tables.get(self._table, keys, consistent)]
        return Cart(cart, self._here, {row.name: row for row in rows})


def _checked(cart: Cart, row: Row) -> Row:
    """A row that may be written. Refuses the request otherwise."""
    after = replace(cart, rows={**cart.rows, row.name: row}).quantities()
    if len(after) > MOST_LINES and len(after) > len(cart.quantities()):
        raise Refusal(409, f"a cart has at most {MOST_LINES} items")
    return row


def counted(value: Any) -> int:
    """How many of an item somebody asks for. Refuses the request otherwise."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_OF_ONE:
        raise Refusal(400, f"quantity must be a whole number from 1 to {MOST_OF_ONE}")
    return value
