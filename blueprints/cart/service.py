"""What the cart answers over HTTP.

GET /api/carts/{cart}?version=…         the cart, not older than that version
POST /api/carts/{cart}/items            {"items": {sku: how many more}, "operation"}: the operation's id, so
                                        that it is done once however often it is sent
PUT /api/carts/{cart}/items/{sku}       {"quantity", "at", "by"}: the last word, by its time in ms, wins
DELETE /api/carts/{cart}/items/{sku}?at=…
POST /api/carts/{cart}/merge            {"from"}: another cart, such as of before signing in
POST /api/carts/{cart}/checkout         {"key", "cents", "user", "country", "method"}: what the buyer has seen
                                        that it costs, who it is, where it is sent and how it is paid, each of
                                        which but the key may be left out; 201, or 409 and why; the same again
                                        for the same key
GET /api/carts/{cart}/orders/{key}

And for other services, which no gateway leads to:
PUT /internal/products                  {"products": [{"sku", "cents", "title", "related"}]}
POST /internal/stock                    {"sku", "count"}: so many more are there

Who knows a cart's name may use it: it is as long as a key, and the browser's own.
"""

import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from components.service.python.metrics import Metrics
from components.service.python.web import Answer, Refusal, Request, Routes

from .carts import Carts, counted
from .checkout import Checkouts
from .lines import MOST_OF_ONE, Cart
from .preload import Preload
from .products import Product, Products
from .record import COMMITTED, Buyer, Checkout, checkout_id
from .retries import Busy, code
from .stock import Stock

NAME = re.compile(r"[A-Za-z0-9_-]{22,64}")
"""128 bits or more in base64."""
SKU = re.compile(r"[A-Za-z0-9-][A-Za-z0-9_-]{0,39}")
WORD, COUNTRY = re.compile("[!-~]([ -~]{0,62}[!-~])?"), re.compile("[A-Z]{2}")
DEAREST = 10_000_000
MOST_PRODUCTS = 100
MEASURED = {
    "cart_seconds": "Time that a request for a cart takes.",
    "checkout_seconds": "Time that a checkout takes.",
}


