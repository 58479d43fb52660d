"""Hands placed orders over to the service that ships and charges them, by a queue, each at least once.

What an order is to be handed over is written as it is placed, and taken off when the queue has it: so a
machine may die at any moment, and the queue be lost for hours. An order's id is its key there, by which the
same order that comes twice is one.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .carts import Clock, clock
from .orders import Orders, Placed
from .retries import Busy
from .tables import parts

PATH = "/api/orders"
MOST_LINES = 50
"""Of one order there: a larger one is handed over as several."""
AT_ONCE = 10
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""
MOST_FRESH = 1000
FRESH_MS = 15_000
"""How long an order is left to the machine that has placed it."""
LOST = (Busy, BotoCoreError, ClientError)


class Handover:
    """`client` of SQS, whose queue is at `url`."""

    def __init__(self, orders: Orders, client: Any, url: str, now: Clock = clock) -> None:
        self._orders, self._client, self._url, self._now = orders, client, url, now
        self._fresh = Queue[str](MOST_FRESH)

    def placed(self, id: str) -> None:
        """Hand an order over soon. Nobody waits for it: what does not fit is found by `recover`."""
        with suppress(Full):
            self._fresh.put_nowait(id)

    def follow(self) -> None:
        """Hand over what is placed here, for as long as the program runs."""
        while True:
            ids = [self._fresh.get()]
            with suppress(Empty):
                while len(ids) < AT_ONCE:
                    ids.append(self._fresh.get_nowait())
            try:
                self.send(ids)
            except LOST as error:
                print(f"not handed over yet: {error!r}", file=sys.stderr, flush=True)

    def recover(self) -> int:
        """Hand over what is left, whoever has placed it. Its number. Raises what SQS or DynamoDB do where
        they are lost: then the rest is left again."""
        before = self._now() - FRESH_MS
        return sum(self.send(ids) for shard in self._orders.left(before) for ids in parts(shard, AT_ONCE))

    def send(self, ids: Iterable[str]) -> int:
        """Hand over those of some orders that still are to be. Their number."""
        said = [(order.id, text) for order in self._orders.waiting(ids) for text in messages(order)]
        refused = {id for part in parts(said, AT_ONCE) for id in self._refused(part)}
        sent = {id for id, _ in said} - refused
        for id in sorted(sent):
            self._orders.handed_over(id)
        return len(sent)

    def _refused(self, said: Sequence[tuple[str, str]]) -> Iterator[str]:
        """Send some messages. The orders of those that the queue did not take."""
        ids, texts = zip(*said, strict=True)
        entries = [{"Id": str(number), "MessageBody": text} for number, text in enumerate(texts)]
        answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        for one in answer.get("Failed", ()):
            id = ids[int(one["Id"])]
            print(f"{id} is not handed over yet: {one['Code']}", file=sys.stderr, flush=True)
            yield id


def messages(order: Placed) -> Iterator[str]:
    """What the service is to be asked, the same whenever an order is sent.

    Without a total: there the price has what it costs to send it, which the buyer of a cart has not seen."""
    items = [{"sku": sku, "quantity": n, "cents": cents} for sku, (n, cents) in sorted(order.lines.items())]
    for number, part in enumerate(parts(items, MOST_LINES), start=1):
        body = {
            "key": order.id if number == 1 else f"{order.id}-{number}",
            "user": order.buyer.user or nobody(order.cart),
            "items": part,
            "country": order.buyer.country,
            "method": order.buyer.method,
        }
        yield json.dumps({"path": PATH, "body": body}, separators=(",", ":"))


def nobody(cart: str) -> str:
    """A buyer who has not said who it is. Not the cart's name: who knows that may use the cart."""
    return f"cart-{hashlib.sha256(cart.encode()).hexdigest()[:32]}"
