"""The states of trips: each is reached once, and none is gone back from."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATES = ("dispatched", "arrived", "started", "completed")
KEPT = 100_000
"""Trips whose state is known: many more than are on their way at once in one partition of the topic."""


@dataclass(frozen=True)
class Trip:
    """A trip in one state."""

    id: str
    state: str
    rider: str
    driver: str
    eta_seconds: int
    at: int
    """When it got there, in ms."""


class Trips:
    """The last known state of each trip of late."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Trip] = OrderedDict()

    def reached(self, event: Mapping[str, Any]) -> Trip | None:
        """The trip in the state that an event brings it to; None where it has been there.

        An event is the dispatch of a driver unless it names another state. Of two drivers for one trip the
        later has it. Raises ValueError for what is no event of a trip.
        """
        try:
            state = str(event.get("state", STATES[0]))
            numbers = {"eta_seconds": int(event.get("eta_seconds", 0)), "at": int(event["at"])}
            trip = Trip(str(event["trip"]), state, str(event["rider"]), str(event["driver"]), **numbers)
            place = STATES.index(state)
        except (KeyError, TypeError, AttributeError) as wrong:
            raise ValueError(f"no event of a trip: {wrong!r}") from None
        before = self._known.get(trip.id)
        if before is None or place > STATES.index(before.state):
            return trip
        another = (
            place == 0 and before.state == state and trip.driver != before.driver and trip.at > before.at
        )
        return trip if another else None

    def keep(self, trip: Trip) -> None:
        """Take a state for known: everyone has been told."""
        self._known[trip.id] = trip
        self._known.move_to_end(trip.id)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
