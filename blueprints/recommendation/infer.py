"""Recommends to users while they are there: what a micro-batch says that they like, scored by the model.

A message of the queue is what S3 says of a file that features.py has written under live/. A file that fails
is handed out again; each step may be done twice.
"""

import gzip
import json
import urllib.parse
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

import boto3

from . import store
from .registry import Registry

AT_ONCE = 200
"""Users whose keys are asked for together."""
COUNT = 50
"""Items that are recommended to a user."""
SECONDS = 2.0
HOUR_MS = 3_600_000
HALF_LIFE_HOURS = 24.0


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    failed: list[dict[str, str]] = []
    for message in event["Records"]:
        try:
            for bucket, key in _objects(json.loads(message["body"])):
                print(json.dumps({"object": key, **infer(rows(bucket, key))}), flush=True)
        except Exception as error:  # one file's failure is not another's
            print(json.dumps({"failed": message["messageId"], "said": repr(error)}), flush=True)
            failed.append({"itemIdentifier": message["messageId"]})
    return {"batchItemFailures": failed}


def infer(told: Iterator[dict[str, Any]]) -> dict[str, int]:
    """Score what users like. Without a model it is remembered, and nothing is recommended for it yet."""
    redis, model = connected(), models().model()
    users = scored = 0
    while some := list(islice(told, AT_ONCE)):
        liked = store.merge(redis, some)
        users += len(liked)
        if model is None:
            continue
        hot: dict[str, list[str]] = {}
        for user, items in liked.items():
            bought = {item for item, one in items.items() if one["bought"]}
            if found := model.recommend(weights(items), bought, COUNT):
                hot[user] = found
        store.keep(redis, hot)
        scored += len(hot)
    return {"users": users, "scored": scored}


def weights(items: store.Liked) -> dict[str, float]:
    """How much each item counts: half as much for every day that it is older than the newest."""
    newest = max((one["at"] for one in items.values()), default=0)
    age = {item: (newest - one["at"]) / HOUR_MS for item, one in items.items()}
    return {item: one["weight"] * 0.5 ** (age[item] / HALF_LIFE_HOURS) for item, one in items.items()}


def rows(bucket: str, key: str) -> Iterator[dict[str, Any]]:
    with gzip.open(clients("s3").get_object(Bucket=bucket, Key=key)["Body"]) as lines:
        yield from map(json.loads, lines)


def _objects(said: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The files that a message of S3 is about; none of its test message."""
    for record in said.get("Records", ()):
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        if key.endswith(".json.gz"):
            yield record["s3"]["bucket"]["name"], key


@cache
def connected() -> Any:
    return store.connected(SECONDS)


@cache
def models() -> Registry:
    return Registry(clients("sagemaker"), clients("s3"))


@cache
def clients(service: str) -> Any:
    return boto3.client(service)
