"""How a row of a cart is kept as an item of DynamoDB."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

from .lines import Line, Row, Word

LARGE = 1024
"""Bytes from which a text is compressed: every 1024 of an item cost another write unit.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"""
KEPT_MS = 90 * 24 * 3600 * 1000
"""How long a cart is kept that nobody writes."""


def packed(cart: str, row: Row, now: int) -> dict[str, Any]:
    """The item of a row."""
    lines = {sku: _line(line) for sku, line in row.lines.items()}
    item: dict[str, Any] = {
        **key(cart, row.name),
        "version": {"N": str(row.version)},
        "body": pack({"lines": lines, "operations": row.operations}),
        "kept_until": {"N": str((now + KEPT_MS) // 1000)},
    }
    return {**item, "checkout": {"S": row.checkout}} if row.checkout else item


def unpacked(item: Mapping[str, Any]) -> Row:
    body = unpack(item["body"])
    return Row(
        name=item["row"]["S"],
        version=int(item["version"]["N"]),
        lines={sku: _read(line) for sku, line in body["lines"].items()},
        operations=tuple(body["operations"]),
        checkout=item.get("checkout", {}).get("S", ""),
    )


def key(cart: str, row: str) -> dict[str, Any]:
    return {"cart": {"S": cart}, "row": {"S": row}}


def pack(value: Any) -> dict[str, Any]:
    """JSON as an attribute: text, or gzip where that is less."""
    text = json.dumps(value, separators=(",", ":"))
    if len(text) >= LARGE and len(small := gzip.compress(text.encode(), mtime=0)) < len(text):
        return {"B": small}
    return {"S": text}


def unpack(attribute: Mapping[str, Any]) -> Any:
    if "B" in attribute:
        return json.loads(gzip.decompress(bytes(attribute["B"])))
    return json.loads(attribute["S"])


def _line(line: Line) -> list[Any]:
    word = line.word
    return [line.start, line.added, line.latest, word.quantity, word.at, word.by, dict(word.seen)]


def _read(kept: list[Any]) -> Line:
    start, added, latest, *word = kept
    return Line(start, added, latest, Word(*word))
