"""Trying again what DynamoDB could not do just now."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from botocore.exceptions import ClientError

TRIES = 8
FIRST_SECONDS, LONGEST_SECONDS = 0.02, 0.5
PASSING = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
}
PASSING_REASONS = {"None", "ProvisionedThroughputExceeded", "ThrottlingError", "TransactionConflict"}

Result = TypeVar("Result")


class Busy(Exception):
    """It was tried long enough: somebody may try again later."""


def pauses(tries: int = TRIES, sleep: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """The number of each try, with a wait before every one but the first: at random up to twice as long as
    before, so that those who met do not meet again.
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""
    for number in range(tries):
        if number:
            sleep(random.uniform(0, min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** (number - 1))))
        yield number


def code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def reasons(error: ClientError) -> list[str]:
    """Why each action of a transaction was not done: "None" for those that could have been."""
    response: dict[str, Any] = dict(error.response)
    return [reason.get("Code", "None") for reason in response.get("CancellationReasons", [])]


def passes(error: ClientError) -> bool:
    """Whether the same call may be done a little later."""
    if code(error) == "TransactionCanceledException":
        return bool(said := reasons(error)) and set(said) <= PASSING_REASONS
    return code(error) in PASSING


def insist(call: Callable[[], Result], sleep: Callable[[float], None] = time.sleep) -> Result:
    """What a call gives that may be made twice. Raises Busy where it does not come to pass."""
    for _ in pauses(sleep=sleep):
        try:
            return call()
        except ClientError as error:
            if not passes(error):
                raise
    raise Busy("too many are at it")
