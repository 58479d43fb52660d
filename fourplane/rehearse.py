"""An event of a stack's calendar, played in the cloud that the stack is in, as AWS would carry it out.

What each tier shall have is the calendar's promise (an EventCalendar's `plan`); what is done, and when, is
read from the cloud: scheduled actions of Auto Scaling and of Application Auto Scaling, and EventBridge's
schedules. They are carried out one after the other by the calls that AWS itself would make, and the cloud is
looked at before, during and after.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fourplane import wire
from fourplane.errors import Mistake
from fourplane.graph import Graph
from fourplane.scheduled import Action, Capacity, Client, capacities, scheduled

CALENDAR = "fourplane:index:EventCalendar"
NOTHING = Capacity(0, 0, 0)
KEPT = "table"
"""A kind of tier that stays as warm as it was made: AWS takes nothing back, and it costs nothing."""
Look = Mapping[str, Capacity]


@dataclass(frozen=True)
class Tier:
    """What one tier has before, during and after, and what it was to have."""

    name: str
    kind: str
    target: int
    before: Capacity
    during: Capacity
    after: Capacity
    refused: Sequence[str] = ()

    @property
    def why(self) -> str:
        """What is wrong with it, in words; "" where it is well."""
        against = f": {'; '.join(self.refused)}" if self.refused else ""
        if self.during.ready < self.target:
            return f"{self.name} has {self.during.ready} while the event is on, not {self.target}{against}"
        was, is_ = ((one.least, one.most) for one in (self.before, self.after))
        if self.kind != KEPT and was != is_:
            kept = [f"{least} to {most}" for least, most in (is_, was)]
            return f"{self.name} is kept at {kept[0]} in the end, not at {kept[1]} as before{against}"
        return ""

    def as_json(self) -> dict[str, Any]:
        looks = {"before": self.before, "during": self.during, "after": self.after}
        return {
            "tier": self.name,
            "kind": self.kind,
            "target": self.target,
            **{when: look.as_json() for when, look in looks.items()},
            "ok": not self.why,
            "why": self.why,
        }


@dataclass(frozen=True)
class Rehearsal:
    """How an event went."""

    stack: str
    event: str
    starts: str
    ends: str
    actions: Sequence[Action]
    tiers: Sequence[Tier]
    refused: Mapping[Action, str]
    """What the cloud said against an action."""

    @property
    def wrong(self) -> list[str]:
        """What is not as it was promised."""
        tiers = [tier.why for tier in self.tiers if tier.why]
        besides = [f"{action.name}: {said}" for action, said in self.refused.items() if not action.tier]
        return [*tiers, *besides]

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "event": self.event,
            "starts": self.starts,
            "ends": self.ends,
            "actions": [
                {**action.as_json(), "refused": self.refused.get(action, "")} for action in self.actions
            ],
            "tiers": [tier.as_json() for tier in self.tiers],
            "ready": not self.wrong,
        }


def rehearse(graph: Graph, client: Client, event: str) -> Rehearsal:
    """Play an event of a stack that is deployed where `client` leads. Raises Mistake for one that no calendar
    of the stack has."""
    plans = _plans(graph, event)
    regions = sorted({region for region, _ in plans})
    found = [one for region in regions for one in scheduled(client, region, event)]
    actions = sorted(found, key=lambda one: (one.at, one.name))
    starts, ends = (_moment(plans[0][1][key]) for key in ("starts", "ends"))
    refused: dict[Action, str] = {}

    def play(some: Sequence[Action]) -> Look:
        refused.update({one: said for one in some if (said := one.carry_out(client))})
        return {tier: has for one in actions for tier, has in capacities(client, one).items()}

    before = play([])
    during = [play([one for one in actions if one.at <= starts])]
    during += [play([one]) for one in actions if starts < one.at < ends]
    after = play([one for one in actions if one.at >= ends])
    tiers = [
        Tier(
            name,
            promised["kind"],
            promised["target"],
            before.get(name, NOTHING),
            min((look.get(name, NOTHING) for look in during), key=lambda has: has.ready),
            after.get(name, NOTHING),
            [said for one, said in refused.items() if one.tier and f"{name}-".startswith(f"{one.tier}-")],
        )
        for _, plan in plans
        for name, promised in plan["tiers"].items()
    ]
    shown = plans[0][1]
    return Rehearsal(graph.stack, event, shown["starts"], shown["ends"], actions, tiers, refused)


def _plans(graph: Graph, event: str) -> list[tuple[str, dict[str, Any]]]:
    """What the calendars of a stack promise of an event, each with its region."""
    calendars = [
        (graph.children(one.urn)[0].region, json.loads(wire.plain(one.outputs)["plan"]))
        for one in graph.all(CALENDAR)
    ]
    if found := [(region, events[event]) for region, events in calendars if event in events]:
        return found
    known = sorted({name for _, events in calendars for name in events})
    told = f"known events: {', '.join(known)}" if known else "it has no calendar of events (SurgeEvents)"
    raise Mistake(f"{graph.stack} has no event '{event}'; {told}")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
