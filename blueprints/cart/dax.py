"""Items out of memory: a client of DAX, Amazon's cache before DynamoDB.

Amazon's own client is pure Python and runs on 3.9 to 3.13. It comes without types, and is not on the machines
that tests run on unless somebody has put it there: so it is imported where it is used.
"""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from .retries import PASSING, code

SECONDS = 0.5
LOST_SECONDS = 5.0
"""How long nobody asks DAX after it could not be reached."""
ANSWERS = {
    "ConditionalCheckFailedException",
    "ItemCollectionSizeLimitExceededException",
    "ValidationException",
}
"""What DynamoDB says through DAX, and would say again."""


def dial(address: str, region: str) -> Any:
    """A client of the cluster at "host:port", by TLS. Raises what it likes where it cannot be reached."""
    import amazondax  # pyright: ignore[reportMissingImports]

    quick = Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 1})
    return amazondax.AmazonDaxClient(endpoint_url=f"daxs://{address}", region_name=region, config=quick)


class Cached:
    """DAX, and DynamoDB itself while DAX cannot be reached. Items that are read are those that were written
    through it, or of some moments ago."""

    def __init__(
        self, dial: Callable[[], Any], direct: Any, time: Callable[[], float] = time.monotonic
    ) -> None:
        self._dial, self._direct, self._time = dial, direct, time
        self._lock = threading.Lock()
        self._client: Any = None
        self._lost_until = 0.0

    def get_item(self, **request: Any) -> Any:
        return self._ask("get_item", request)

    def batch_get_item(self, **request: Any) -> Any:
        return self._ask("batch_get_item", request)

    def put_item(self, **request: Any) -> Any:
        """Through DAX into DynamoDB. Where DAX is lost meanwhile it may have been done: the condition
        tells."""
        return self._ask("put_item", request)

    def _ask(self, call: str, request: dict[str, Any]) -> Any:
        if client := self._reached():
            try:
                return getattr(client, call)(**request)
            except ClientError as error:
                if code(error) in ANSWERS | PASSING:
                    raise
                self._lose(error)
            except Exception as error:  # sockets', TLS's, the client's own
                self._lose(error)
        return getattr(self._direct, call)(**request)

    def _reached(self) -> Any:
        with self._lock:
            if self._client is None and self._time() >= self._lost_until:
                # Before it is asked, so that one alone waits where it is lost.
                self._lost_until = self._time() + LOST_SECONDS
                try:
                    self._client = self._dial()
                except Exception as error:  # as above
                    print(f"DAX is not reached: {error!r}", file=sys.stderr, flush=True)
            return self._client

    def _lose(self, error: Exception) -> None:
        print(f"DAX is lost: {error!r}", file=sys.stderr, flush=True)
        with self._lock:
            lost, self._client = self._client, None
            self._lost_until = self._time() + LOST_SECONDS
        if hasattr(lost, "close"):
            lost.close()
