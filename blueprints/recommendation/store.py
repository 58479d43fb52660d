"""What is kept in Redis for each user: what was liked lately, and what is recommended for it.

`liked:{<user>}` is a hash of items, each with {"weight", "at", "bought"}; `hot:{<user>}` the recommendations,
as a JSON list. No command has two keys, which may be in two slots.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

LIKED_SECONDS, HOT_SECONDS = 30 * 86400, 7 * 86400
MOST_LIKED = 50
"""Items that are remembered of a user: the newest."""
Liked = dict[str, dict[str, Any]]


def liked_key(user: str) -> str:
    return f"liked:{{{user}}}"


def hot_key(user: str) -> str:
    return f"hot:{{{user}}}"


def connected(seconds: float, client: Any = None) -> RedisCluster:
    """The cluster at REDIS_ADDRESS, its password in the secret REDIS_SECRET_ARN; who waits longer than some
    seconds gives up. `client`: boto3's for Secrets Manager. Raises RedisError where it is not there."""
    host, _, port = os.environ["REDIS_ADDRESS"].rpartition(":")
    return RedisCluster(
        host=host,
        port=int(port),
        password=_secret(os.environ.get("REDIS_SECRET_ARN"), client),
        ssl=os.environ.get("TLS", "yes") == "yes",
        decode_responses=True,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
    )


def merge(redis: Any, rows: Sequence[Mapping[str, Any]]) -> dict[str, Liked]:
    """Remember what some users liked, and give all that is remembered of them. An item's newest row replaces
    its older ones, so that a row that comes twice changes nothing."""
    asked = redis.pipeline()
    for row in rows:
        asked.hgetall(liked_key(row["user"]))
    found: dict[str, Liked] = {}
    put = redis.pipeline()
    for row, known in zip(rows, asked.execute(), strict=True):
        liked: Liked = {item: json.loads(text) for item, text in known.items()}
        for one in row["items"]:
            old = liked.get(one["item"])
            if old is None or old["at"] < one["at"]:
                bought = one["bought"] or (old is not None and old["bought"])
                liked[one["item"]] = {"weight": one["weight"], "at": one["at"], "bought": bought}
        newest = sorted(liked, key=lambda item: -liked[item]["at"])
        kept = {item: liked[item] for item in newest[:MOST_LIKED]}
        key = liked_key(row["user"])
        put.hset(key, mapping={item: json.dumps(one) for item, one in kept.items()})
        if gone := [item for item in newest[MOST_LIKED:] if item in known]:
            put.hdel(key, *gone)
        put.expire(key, LIKED_SECONDS)
        found[row["user"]] = kept
    put.execute()
    return found


def keep(redis: Any, hot: Mapping[str, Sequence[str]]) -> None:
    """Keep what is recommended to some users."""
    put = redis.pipeline()
    for user, items in hot.items():
        put.set(hot_key(user), json.dumps(list(items)), ex=HOT_SECONDS)
    put.execute()


def recommended(redis: Any, user: str) -> list[str]:
    """What is recommended to a user; empty where nothing is."""
    text = redis.get(hot_key(user))
    return json.loads(text) if text else []


def _secret(arn: str | None, client: Any) -> str | None:
    if not arn:
        return None
    import boto3

    asked: Any = client or boto3.client("secretsmanager")
    return asked.get_secret_value(SecretId=arn)["SecretString"]
