"""Hands requests that waited in a queue to the service that they are for.

A message is {"path", "body"}, JSON. It is handed over by POST, with the message's id as its Idempotency-Key:
one that was handed over and whose answer got lost comes again. What the service did not take goes back to the
queue, and when it takes nothing at all it is left in peace until the next call.
"""

import json
import os
import urllib.request
from collections.abc import Mapping
from typing import Any

SECONDS = 5
MOST_FAILURES = 3
"""In a row: then the rest goes back untried."""


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Which messages could not be done, as an event source mapping wants it."""
    undone: list[str] = []
    in_a_row = 0
    for message in event["Records"]:
        done = in_a_row < MOST_FAILURES and _handed_over(message)
        in_a_row = 0 if done else in_a_row + 1
        if not done:
            undone.append(message["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": id} for id in undone]}


def _handed_over(message: Mapping[str, Any]) -> bool:
    try:
        said = json.loads(message["body"])
        request = urllib.request.Request(
            os.environ["SERVICE"].rstrip("/") + said["path"],
            json.dumps(said["body"]).encode(),
            {"Content-Type": "application/json", "Idempotency-Key": message["messageId"]},
            method="POST",
        )
        with urllib.request.urlopen(request, timeout=SECONDS):
            return True
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(json.dumps({"message": message["messageId"], "failed": repr(error)}))
        return False
