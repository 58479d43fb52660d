"""Does to a deployed stack what the chaos tools do, and says what is left."""

import random
from dataclasses import dataclass
from typing import Any

from fourplane.chaos import faults
from fourplane.chaos.arrows import Arrow, arrows
from fourplane.chaos.delay import Delay
from fourplane.chaos.faults import Fault
from fourplane.chaos.judge import Judge
from fourplane.chaos.needs import ELSEWHERE as ELSEWHERE
from fourplane.chaos.needs import WORKS, Finding
from fourplane.chaos.scene import Client, Scene
from fourplane.graph import Graph, Resource

KINDS = ("monkey", "gorilla", "kong", "latency")


@dataclass(frozen=True)
class Wish:
    """What shall break."""

    kind: str
    """One of KINDS."""
    zone: str = ""
    """The zone of a gorilla or a latency; "" for one by chance."""
    region: str = ""
    """The region of a kong, or that a zone is chosen from; "" for the stack's own."""
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

    @property
    def survives(self) -> bool:
        """Whether every arrow works, and every component has what it needs."""
        return all(finding.state == WORKS for _, finding in self.components) and all(
            state == WORKS for _, _, state, _ in self.arrows
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "stack": self.stack,
            "fault": self.fault.kind,
            "place": self.fault.place,
            "lost": self.fault.lost,
            "components": [
                {
                    "component": component.name,
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
                {"from": client.name, "to": server.name, "ok": state == WORKS, "state": state, "why": why}
                for client, server, state, why in self.arrows
            ],
            "survives": self.survives,
        }


def strike(graph: Graph, client: Client, wish: Wish) -> Report:
    """Break a stack that is deployed where `client` leads, and look at it.

    Raises Mistake for a fault that means nothing for the stack.
    """
    scene, ways = Scene(graph, client), arrows(graph)
    if wish.kind == "latency":
        return _late(scene, ways, wish)
    scene.before = scene.look().machines
    fault = _break(scene, wish)
    return _report(graph, fault, Judge(scene, scene.look(), ways), ways)


def _break(scene: Scene, wish: Wish) -> Fault:
    chance = random.Random(wish.seed)
    if wish.kind == "monkey":
        return faults.monkey(scene, chance)
    if wish.kind == "gorilla":
        return faults.gorilla(scene, faults.chosen_zone(scene, wish.zone, wish.region, chance))
    return faults.kong(scene, faults.chosen_region(scene, wish.region))


def _late(scene: Scene, ways: list[Arrow], wish: Wish) -> Report:
    zone = faults.chosen_zone(scene, wish.zone, wish.region, random.Random(wish.seed))
    delay = Delay(scene, ways, zone, wish.delay_ms)
    return _report(scene.graph, Fault("latency", zone, delay_ms=wish.delay_ms), delay, ways)


def _report(graph: Graph, fault: Fault, judge: Judge | Delay, ways: list[Arrow]) -> Report:
    found = [(r, finding) for r in graph.values() if not r.custom and (finding := judge.part(r))]
    drawn = [(graph[way.client], graph[way.server], *judge.arrow(way)) for way in ways]
    return Report(graph.stack, fault, found, drawn)
