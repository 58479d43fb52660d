"""Takes events, moves trips, and tells riders, drivers and whoever listens."""

import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from .trips import Trip, Trips

LATE_SECONDS = 60
"""Without a turn for so long, it is not well, and is started anew."""

SAID: Mapping[str, Mapping[str, str]] = {
    "dispatched": {
        "rider": "Your driver is {minutes} min away.",
        "driver": "A rider waits for you, {minutes} min away.",
    },
    "arrived": {"rider": "Your driver is there."},
    "started": {},
    "completed": {"rider": "You have arrived. Thank you."},
}
"""Who is told what of a state."""


class Events(Protocol):
    """A stream of events that are given again until they are committed."""

    def poll(self) -> Sequence[bytes]:
        """The next ones; none where nothing comes within a second."""
        ...

    def tell(self, key: str, event: bytes) -> None:
        """Say what has become of a trip."""
        ...

    def commit(self) -> None:
        """Take all that were polled for done, once what was told is kept."""
        ...

    def rewind(self) -> None:
        """Give again what was polled since."""
        ...


class Processor:
    """Every state is told at least once, and once unless it ends between telling and committing."""

    def __init__(self, events: Events, sns: Any, topic_arn: str) -> None:
        self._events, self._sns, self._topic_arn = events, sns, topic_arn
        self._trips = Trips()
        self.turned_at = time.monotonic()
        self.counts: Counter[str] = Counter()

    def turn(self) -> None:
        """Do what has come. Raises whatever keeps it from being told: then it is to be rewound."""
        said = self._events.poll()
        for text in said:
            self._take(text)
        if said:
            self._events.commit()
        self.turned_at = time.monotonic()

    def well(self) -> bool:
        return time.monotonic() - self.turned_at < LATE_SECONDS

    def metrics(self) -> str:
        lines = ["# HELP trip_events_total Events by what they led to.", "# TYPE trip_events_total counter"]
        lines += [
            f'trip_events_total{{outcome="{one}"}} {count}' for one, count in sorted(self.counts.items())
        ]
        return "\n".join(lines) + "\n"

    def _take(self, text: bytes) -> None:
        try:
            trip = self._trips.reached(json.loads(text))
        except ValueError as wrong:  # it would be as wrong the next time
            print(f"an event is passed over: {wrong}", file=sys.stderr, flush=True)
            self.counts["wrong"] += 1
            return
        if trip is None:
            self.counts["known"] += 1
            return
        self._push(trip)
        self._events.tell(trip.id, json.dumps(_public(trip)).encode())
        self._trips.keep(trip)
        self.counts[trip.state] += 1

    def _push(self, trip: Trip) -> None:
        minutes = max(1, round(trip.eta_seconds / 60))
        told = SAID[trip.state]
        entries = [
            {
                "Id": audience,
                "Message": json.dumps({**_public(trip), "text": text.format(minutes=minutes)}),
                "MessageAttributes": {
                    "audience": _attribute(audience),
                    "recipient": _attribute(trip.rider if audience == "rider" else trip.driver),
                },
            }
            for audience, text in told.items()
        ]
        if entries:
            answer = self._sns.publish_batch(TopicArn=self._topic_arn, PublishBatchRequestEntries=entries)
            if failed := answer.get("Failed"):
                raise RuntimeError(f"SNS did not take {failed}")


def _public(trip: Trip) -> dict[str, Any]:
    said = asdict(trip)
    return {"trip": said.pop("id"), **said}


def _attribute(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}
