"""When events are: what a calendar says, and what of it cannot be."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, NotRequired, TypedDict

from components.component import Component
from components.control.tiers import Grown

NAME = "lower-case letters, digits and hyphens"


class Event(TypedDict):
    """A crowd that is known of. When it is over it is taken out of the calendar: AWS takes no action in the
    past."""

    starts: str
    """When the crowd comes, "2030-07-16T07:00:00Z"."""
    ends: str
    """When it has gone, and everything is made small again."""
    times: NotRequired[int]
    """How many times its normal size everything has. Default 10."""
    lead_minutes: NotRequired[int]
    """How long before it starts everything is large. Default 30."""
    warm_minutes: NotRequired[int]
    """How long before it starts the caches are warmed, when all else is large. Default 15."""


def moment(owner: Component, text: str) -> datetime:
    """A time as a calendar has it. Rejects what is no time of UTC."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        owner.reject("events", text, "at times of UTC such as 2030-07-16T07:00:00Z")


def before(start: datetime, minutes: int) -> datetime:
    return start - timedelta(minutes=minutes)


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def at(when: datetime) -> str:
    """A time as schedules take it."""
    return f"at({when:%Y-%m-%dT%H:%M:%S})"


def check(owner: Component, events: Mapping[str, Event], tiers: Mapping[str, Sequence[Grown]]) -> None:
    """Rejects events that are none, and those that would make small what another has just made large."""
    spans: list[tuple[datetime, datetime, str]] = []
    for name, event in events.items():
        if not name.replace("-", "").isalnum() or name != name.lower():
            owner.reject("events", name, f"named in {NAME}")
        starts, ends = moment(owner, event["starts"]), moment(owner, event["ends"])
        if starts >= ends:
            owner.reject("events", event["ends"], f"over after they start: '{name}' starts {event['starts']}")
        warm, lead = event.get("warm_minutes", 15), event.get("lead_minutes", 30)
        if not 0 <= warm <= lead:
            owner.reject("events", warm, f"warmed 0 to {lead} minutes ahead, when all else is large")
        longest = max((one.lead_minutes for one in tiers[name]), default=lead)
        spans.append((before(starts, longest), ends, name))
    spans.sort()
    for (_, ends, one), (begins, _, other) in pairwise(spans):
        if begins <= ends:
            owner.reject("events", other, f"made ready for after '{one}' is over, so that neither undoes it")


def plan(events: Mapping[str, Event], tiers: Mapping[str, Sequence[Grown]]) -> dict[str, Any]:
    """What each event promises."""
    return {
        name: {
            "starts": event["starts"],
            "ends": event["ends"],
            "tiers": {
                one.name: {"kind": one.kind, "normal": one.normal.least, "target": one.wanted.least}
                for one in tiers[name]
            },
        }
        for name, event in events.items()
    }
