"""Reads what everybody will ask for before they do, so that caches on the way have it.

The list is an object in S3: a path a line, the hottest first. A path is read through the front door: what is
warmed is whatever caches on the way there from here, CloudFront's of this region and the services' own. Edge
locations elsewhere have their own regional caches: where there is an origin shield here, they ask that one.
"""

import os
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

MOST_PATHS, BATCH, AT_ONCE = 20_000, 200, 8
SECONDS = 10
HEADERS = {
    "Accept-Encoding": "br, gzip",  # as browsers have it: each encoding is kept apart
    "User-Agent": "cache-warming",
}


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """`event`: what to do, one of the functions below, and with what."""
    given: Any = event.get("with")
    return STEPS[event["do"]](given)


def hottest(_: object = None) -> dict[str, Any]:
    """What there is to do, in batches. Raises LookupError where nobody knows what is hot."""
    paths = len(_paths())
    if not paths:
        raise LookupError(f"s3://{os.environ['BUCKET']}/{os.environ['KEY']} names no path")
    return {"batches": [{"from": at, "to": min(at + BATCH, paths)} for at in range(0, paths, BATCH)]}


def warm(batch: Mapping[str, int]) -> dict[str, Any]:
    return _asked(batch)


def check(batch: Mapping[str, int]) -> dict[str, Any]:
    """The same again: this time a cache should answer."""
    return _asked(batch)


def judge(checked: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Whether caches answer as often as they shall."""
    asked, hits = (sum(one[key] for one in checked) for key in ("asked", "hits"))
    percent = 100 * hits / asked
    return {"percent": round(percent, 3), "enough": percent >= float(os.environ["HIT_PERCENT"])}


def _asked(batch: Mapping[str, int]) -> dict[str, Any]:
    paths = _paths()[batch["from"] : batch["to"]]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(_read, paths))
    hits, failed = answers.count("hit"), answers.count("failed")
    return {"asked": len(paths), "hits": hits, "failed": failed}


def _read(path: str) -> str:
    """Whether a cache answered."""
    request = urllib.request.Request(os.environ["SITE"].rstrip("/") + path, headers=HEADERS)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            answer.read()
            told = answer.headers
    except OSError:  # an answer of 400 and more is one, too
        return "failed"
    said = f"{told.get('X-Cache', '')} {told.get('X-Cache-Status', '')}".lower()
    return "hit" if "hit" in said or int(told.get("Age") or 0) > 0 else "miss"


def _paths() -> list[str]:
    found = boto3.client("s3").get_object(Bucket=os.environ["BUCKET"], Key=os.environ["KEY"])
    lines = found["Body"].read().decode().splitlines()
    return [line.strip() for line in lines if line.startswith("/")][:MOST_PATHS]


STEPS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "hottest": hottest,
    "warm": warm,
    "check": check,
    "judge": judge,
}
