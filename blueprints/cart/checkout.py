"""How a cart becomes an order: two phases over the cart, the stock and the order.

First all are prepared: the cart is taken, so that no other checkout has it; prices are read anew; the stock
is held; the order is written as pending. Then one write decides, and what it says is done everywhere: the
order is placed, the cart emptied, the stock sold; or the stock given back and the order cancelled. Each step
may be done twice, and by anyone: by the same request sent again, by the next checkout of the cart, or by
`recover`, after its time has passed. Whoever was thought to be gone and comes back finds that it has been
decided, for no hold, order or list is written but while it has not.

Checkouts are made in one region, that of the stock: transactions do not reach over regions.
"""

from collections.abc import Callable
from dataclasses import replace

from components.service.python.web import Refusal

from .carts import Carts, Clock, clock
from .lines import Cart, Row
from .orders import Orders
from .products import Products
from .record import ABORTED, COMMITTED, PREPARING, Buyer, Checkout, Records, checkout_id
from .retries import Busy
from .stock import Decided, Short, Stock

PREPARE_MS = 30_000
"""How long a checkout may take until anyone may give it up: what it holds, others cannot buy."""
EMPTY, PRICE, TAKEN = "the cart is empty", "the price has changed", "the cart is being ordered already"
LATE, BUSY, DECIDED = "it took too long", "too many want the same", "it was given up"


class _No(Exception):
    """Why it cannot be ordered."""


class Checkouts:
    def __init__(
        self, records: Records, carts: Carts, products: Products, stock: Stock, orders: Orders,
        now: Clock = clock, placed: Callable[[str], None] = lambda id: None,
    ) -> None:  # fmt: skip
        """`placed` is told of each order, maybe more than once, and must not last."""
        self._records, self._carts, self._products = records, carts, products
        self._stock, self._orders, self._now, self._placed = stock, orders, now, placed

    def checkout(
        self, cart: str, key: str, agreed: int | None = None, buyer: Buyer | None = None
    ) -> Checkout:
        """Order what is in a cart, once for each key: what came of it is told again. `agreed`: what the buyer
        has seen that it costs."""
        id = checkout_id(cart, key)
        known = self._records.find(id)
        if known is None:
            until, who = self._now() + PREPARE_MS, buyer or Buyer()
            self._records.begin(Checkout(id, cart, PREPARING, until, agreed=agreed, buyer=who))
            known = self._records.get(id)
        return self.advance(known)

    def find(self, id: str) -> Checkout:
        """A checkout that has begun, brought to its end. Refuses the request where there is none."""
        if (known := self._records.find(id)) is None:
            raise Refusal(404, "no such order")
        return self.advance(known)

    def recover(self) -> int:
        """Bring to their end those that somebody left. Their number."""
        return sum(self.advance(one).finished for one in self._records.given_up(self._now()))

    def advance(self, one: Checkout) -> Checkout:
        """Bring a checkout from wherever it is to its end."""
        if one.state == PREPARING:
            reason = LATE if one.expires < self._now() else self._prepare(one)
            self._records.decide(one, ABORTED if reason else COMMITTED, reason)
            one = self._records.get(one.id)
            if one.finished:  # by somebody else, and the cart may have been taken since
                self._leave(one)
        if not one.finished:
            (self._commit if one.state == COMMITTED else self._abort)(one)
            self._records.finish(one, self._now())
        return replace(one, finished=True)

    def settle(self, cart: str) -> None:
        """Free a cart from a checkout that is over, whose machine died as it took the cart too late."""
        held = self._carts.read_now(cart).own.checkout
        if held and self._over(held):
            self._carts.change(
                cart, lambda now: replace(now.own, checkout="") if now.own.checkout == held else now.own
            )

    def _prepare(self, one: Checkout) -> str:
        """Why it cannot be ordered; "" where all is ready."""
        try:
            self._take(one)
            one = self._list(one)
            self._stock.hold(one.id, one.quantities, self._records.fence(one.id))
            self._orders.prepare(one, self._records.fence(one.id))
        except Short as short:
            return f"there is not enough of {short}"
        except Busy:
            return BUSY
        except Decided:
            return DECIDED
        except _No as no:
            return str(no)
        return ""

    def _take(self, one: Checkout) -> None:
        """Nobody else orders what is in the cart meanwhile; it may be changed."""

        def take(found: Cart) -> Row:
            held = found.own.checkout
            if held not in ("", one.id) and not self._over(held):
                raise _No(TAKEN)
            return replace(found.own, checkout=one.id)

        self._carts.change(one.cart, take)

    def _over(self, id: str) -> bool:
        """Whether a checkout that has the cart leaves it: whoever had it may be gone."""
        other = self._records.find(id)
        if other is None or other.finished:
            return True
        if other.state == PREPARING and other.expires >= self._now():
            return False
        self.advance(other)
        return True

    def _list(self, one: Checkout) -> Checkout:
        """What is in the cart now, at the prices of now, noted once."""
        if one.taken is None:
            cart = self._carts.read_now(one.cart)
            quantities = cart.quantities()
            sold = self._products.read(quantities, consistent=True)
            priced = {sku: (n, sold[sku].cents) for sku, n in quantities.items() if sku in sold}
            filled = replace(one, lines=priced, taken=cart.taken(self._now()))
            if cart.own.checkout != one.id or not self._records.fill(filled):
                filled = self._records.get(one.id)
            if filled.state != PREPARING or filled.taken is None:
                raise Decided
            one = filled
        assert one.taken is not None
        if gone := sorted(one.taken.seen.keys() - one.lines.keys()):
            raise _No(f"nobody sells {', '.join(gone)}")
        if not one.lines:
            raise _No(EMPTY)
        if one.agreed not in (None, one.cents):
            raise _No(PRICE)
        return one

    def _commit(self, one: Checkout) -> None:
        self._orders.place(one, self._now())
        self._placed(one.id)
        self._leave(one)
        self._stock.sell(one.id)

    def _abort(self, one: Checkout) -> None:
        self._stock.release(one.id)
        self._orders.cancel(one)
        self._leave(one)

    def _leave(self, one: Checkout) -> None:
        """Give the cart back, without what was ordered."""

        def leave(found: Cart) -> Row:
            if found.own.checkout != one.id:
                return found.own
            ordered = one.state == COMMITTED and one.taken is not None
            row = found.without(one.taken, "checkout") if ordered and one.taken else found.own
            return replace(row, checkout="")

        self._carts.change(one.cart, leave)
