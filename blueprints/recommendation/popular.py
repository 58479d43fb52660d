"""What is popular, as batch.py writes it each night."""

import datetime
import gzip
import json
import time
from typing import Any

EVERY_SECONDS, AGAIN_SECONDS = 600.0, 5.0
NIGHTS = 7
"""How old a list may be: one of last week is better than none."""


class Popular:
    """Keeps the list that it read last."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._next = 0.0
        self.known: tuple[str, ...] = ()

    def items(self) -> tuple[str, ...]:
        """The newest list. Raises boto3's exceptions where the bucket is lost."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + AGAIN_SECONDS
            self.known = self._read() or self.known
            self._next = time.monotonic() + EVERY_SECONDS if self.known else self._next
        return self.known

    def _read(self) -> tuple[str, ...]:
        first = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=NIGHTS)
        found = self._s3.list_objects_v2(
            Bucket=self._bucket, Prefix="popular/", StartAfter=f"popular/day={first}/", MaxKeys=1000
        ).get("Contents", ())
        written = sorted(one["Key"] for one in found if one["Key"].endswith(".json.gz"))
        if not written:
            return ()
        body = self._s3.get_object(Bucket=self._bucket, Key=written[-1])["Body"].read()
        return tuple(json.loads(line)["item"] for line in gzip.decompress(body).splitlines())
