"""Orders as the cart leaves them, for whoever ships them to read from the table's stream."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from .packing import pack
from .record import Checkout
from .retries import reasons
from .stock import UNMET, Decided
from .tables import Item, Tables

PENDING, PLACED, CANCELLED = "pending", "placed", "cancelled"


class Orders:
    """An order has the id of its checkout."""

    def __init__(self, tables: Tables, table: str) -> None:
        self._tables, self._table = tables, table

    def prepare(self, one: Checkout, fence: Mapping[str, Any]) -> None:
        """Write a pending order, unless it is there. Raises Decided once its checkout is."""
        put = {
            "TableName": self._table,
            "Item": {
                **_key(one.id),
                "phase": {"S": PENDING},
                "cart": {"S": one.cart},
                "cents": {"N": str(one.cents)},
                "body": pack({"lines": one.lines}),
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

    def place(self, one: Checkout) -> None:
        self._become(one, PLACED)

    def cancel(self, one: Checkout) -> None:
        self._become(one, CANCELLED)

    def find(self, id: str) -> Item | None:
        found = self._tables.get(self._table, [_key(id)], consistent=True)
        return found[0] if found else None

    def _become(self, one: Checkout, state: str) -> None:
        """From pending, once: it may have gone on since."""
        values = {":state": {"S": state}, ":pending": {"S": PENDING}}
        self._tables.update(self._table, _key(one.id), "SET phase = :state", "phase = :pending", values, {})


def _key(id: str) -> Item:
    return {"order_id": {"S": id}}
