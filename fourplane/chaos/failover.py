"""What the loss of a region means for an arrow: its twin in the other region carries it, if it is reached.

A twin is a component of the same type and name in another Region. What stands in one region only and is over
regions, such as a distribution, is its own.
"""

import itertools

from fourplane.chaos.arrows import Arrow
from fourplane.chaos.judge import Judge
from fourplane.chaos.names import Names
from fourplane.chaos.needs import DEGRADED, LOST, WORKS
from fourplane.planes import HOME, place, title


class Failover:
    """The arrows of a stack, one region of which is lost."""

    def __init__(self, judge: Judge) -> None:
        self.judge, self.scene, self.arrows = judge, judge.scene, judge.arrows
        self._names = Names(judge.scene)
        self._drawn = {(arrow.client, arrow.server): arrow for arrow in judge.arrows}
        self._twins: dict[tuple[str, str], dict[str, str]] = {}
        for one in self.scene.graph.values():
            if not one.custom:
                here = place(self.scene.graph, one.urn)
                self._twins.setdefault((one.type, one.name), {}).setdefault(here, one.urn)

    def arrow(self, arrow: Arrow) -> tuple[str, str]:
        """How an arrow is, be it through another region, and why."""
        state, why = self.judge.arrow(arrow)
        if state != LOST:
            return self._own(arrow, state, why)
        if among := self._among_the_rest(arrow):
            return among
        tried = [self._through(arrow, region) for region in self._others(arrow)]
        if not tried:
            return state, why
        carried = next((one for one in tried if one[0] == WORKS), tried[0])
        return carried[0], f"{self.scene.lost_region} is lost; {carried[1]}"

    def carried_by(self, urn: str) -> list[str]:
        """The titles of a component's twins that are not lost themselves."""
        own = self.scene.graph[urn]
        others = self._twins.get((own.type, own.name), {}).values()
        return [
            title(self.scene.graph, self.scene.graph[one])
            for one in others
            if one != urn and self._stands(one)
        ]

    def _own(self, arrow: Arrow, state: str, why: str) -> tuple[str, str]:
        if state == WORKS and (told := self._unreached(arrow, frozenset())):
            return DEGRADED, told
        return state, why

    def _among_the_rest(self, arrow: Arrow) -> tuple[str, str] | None:
        """Of an arrow between two twins: how those are joined that are left, each of which serves its own
        region. None where none of them is, or the arrow is another."""
        client, server = self.scene.graph[arrow.client], self.scene.graph[arrow.server]
        if (client.type, client.name) != (server.type, server.name):
            return None
        left = [one for one in self._twins[client.type, client.name].values() if self._stands(one)]
        told = [
            (self.judge.arrow(drawn), drawn)
            for pair in itertools.permutations(left, 2)
            if (drawn := self._drawn.get(pair))
        ]
        if not told:
            alone = [title(self.scene.graph, self.scene.graph[urn]) for urn in left]
            return (WORKS, f"{self.scene.lost_region} is lost; {alone[0]} is left, alone") if alone else None
        (state, why), worst = next((one for one in told if one[0][0] != WORKS), told[0])
        ends = " and ".join(
            title(self.scene.graph, self.scene.graph[urn]) for urn in (worst.client, worst.server)
        )
        return state, f"{self.scene.lost_region} is lost; {ends} are left: {why}"

    def _stands(self, urn: str) -> bool:
        return self.judge.whole(urn)[1].state != LOST

    def _others(self, arrow: Arrow) -> list[str]:
        """The other regions that an end of an arrow stands in."""
        found: set[str] = set()
        for end in (self.scene.graph[urn] for urn in (arrow.client, arrow.server)):
            found |= self._twins[end.type, end.name].keys() - {place(self.scene.graph, end.urn)}
        return sorted(found)

    def _through(self, arrow: Arrow, region: str) -> tuple[str, str]:
        """An arrow in another region: the same arrow must be drawn there, work, and be reached."""
        twin = self._counterpart(arrow, region)
        if twin is None:
            return LOST, f"{region or HOME} has no such arrow"
        state, why = self.judge.arrow(twin)
        if state == WORKS and (told := self._unreached(twin, frozenset())):
            return DEGRADED, f"through {region or HOME}: {told}"
        return state, f"through {region or HOME}: {why}"

    def _counterpart(self, arrow: Arrow, region: str) -> Arrow | None:
        ends: list[str] = []
        for urn in (arrow.client, arrow.server):
            own = self.scene.graph[urn]
            ends.append(self._twins[own.type, own.name].get(region, urn))
        found = self._drawn.get((ends[0], ends[1]))
        return found if found != arrow else None

    def _unreached(self, arrow: Arrow, seen: frozenset[str]) -> str:
        """Why no request gets to an arrow's client; "" where one does, or where nobody calls it at all."""
        graph = self.scene.graph
        if told := self._names.astray(graph[arrow.client], graph[arrow.server]):
            return told
        entering = [one for one in self.arrows if one.server == arrow.client and one.client not in seen]
        told = [
            why if state != WORKS else self._unreached(one, seen | {arrow.client})
            for one in entering
            for state, why in [self.judge.arrow(one)]
        ]
        if told and all(told):
            return f"{title(graph, graph[arrow.client])} is not reached: {told[0]}"
        if not entering and (missing := self._callers_elsewhere(arrow)):
            return f"nothing leads to {title(graph, graph[arrow.client])}, as {missing} does elsewhere"
        return ""

    def _callers_elsewhere(self, arrow: Arrow) -> str:
        """Who calls the twin of an arrow's client in another region."""
        own = self.scene.graph[arrow.client]
        twins = set(self._twins[own.type, own.name].values())
        return next((self.scene.graph[one.client].name for one in self.arrows if one.server in twins), "")
