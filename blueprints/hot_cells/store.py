"""The shared state in Redis: drivers by cell, load by second, what is split, and controls.

Keys of one command never stand in two slots: "cell:{<token>}" and "driver:{<id>}" are hashes of their own.
"""

import json
import os
import time
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from redis.cluster import RedisCluster

SPLITS, CHANGED, CONTROLS = "splits", "splits:changed", "controls"
"""CHANGED: when `splits` was last changed, in seconds."""
LAG_SECONDS = 3
"""Until a second's load is complete: each process writes what it has counted once a second."""
SETTLE_SECONDS = 3
"""Until everyone knows of a split: each process reads `splits` every second."""


def cell_key(token: str) -> str:
    return f"cell:{{{token}}}"


def driver_key(driver: str) -> str:
    return f"driver:{{{driver}}}"


def warm_key(token: str) -> str:
    return f"warm:{{{token}}}"


@cache
def connected() -> Any:
    """The cluster, once for all invocations of a function. Its address is in <SERVER>_ADDRESS, SERVER being
    what it is called here, and its password in <SERVER>_PASSWORD or in the secret <SERVER>_SECRET_ARN."""
    server = os.environ.get("SERVER", "REDIS")
    host, _, port = os.environ[f"{server}_ADDRESS"].rpartition(":")
    password = os.environ.get(f"{server}_PASSWORD") or _secret(os.environ.get(f"{server}_SECRET_ARN"))
    return RedisCluster(
        host=host,
        port=int(port),
        password=password,
        ssl=os.environ.get("TLS", "yes") == "yes",
        decode_responses=True,
        socket_timeout=5,
    )


def threshold() -> float:
    """Requests a second that a partition may have."""
    return float(os.environ.get("THRESHOLD", "1000"))


def splits(redis: Any) -> set[str]:
    return set(redis.smembers(SPLITS))


def settled(redis: Any) -> set[str]:
    """The same, once every process knows of the last change: before, some still write to where a driver was,
    and whoever moves the driver then could take it for somebody who is gone."""
    while True:
        found, changed = splits(redis), float(redis.get(CHANGED) or 0)
        if (wait := changed + SETTLE_SECONDS - time.time()) <= 0:
            return found
        time.sleep(min(wait, SETTLE_SECONDS))


def split(redis: Any, tokens: Collection[str]) -> None:
    if tokens:
        redis.set(CHANGED, time.time())  # first: whoever sees the change must see that it is new
        redis.sadd(SPLITS, *tokens)


def merge(redis: Any, tokens: Collection[str]) -> None:
    if tokens:
        redis.set(CHANGED, time.time())
        redis.srem(SPLITS, *tokens)


def loads(redis: Any, seconds: int) -> dict[str, float]:
    """Requests a second of every cell that is counted, on average over the last complete seconds."""
    last = int(time.time()) - LAG_SECONDS
    asked = redis.pipeline()
    for second in range(last - seconds + 1, last + 1):
        asked.hgetall(f"load:{second}")
    found: dict[str, float] = {}
    for counted in asked.execute():
        for token, requests in counted.items():
            found[token] = found.get(token, 0) + int(requests) / seconds
    return found


def control(redis: Any, values: Mapping[str, Any], seconds: int) -> None:
    """Set controls, each for some seconds: what nobody renews ends by itself."""
    until = int(time.time()) + seconds
    said = {name: json.dumps({"value": value, "until": until}) for name, value in values.items()}
    if said:
        redis.hset(CONTROLS, mapping=said)


def _secret(arn: str | None) -> str | None:
    if not arn:
        return None
    import boto3  # a program in a pod, whose password is in its environment, does not need it

    client: Any = boto3.client("secretsmanager")
    return client.get_secret_value(SecretId=arn)["SecretString"]
