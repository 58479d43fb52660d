"""How large the stages must be for so many events."""

import math
from dataclasses import dataclass

from components.state.sizes import kinesis_shards

SHARDS_OF_CORE = 4
"""A core fetches from a shard for ten seconds at most, six of them in a micro-batch of a minute; a third of
that is left for what is made of the events."""
CORES = 4
EVENTS_OF_FILE = 100_000
"""Some 20,000 users, which inference scores in about 20 s."""
FILES_OF_CALL = 2
"""Files that one call after the other does in a minute, with some to spare."""


@dataclass(frozen=True)
class Sizes:
    records: float
    """Events a second at the peak."""
    megabytes: float
    """The same in megabytes."""
    shards: int
    executors: int
    files: int
    """That a micro-batch of features is written in."""
    at_once: int
    """Calls of inference at once."""


def sizes(events_per_hour: float, peak: float, event_bytes: int) -> Sizes:
    """Raises ArgumentError where an account cannot have so many shards."""
    records = events_per_hour / 3600 * peak
    megabytes = records * event_bytes / 1e6
    shards = kinesis_shards(records, megabytes)
    files = max(1, math.ceil(records * 60 / EVENTS_OF_FILE))
    return Sizes(
        records=records,
        megabytes=megabytes,
        shards=shards,
        executors=math.ceil(shards / SHARDS_OF_CORE / CORES),
        files=files,
        at_once=max(2, math.ceil(files / FILES_OF_CALL)),
    )
