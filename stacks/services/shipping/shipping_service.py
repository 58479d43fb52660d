"""The shipping service: what it costs to send something, and the label that goes on it.

POST /api/shipping/quotes {"country", "grams"} tells a price and how long it takes, 422 where nobody delivers.
POST /api/shipping/labels {"key", "user", "country"} gives an order its label, and the same one whenever it is
asked for again: it follows from the key, so nothing has to be kept. GET /api/shipping/labels/{label} tells
whether that can be a label, by its last letter.
"""

import base64
import hashlib
import os
from dataclasses import dataclass

from components.service.python.metrics import Metrics
from components.service.python.web import Answer, Refusal, Request, Service

HEAVIEST_GRAMS = 30_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
"""Base 32, RFC 4648: what is read aloud has no 0 and no 1."""
BYTES = 15
"""Of a label's digest: with 120 bits no two of a trillion orders get the same."""


@dataclass(frozen=True)
class Zone:
    """Countries that it costs the same to send to."""

    carrier: str
    days: int
    cents: int
    cents_per_kilogram: int


HOME = Zone("ground", 2, 499, 120)
NEAR = Zone("courier", 5, 1299, 450)
FAR = Zone("air", 8, 2499, 1100)
ZONES = {
    "US": HOME,
    **dict.fromkeys(("CA", "MX"), NEAR),
    **dict.fromkeys(("AT", "AU", "BE", "BR", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE"), FAR),
    **dict.fromkeys(("IN", "IT", "JP", "KR", "NL", "NO", "NZ", "PL", "PT", "SE", "SG"), FAR),
}


class Shipping:
    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def quote(self, request: Request) -> Answer:
        with self._metrics.time("quote_seconds"):
            zone = _zone(request.text("country", 2))
            grams = int(request.number("grams", 0, HEAVIEST_GRAMS * 100))
            parcels = max(1, -(-grams // HEAVIEST_GRAMS))
            kilograms = -(-grams // 1000)
            cents = parcels * zone.cents + kilograms * zone.cents_per_kilogram
            return 200, {"cents": cents, "days": zone.days, "carrier": zone.carrier, "parcels": parcels}

    def label(self, request: Request) -> Answer:
        with self._metrics.time("label_seconds"):
            zone = _zone(request.text("country", 2))
            label = label_of(request.text("key"), request.text("user"))
            return 200, {"label": label, "carrier": zone.carrier, "days": zone.days}

    def check(self, request: Request, label: str) -> Answer:
        if len(label) < 2 or set(label) - set(LETTERS) or check_letter(label[:-1]) != label[-1]:
            raise Refusal(404, "no label of ours")
        return 200, {"label": label}


def label_of(key: str, user: str) -> str:
    digest = hashlib.sha256(f"{user}\n{key}".encode()).digest()[:BYTES]
    text = base64.b32encode(digest).decode()
    return text + check_letter(text)


def check_letter(text: str) -> str:
    """By which one wrong letter is found, and two that changed places: Luhn's formula, in base 32."""
    total = 0
    for place, letter in enumerate(reversed(text)):
        value = LETTERS.index(letter) * (2 if place % 2 == 0 else 1)
        total += value // len(LETTERS) + value % len(LETTERS)
    return LETTERS[-total % len(LETTERS)]


def _zone(country: str) -> Zone:
    if country not in ZONES:
        raise Refusal(422, f"nobody delivers to {country}")
    return ZONES[country]


def main() -> None:
    metrics = Metrics({"quote_seconds": "Time of a quote.", "label_seconds": "Time of a label."})
    shipping = Shipping(metrics)
    routes = {
        "POST /api/shipping/quotes": shipping.quote,
        "POST /api/shipping/labels": shipping.label,
        "GET /api/shipping/labels/{label}": shipping.check,
    }
    Service(int(os.environ.get("PORT", "8080")), routes, metrics, "shipping").run()


if __name__ == "__main__":
    main()
