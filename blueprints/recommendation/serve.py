"""Answers what to recommend to a user: by Personalize or by our own model, as the test has it, and by what is
popular where either has nothing or is lost.

{"user": "u", "count": 10} -> {"items": [...], "source": "personalize" | "model" | "popular" | "nothing",
"arm": the arm of the test that the user is in, "lost": the stages that did not answer}. It always answers.
"""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

import boto3
from botocore.config import Config

from components.service.python.flags import Flags

from . import store
from .popular import Popular

FLAG = "personalize"
"""Off: nobody is in the test. On: so many of 100 users as its "percent" says are asked of Personalize."""
MOST = 50
SECONDS = 0.25
"""The longest that one stage may take."""
REST_SECONDS = 5.0
"""A stage that was lost is not asked for so long: whoever comes meanwhile does not wait for it again."""
T = TypeVar("T")
QUICK = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"total_max_attempts": 1})


class Stages:
    """What can be asked. A stage is lost when it fails or takes too long, and rests then."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=8)
        self._rests: dict[str, float] = {}
        self.lost: list[str] = []

    def ask(self, name: str, stage: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < self._rests.get(name, 0.0):
            self.lost.append(name)
            return otherwise
        try:
            return self._threads.submit(stage).result(timeout=SECONDS * 2)
        except Exception as error:  # whatever it is, there is an answer without this stage
            print(json.dumps({"lost": name, "said": repr(error)}), flush=True)
            self._rests[name] = time.monotonic() + REST_SECONDS
            self.lost.append(name)
            return otherwise


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    user, count = str(event.get("user", "")), min(max(int(event.get("count", 10)), 1), MOST)
    asked = stages()
    asked.lost = []
    arm = "personalize" if user and in_test(asked, user) else "model"
    ranked: dict[str, Callable[[], Sequence[str]]] = {
        "personalize": lambda: personalized(user, count),
        "model": lambda: store.recommended(connected(), user),
    }
    wanted = [arm, "model"] if arm == "personalize" else ["model"]
    for source in wanted if user else ():
        if items := asked.ask(source, ranked[source], ()):
            return _answer(items[:count], source, arm, asked.lost)
    items = asked.ask("popular", popular().items, popular().known)
    return _answer(items[:count], "popular" if items else "nothing", arm, asked.lost)


def _answer(items: Sequence[str], source: str, arm: str, lost: Sequence[str]) -> dict[str, Any]:
    return {"items": list(items), "source": source, "arm": arm, "lost": list(lost)}


def in_test(asked: Stages, user: str) -> bool:
    """Whether Personalize is asked for a user: always the same ones, while the share of them is the same."""
    if not os.environ.get("CAMPAIGN_ARN"):
        return False
    told = asked.ask("flags", lambda: flags().among(FLAG, user), None)
    # While AppConfig is slow, another thread waits for it, and what was read last is had at once.
    return flags().among(FLAG, user) if told is None else told


def personalized(user: str, count: int) -> list[str]:
    asked = {"campaignArn": os.environ["CAMPAIGN_ARN"], "userId": user, "numResults": count}
    return [one["itemId"] for one in clients("personalize-runtime").get_recommendations(**asked)["itemList"]]


@cache
def stages() -> Stages:
    return Stages()


@cache
def flags() -> Flags:
    return Flags(os.environ["FLAGS"], os.environ["AWS_REGION"])


@cache
def popular() -> Popular:
    return Popular(clients("s3"), os.environ["FEATURES"])


@cache
def connected() -> Any:
    return store.connected(SECONDS, clients("secretsmanager"))


@cache
def clients(service: str) -> Any:
    return boto3.client(service, config=QUICK)
