"""Orders as the cart leaves them, for whoever ships them to read from the table's stream."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from .packing import pack, unpack
from .record import SHARDS, Buyer, Checkout, shard
from .retries import reasons
from .stock import UNMET, Decided
from .tables import Item, Tables

PENDING, PLACED, CANCELLED = "pending", "placed", "cancelled"
TO_HAND_OVER = "to_hand_over"
"""The index of those that were placed and not handed over, in parts as those of checkouts."""


@dataclass(frozen=True)
class Placed:
    """An order as it is handed over. `lines` as a checkout has them."""

    id: str
    cart: str
    buyer: Buyer
    lines: Mapping[str, tuple[int, int]]


class Orders:
    """An order has the id of its checkout. `handed_over`: whether those that are placed wait for that."""

    def __init__(self, tables: Tables, table: str, handed_over: bool = False) -> None:
        self._tables, self._table, self._handed_over = tables, table, handed_over

    def prepare(self, one: Checkout, fence: Mapping[str, Any]) -> None:
        """Write a pending order, unless it is there. Raises Decided once its checkout is."""
        put = {
            "TableName": self._table,
            "Item": {
                **_key(one.id),
                "phase": {"S": PENDING},
                "cart": {"S": one.cart},
                "cents": {"N": str(one.cents)},
                "body": pack({"lines": one.lines, "buyer": asdict(one.buyer)}),
            },
            "ConditionExpression": "attribute_not_exists(order_id)",
        }
        try:
            self._tables.transact([fence, {"Put": put}])
        except ClientError as error:
            why = reasons(error)
            if UNMET not in why:
                raise
            if why[0] == UNMET:
                raise Decided from None

    def place(self, one: Checkout, now: int) -> None:
        """In one write with what says that it is to be handed over."""
        if not self._handed_over:
            return self._become(one, PLACED)
        waits = {":shard": {"S": shard(one.id)}, ":now": {"N": str(now)}}
        self._become(one, PLACED, f", {TO_HAND_OVER} = :shard, placed_at = :now", waits)

    def cancel(self, one: Checkout) -> None:
        self._become(one, CANCELLED)

    def find(self, id: str) -> Item | None:
        found = self._tables.get(self._table, [_key(id)], consistent=True)
        return found[0] if found else None

    def left(self, before: int) -> Iterator[Sequence[str]]:
        """Ids of those that were placed before a time, in ms, and still wait, part by part. In no order, so
        that machines that look at once are seldom at the same."""
        for number in random.sample(range(SHARDS), SHARDS):
            found = self._tables.query(
                self._table,
                IndexName=TO_HAND_OVER,
                KeyConditionExpression=f"{TO_HAND_OVER} = :shard AND placed_at < :before",
                ExpressionAttributeValues={":shard": {"S": str(number)}, ":before": {"N": str(before)}},
            )
            ids = [item["order_id"]["S"] for item in found]
            random.shuffle(ids)
            yield ids

    def waiting(self, ids: Iterable[str]) -> Iterator[Placed]:
        """Those of some orders that still wait."""
        for item in self._tables.get(self._table, [_key(id) for id in sorted(set(ids))], consistent=True):
            if TO_HAND_OVER in item:
                yield _read(item)

    def handed_over(self, id: str) -> None:
        """It waits no longer."""
        change, condition = f"REMOVE {TO_HAND_OVER}", f"attribute_exists({TO_HAND_OVER})"
        self._tables.update(self._table, _key(id), change, condition, {}, {})

    def _become(self, one: Checkout, state: str, more: str = "", values: Item | None = None) -> None:
        """From pending, once: it may have gone on since."""
        values = {":state": {"S": state}, ":pending": {"S": PENDING}, **(values or {})}
        change = f"SET phase = :state{more}"
        self._tables.update(self._table, _key(one.id), change, "phase = :pending", values, {})


def _key(id: str) -> Item:
    return {"order_id": {"S": id}}


def _read(item: Item) -> Placed:
    body: dict[str, Any] = unpack(item["body"])
    lines = {sku: (line[0], line[1]) for sku, line in body["lines"].items()}
    return Placed(item["order_id"]["S"], item["cart"]["S"], Buyer(**body.get("buyer", {})), lines)