class Api:
    def __init__(
        self,
        carts: Carts,
        checkouts: Checkouts,
        products: Products,
        stock: Stock,
        preload: Preload,
        metrics: Metrics,
    ) -> None:
        self._carts, self._checkouts, self._products = carts, checkouts, products
        self._stock, self._preload, self._metrics = stock, preload, metrics

    def routes(self) -> Routes:
        carts = {
            "GET /api/carts/{cart}": self.show,
            "POST /api/carts/{cart}/items": self.add,
            "PUT /api/carts/{cart}/items/{sku}": self.update,
            "DELETE /api/carts/{cart}/items/{sku}": self.remove,
            "POST /api/carts/{cart}/merge": self.merge,
        }
        others = {
            "POST /api/carts/{cart}/checkout": self.checkout,
            "GET /api/carts/{cart}/orders/{key}": self.order,
            "PUT /internal/products": self.take_products,
            "POST /internal/stock": self.take_stock,
        }
        measured = {route: self._measured("cart_seconds", answer) for route, answer in carts.items()}
        return measured | {r: self._measured("checkout_seconds", answer) for r, answer in others.items()}

    def show(self, request: Request, cart: str) -> Answer:
        return self._said(self._carts.read(_name(cart), _whole(request.query.get("version", "0"))))

    def add(self, request: Request, cart: str) -> Answer:
        items: Any = request.body.get("items")
        if not isinstance(items, dict) or not 1 <= len(items) <= MOST_PRODUCTS:
            raise Refusal(400, f"items must be 1 to {MOST_PRODUCTS} quantities by sku")
        counts = {_sku(sku): counted(count) for sku, count in items.items()}
        if unknown := sorted(counts.keys() - self._products.read(counts).keys()):
            raise Refusal(404, f"nobody sells {', '.join(unknown)}")
        operation = request.text("operation") if "operation" in request.body else ""
        return self._said(self._carts.add(_name(cart), counts, operation))

    def update(self, request: Request, cart: str, sku: str) -> Answer:
        quantity = int(request.number("quantity", 0, MOST_OF_ONE))
        at = int(request.number("at", 0, 1e14)) if "at" in request.body else None
        by = request.text("by") if "by" in request.body else ""
        return self._said(self._carts.update(_name(cart), _sku(sku), quantity, at, by))

    def remove(self, request: Request, cart: str, sku: str) -> Answer:
        at = _whole(request.query["at"]) if "at" in request.query else None
        return self._said(self._carts.remove(_name(cart), _sku(sku), at))

    def merge(self, request: Request, cart: str) -> Answer:
        other = _name(request.text("from"))
        self._checkouts.settle(other)
        return self._said(self._carts.merge(_name(cart), other))

    def checkout(self, request: Request, cart: str) -> Answer:
        agreed = int(request.number("cents", 0, 1e12)) if "cents" in request.body else None
        made = self._checkouts.checkout(_name(cart), request.text("key"), agreed, _buyer(request))
        return _ordered(made)

    def order(self, request: Request, cart: str, key: str) -> Answer:
        return _ordered(self._checkouts.find(checkout_id(_name(cart), key)))

    def take_products(self, request: Request) -> Answer:
        products: Any = request.body.get("products")
        if not isinstance(products, list) or not 1 <= len(products) <= MOST_PRODUCTS:
            raise Refusal(400, f"products must be a list of 1 to {MOST_PRODUCTS}")
        self._products.write({one.sku: one for one in map(_product, products)}.values())
        return 200, {"products": len(products)}

    def take_stock(self, request: Request) -> Answer:
        sku, count = _sku(request.text("sku")), int(request.number("count", 1, 1e9))
        self._stock.add(sku, count)
        return 200, {"sku": sku, "left": self._stock.left([sku])[sku]}

    def _said(self, cart: Cart) -> Answer:
        """A cart with its prices, and what goes with it while there is time for that."""
        quantities = cart.quantities()
        sold = self._products.read(quantities)
        related = self._products.related(sold) if self._preload.on else []
        items = [
            {"sku": sku, "quantity": quantity, **_shown(sold.get(sku))}
            for sku, quantity in quantities.items()
        ]
        return 200, {
            "cart": cart.id,
            "version": cart.version,
            "items": items,
            "cents": sum(quantities[sku] * one.cents for sku, one in sold.items()),
            "related": [{"sku": one.sku, **_shown(one)} for one in related],
        }

    def _measured(self, name: str, answer: Callable[..., Answer]) -> Callable[..., Answer]:
        def measured(request: Request, **parts: str) -> Answer:
            try:
                with self._metrics.time(name):
                    return answer(request, **parts)
            except Busy as busy:
                raise Refusal(503, str(busy)) from None
            except (BotoCoreError, ClientError) as lost:
                said = code(lost) if isinstance(lost, ClientError) else ""
                print(f"{answer.__name__}: {said} {lost!r}", file=sys.stderr, flush=True)
                raise Refusal(503, "the tables are lost") from None

        return measured


def _ordered(one: Checkout) -> Answer:
    if one.state != COMMITTED:
        return 409, {"order": one.id, "error": one.reason}
    lines = [
        {"sku": sku, "quantity": quantity, "cents": cents} for sku, (quantity, cents) in one.lines.items()
    ]
    return 201, {"order": one.id, "cents": one.cents, "items": lines}


def _buyer(request: Request) -> Buyer:
    said = {name: request.text(name) for name in ("user", "country", "method") if name in request.body}
    for name, value in said.items():
        if not WORD.fullmatch(value):
            raise Refusal(400, f"{name} must be 1 to 64 letters, digits and signs of ASCII")
    if "country" in said and not COUNTRY.fullmatch(said["country"]):
        raise Refusal(400, "country must be two capital letters")
    return Buyer(**said)


def _shown(product: Product | None) -> Mapping[str, Any]:
    if product is None:
        return {"sold": False}
    return {"cents": product.cents, "title": product.title}


def _product(said: Any) -> Product:
    try:
        title, related = str(said.get("title", ""))[:200], tuple(map(_sku, said.get("related", ())))
        cents = said["cents"]
        if isinstance(cents, bool) or not isinstance(cents, int) or not 0 <= cents <= DEAREST:
            raise Refusal(400, f"cents must be a whole number from 0 to {DEAREST}")
        return Product(_sku(said["sku"]), cents, title, related[:20])
    except (AttributeError, KeyError, TypeError):
        raise Refusal(400, "a product needs sku and cents") from None


def _name(cart: str) -> str:
    if not NAME.fullmatch(cart):
        raise Refusal(400, "a cart's name has 22 to 64 letters, digits, '-' and '_'")
    return cart


def _sku(sku: Any) -> str:
    if not isinstance(sku, str) or not SKU.fullmatch(sku):
        raise Refusal(400, "a sku has 1 to 40 letters, digits, '.', '-' and '_'")
    return sku


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise Refusal(400, "version and at must be whole numbers")
    return int(text)
