"""Does to a deployed stack what the chaos tools do, and says what is left."""

import itertools
import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from fourplane.chaos import faults
from fourplane.chaos.arrows import Arrow, arrows
from fourplane.chaos.delay import Delay
from fourplane.chaos.failover import Failover
from fourplane.chaos.faults import Fault
from fourplane.chaos.judge import Judge
from fourplane.chaos.needs import DEGRADED, LOST, WORKS, Finding
from fourplane.chaos.needs import ELSEWHERE as ELSEWHERE
from fourplane.chaos.scene import Client, Scene
from fourplane.graph import Graph, Resource
from fourplane.planes import lineage, title

Drawn = Collection[tuple[str, str]]
CONTROL_PLANES = (
    "IAM, CloudFront and Route 53 go on as they are; nothing of theirs can be changed until us-east-1, where "
    "their control planes are, is back"
)
"""https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/global-services.html"""
KINDS = ("monkey", "gorilla", "kong", "latency")


@dataclass(frozen=True)
class Wish:
    """What shall break."""

    kind: str
    """One of KINDS."""
    zone: str = ""
    """The zone of a gorilla or a latency; "" for one by chance."""
    region: str = ""
    """The region that is struck, or that a zone of it is; "" for the stack's own."""
    delay_ms: int = 400
    seed: int = 0


@dataclass(frozen=True)
class Report:
    """What a fault did."""

    stack: str
    fault: Fault
    components: list[tuple[Resource, Finding]]
    arrows: list[tuple[Resource, Resource, str, str]]
    """Client, server, how the arrow is, and why."""
    graph: Graph
    drawn: Drawn | None = None
    alone: frozenset[str] = frozenset()
    """What is lost with its region and stands in no other, by URN."""

    @property
    def survives(self) -> bool:
        """Whether every arrow works, and every component has what it needs.

        What is impaired and comes back by itself decides only through the arrows that lead to it. When a
        region is lost, what was in it need not be there any more: each arrow that the case study draws must
        work through another region, and what is left must have what it needs. Where no case study says which
        arrows are drawn, all are, and nothing may be impaired, or lost that stands in one region only.
        """
        return not self.failed and all(
            finding.state == WORKS
            or (finding.state == LOST and not self._decides(component))
            or (finding.state == DEGRADED and self.drawn is not None)
            for component, finding in self.components
        )

    @property
    def impaired(self) -> list[Resource]:
        """The components that come back by themselves, and are not there until then."""
        return [component for component, finding in self.components if finding.state == DEGRADED]

    @property
    def failed(self) -> list[tuple[Resource, Resource]]:
        """The arrows that decide, and do not work."""
        return [
            (client, server)
            for client, server, state, _ in self.arrows
            if state != WORKS and (state != LOST or self.draws(client, server))
        ]

    def draws(self, client: Resource, server: Resource) -> bool:
        """Whether the case study draws an arrow."""
        if self.drawn is None:
            return True
        ends = [[one.urn for one in lineage(self.graph, end.urn)] for end in (client, server)]
        return any(pair in self.drawn for pair in itertools.product(*ends))

    def _decides(self, component: Resource) -> bool:
        return self.drawn is None and component.urn in self.alone

    @property
    def notes(self) -> list[str]:
        return [CONTROL_PLANES] if self.fault.kind == "kong" and self.fault.place == "us-east-1" else []

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "fault": self.fault.kind,
            "place": self.fault.place,
            "lost": self.fault.lost,
            "components": [
                {
                    "component": title(self.graph, component),
                    "type": component.type.rpartition(":")[2],
                    "region": component.region,
                    "has": finding.has,
                    "needs": finding.needs,
                    "ok": finding.state == WORKS,
                    "state": finding.state,
                    "why": finding.why,
                }
                for component, finding in self.components
            ],
            "arrows": [
                {
                    "from": title(self.graph, client),
                    "to": title(self.graph, server),
                    "ok": state == WORKS,
                    "state": state,
                    "why": why,
                    "drawn": self.draws(client, server),
                }
                for client, server, state, why in self.arrows
            ],
            "notes": self.notes,
            "survives": self.survives,
        }


def strike(graph: Graph, client: Client, wish: Wish, drawn: Drawn | None = None) -> Report:
    """Break a stack that is deployed where `client` leads, and look at it.

    `drawn`: the pairs of components that the case study's arrows join; None where there is none. Raises
    Mistake for a fault that means nothing for the stack.
    """
    scene, ways = Scene(graph, client), arrows(graph)
    if wish.kind == "latency":
        return replace(_late(scene, ways, wish), drawn=drawn)
    fault = _break(scene, wish)
    judge = Judge(scene, scene.look(), ways)
    if not scene.lost_region:
        return replace(_report(graph, fault, judge.part, judge.arrow, ways), drawn=drawn)
    over = Failover(judge)
    report = _report(graph, fault, judge.part, over.arrow, ways)
    lost = [component.urn for component, finding in report.components if finding.state == LOST]
    return replace(report, drawn=drawn, alone=frozenset(urn for urn in lost if not over.carried_by(urn)))


def _break(scene: Scene, wish: Wish) -> Fault:
    chance = random.Random(wish.seed)
    if wish.kind == "monkey":
        return faults.monkey(scene, faults.chosen_region(scene, wish.region), chance)
    if wish.kind == "gorilla":
        return faults.gorilla(scene, faults.chosen_zone(scene, wish.zone, wish.region, chance))
    return faults.kong(scene, faults.chosen_region(scene, wish.region))


def _late(scene: Scene, ways: list[Arrow], wish: Wish) -> Report:
    zone = faults.chosen_zone(scene, wish.zone, wish.region, random.Random(wish.seed))
    delay = Delay(scene, ways, zone, wish.delay_ms)
    fault = Fault("latency", zone, delay_ms=wish.delay_ms)
    return _report(scene.graph, fault, delay.part, delay.arrow, ways)


def _report(
    graph: Graph,
    fault: Fault,
    part: Callable[[Resource], Finding | None],
    arrow: Callable[[Arrow], tuple[str, str]],
    ways: list[Arrow],
) -> Report:
    found = [(r, finding) for r in graph.values() if not r.custom and (finding := part(r))]
    judged = [(graph[way.client], graph[way.server], *arrow(way)) for way in ways]
    return Report(graph.stack, fault, found, judged, graph)
