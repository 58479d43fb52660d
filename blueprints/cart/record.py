"""What is written of a checkout: the log by which it is ended, whoever ends it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .lines import Taken
from .packing import pack, unpack
from .tables import Item, Tables

PREPARING, COMMITTED, ABORTED = "preparing", "committed", "aborted"
OPEN, SHARDS = "unfinished", 8
"""The index of those that have not come to their end, in parts, since one alone takes 1000 writes a second:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-indexes-gsi-sharding.html"""
KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class Buyer:
    """Who orders."""

    user: str = ""
    """"" for whoever has the cart."""
    country: str = "US"
    """Where it is sent, by ISO 3166."""
    method: str = "card"
    """How it is paid, in the words of whoever takes the money."""


@dataclass(frozen=True)
class Checkout:
    """What somebody orders: `lines` by item, each its quantity and its price in cents."""

    id: str
    cart: str
    state: str
    expires: int
    """When, in ms, it counts as given up."""
    finished: bool = False
    reason: str = ""
    """Why it was aborted."""
    agreed: int | None = None
    """What the buyer has seen that it costs, in cents; None for whatever it costs."""
    buyer: Buyer = field(default_factory=Buyer)
    lines: Mapping[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    taken: Taken | None = None
    """What of the cart it has; None before that is known."""

    @property
    def quantities(self) -> dict[str, int]:
        return {sku: quantity for sku, (quantity, _) in self.lines.items()}

    @property
    def cents(self) -> int:
        return sum(quantity * cents for quantity, cents in self.lines.values())


class Records:
    """The checkouts in their table."""

    def __init__(self, tables: Tables, table: str) -> None:
        self._tables, self._table = tables, table

    def begin(self, one: Checkout) -> None:
        """Write a checkout, unless it has begun."""
        agreed = {} if one.agreed is None else {"agreed": {"N": str(one.agreed)}}
        item = {
            **_key(one.id),
            "cart": {"S": one.cart},
            "phase": {"S": PREPARING},
            "expires": {"N": str(one.expires)},
            OPEN: {"S": shard(one.id)},
            "buyer": pack(asdict(one.buyer)),
            **agreed,
        }
        self._tables.put(self._table, item, "attribute_not_exists(checkout)", {})

    def find(self, id: str) -> Checkout | None:
        found = self._tables.get(self._table, [_key(id)], consistent=True)
        return _read(found[0]) if found else None

    def get(self, id: str) -> Checkout:
        """One that has begun."""
        if (found := self.find(id)) is None:
            raise LookupError(id)
        return found

    def fill(self, one: Checkout) -> bool:
        """Write what it is of. False where that is written, or it is decided."""
        taken = one.taken or Taken(0, {})
        body = pack({"lines": one.lines, "at": taken.at, "seen": taken.seen})
        return self._change(one, "SET body = :body", "attribute_not_exists(body)", {":body": body})

    def decide(self, one: Checkout, state: str, reason: str) -> bool:
        """The point from which there is no way back. False where it is decided."""
        values = {":state": {"S": state}, ":reason": {"S": reason}}
        return self._change(one, "SET phase = :state, reason = :reason", "", values)

    def finish(self, one: Checkout, now: int) -> None:
        """Nothing is left to do; some time later it is forgotten."""
        until = {":until": {"N": str(now // 1000 + KEPT_SECONDS)}}
        change, condition = f"SET kept_until = :until REMOVE {OPEN}", f"attribute_exists({OPEN})"
        self._tables.update(self._table, _key(one.id), change, condition, until, {})

    def fence(self, id: str) -> dict[str, Any]:
        """The action of a transaction that fails once a checkout is decided."""
        check = {
            "TableName": self._table,
            "Key": _key(id),
            "ConditionExpression": "phase = :preparing",
            "ExpressionAttributeValues": {":preparing": {"S": PREPARING}},
        }
        return {"ConditionCheck": check}

    def given_up(self, now: int) -> Iterator[Checkout]:
        """Those whose time has passed and that are not at their end."""
        for number in range(SHARDS):
            found = self._tables.query(
                self._table,
                IndexName=OPEN,
                KeyConditionExpression=f"{OPEN} = :shard AND expires < :now",
                ExpressionAttributeValues={":shard": {"S": str(number)}, ":now": {"N": str(now)}},
            )
            for item in list(found):
                if one := self.find(item["checkout"]["S"]):
                    yield one

    def _change(self, one: Checkout, change: str, condition: str, values: Item) -> bool:
        undecided = " AND ".join(filter(None, ("phase = :preparing", condition)))
        values = {**values, ":preparing": {"S": PREPARING}}
        return self._tables.update(self._table, _key(one.id), change, undecided, values, {})


def checkout_id(cart: str, key: str) -> str:
    """One for each cart and each key that the buyer's program has made for the order."""
    return hashlib.sha256(f"{cart}/{key}".encode()).hexdigest()[:32]


def shard(id: str) -> str:
    """The part of an index that it is in."""
    return str(int(id[:8], 16) % SHARDS)


def _key(id: str) -> Item:
    return {"checkout": {"S": id}}


def _read(item: Item) -> Checkout:
    body: dict[str, Any] | None = unpack(item["body"]) if "body" in item else None
    return Checkout(
        id=item["checkout"]["S"],
        cart=item["cart"]["S"],
        state=item["phase"]["S"],
        expires=int(item["expires"]["N"]),
        finished=OPEN not in item,
        reason=item.get("reason", {}).get("S", ""),
        agreed=int(item["agreed"]["N"]) if "agreed" in item else None,
        buyer=Buyer(**unpack(item["buyer"])) if "buyer" in item else Buyer(),
        lines={sku: (line[0], line[1]) for sku, line in body["lines"].items()} if body else {},
        taken=Taken(body["at"], body["seen"]) if body else None,
    )
