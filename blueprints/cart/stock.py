"""How many of each item are left, and what is held back for checkouts.

What is held is taken from what is left in the transaction that notes the hold: so nothing is held twice,
given back twice, or sold that is not there, wherever a checkout ends. One item's number takes 1000 write
units a second, and a hold takes two: 500 checkouts a second may have the same item.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from .retries import Busy, code, passes, pauses, reasons
from .tables import Item, Tables, parts, updated

AT_ONCE = 40
"""Items held in one transaction: two actions each, of the 100 that there may be.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html"""
UNMET = "ConditionalCheckFailed"


class Short(Exception):
    """There is not enough of something."""

    def __init__(self, skus: Sequence[str]) -> None:
        super().__init__(", ".join(skus))
        self.skus = skus


class Decided(Exception):
    """The checkout has been decided by somebody else."""


class Stock:
    """`table`: what is left, by item. `holds`: what is held, by checkout and item."""

    def __init__(self, tables: Tables, table: str, holds: str) -> None:
        self._tables, self._table, self._holds = tables, table, holds

    def add(self, sku: str, count: int) -> None:
        """Put so many more on the shelf. Not to be done twice."""
        self._tables.transact([{"Update": self._more(sku, count)}])

    def left(self, skus: Sequence[str]) -> dict[str, int]:
        keys = [_key(sku) for sku in skus]
        found = self._tables.get(self._table, keys, consistent=True) if keys else []
        return {item["sku"]["S"]: int(item["available"]["N"]) for item in found}

    def hold(self, checkout: str, quantities: Mapping[str, int], fence: Mapping[str, Any]) -> None:
        """Hold all of it. What is held for the checkout already stays so.

        `fence`: an action that fails once the checkout is decided. Raises Short, Decided or Busy; some of it
        may be held then.
        """
        for part in parts(sorted(quantities), AT_ONCE):
            self._hold(checkout, {sku: quantities[sku] for sku in part}, fence)

    def release(self, checkout: str) -> None:
        """Give back all that is held for a checkout that nobody can hold more for."""
        for sku, quantity in list(self._held(checkout)):
            held = {"TableName": self._holds, "Key": _hold_key(checkout, sku)}
            gone = {**held, "ConditionExpression": "attribute_exists(checkout)"}
            try:
                self._tables.transact([{"Delete": gone}, {"Update": self._more(sku, quantity)}])
            except ClientError as error:
                if UNMET not in reasons(error):
                    raise
                # Somebody else has given it back meanwhile.

    def sell(self, checkout: str) -> None:
        """What was held for a checkout is gone."""
        self._tables.write(self._holds, deletes=[_hold_key(checkout, sku) for sku, _ in self._held(checkout)])

    def _hold(self, checkout: str, quantities: dict[str, int], fence: Mapping[str, Any]) -> None:
        wanted = dict(quantities)
        for _ in pauses(sleep=self._tables.sleep):
            if not wanted:
                return
            skus = list(wanted)
            takes = [{"Update": self._less(sku, wanted[sku])} for sku in skus]
            notes = [{"Put": self._note(checkout, sku, wanted[sku])} for sku in skus]
            try:
                return self._tables.transact([fence, *takes, *notes])
            except ClientError as error:
                if code(error) != "TransactionCanceledException" or not (why := reasons(error)):
                    raise
                if why[0] == UNMET:
                    raise Decided from None
                taken, noted = why[1 : len(skus) + 1], why[len(skus) + 1 :]
                held = {sku for sku, reason in zip(skus, noted, strict=True) if reason == UNMET}
                short = [
                    s for s, reason in zip(skus, taken, strict=True) if reason == UNMET and s not in held
                ]
                if short:
                    raise Short(short) from None
                if not held and not passes(error):
                    raise
                wanted = {sku: quantity for sku, quantity in wanted.items() if sku not in held}
        raise Busy("too many want the same")

    def _held(self, checkout: str) -> Iterator[tuple[str, int]]:
        found = self._tables.query(
            self._holds,
            KeyConditionExpression="checkout = :checkout",
            ExpressionAttributeValues={":checkout": {"S": checkout}},
            ConsistentRead=True,
        )
        for item in found:
            yield item["sku"]["S"], int(item["quantity"]["N"])

    def _less(self, sku: str, count: int) -> dict[str, Any]:
        change, enough = "SET available = available - :count", "available >= :count"
        return updated(self._table, _key(sku), change, enough, {":count": {"N": str(count)}}, {})

    def _more(self, sku: str, count: int) -> dict[str, Any]:
        return {
            "TableName": self._table,
            "Key": _key(sku),
            "UpdateExpression": "ADD available :count",
            "ExpressionAttributeValues": {":count": {"N": str(count)}},
        }

    def _note(self, checkout: str, sku: str, count: int) -> dict[str, Any]:
        return {
            "TableName": self._holds,
            "Item": {**_hold_key(checkout, sku), "quantity": {"N": str(count)}},
            "ConditionExpression": "attribute_not_exists(checkout)",
        }


def _key(sku: str) -> Item:
    return {"sku": {"S": sku}}


def _hold_key(checkout: str, sku: str) -> Item:
    return {"checkout": {"S": checkout}, "sku": {"S": sku}}
