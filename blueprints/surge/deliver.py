"""Hands requests that waited in a queue to the service that they are for.

A message is {"path", "body"}, JSON. It is handed over by POST, with the message's id as its Idempotency-Key:
one that was handed over and whose answer got lost comes again. What the service could not take goes back to
the queue, and when it takes nothing at all it is left in peace until the next call. What it refused for good
is done: it would be refused again.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

SECONDS = 5
MOST_FAILURES = 3
"""In a row: then the rest goes back untried."""
REFUSED = (400, 409, 422)
"""Wrong, decided already, or impossible: https://www.rfc-editor.org/rfc/rfc9110#section-15.5."""


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
        final = isinstance(error, urllib.error.HTTPError) and error.code in REFUSED
        print(json.dumps({"message": message["messageId"], "refused" if final else "failed": repr(error)}))
        return final
