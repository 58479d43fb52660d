"""What each fault does to a deployed stack: every one breaks a copy of the cloud, which ends with it."""

import os
import pickle
import traceback
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fourplane.chaos import Drawn, Report, Wish, strike
from fourplane.chaos.needs import Finding
from fourplane.chaos.scene import Client, Scene
from fourplane.errors import Failure, Mistake
from fourplane.graph import Graph
from fourplane.planes import home


@dataclass(frozen=True)
class Struck:
    """A fault, and what was left of whom."""

    key: str
    """ "monkey", "us-east-1a" or "us-east-1"."""
    title: str
    survives: bool
    arrows: int
    failed: tuple[tuple[str, str], ...]
    """Client and server of the arrows that decide and do not work, by URN."""
    findings: Mapping[str, Finding]
    """By the component's URN."""

    @property
    def told(self) -> str:
        if self.survives:
            return "the stack survives"
        if self.failed:
            return f"{len(self.failed)} of {self.arrows} arrows fail or are impaired"
        return "not every component has what it needs"


def strikes(
    graph: Graph, client: Client, drawn: Drawn | None, advance: Callable[[str], None] = lambda title: None
) -> list[Struck]:
    """The loss of an instance of every fleet, of each zone of the stack's own region, and of each region.

    A fault that means nothing for the stack, such as a zone's where nothing stands in one, is left out.
    """
    found: list[Struck] = []
    wished = iter(_wishes(Scene(graph, client)).items())
    while some := dict(islice(wished, os.cpu_count() or 1)):
        copies = [_Copy(lambda wish=wish: strike(graph, client, wish, drawn)) for _, wish in some.values()]
        for (key, (title, _)), copy in zip(some.items(), copies, strict=True):
            advance(title)
            with suppress(Mistake):
                found.append(Struck(key, title, *copy.answer()))
    return found


def _wishes(scene: Scene) -> dict[str, tuple[str, Wish]]:
    own = home(scene.graph)
    zones = sorted(zone for zone, region in scene.zones.items() if region == own)
    wishes = {"monkey": ("an instance of every fleet", Wish("monkey"))}
    wishes |= {zone: (f"zone {zone}", Wish("gorilla", zone=zone)) for zone in zones}
    regions = sorted({*scene.zones.values()} or {own} - {""})
    return wishes | {region: (f"region {region}", Wish("kong", region=region)) for region in regions}


def _kept(report: Report) -> tuple[bool, int, tuple[tuple[str, str], ...], dict[str, Finding]]:
    """What of an answer is brought back from a copy."""
    failed = tuple((client.urn, server.urn) for client, server in report.failed)
    findings = {component.urn: finding for component, finding in report.components}
    return report.survives, len(report.arrows), failed, findings


class _Copy:
    """This process once more, with the cloud that is in it: what is broken there stays whole here.

    To deploy once a fault would take ten times as long.
    """

    def __init__(self, work: Callable[[], Report]) -> None:
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # Python warns of other threads' locks; none of ours holds one that the cloud needs.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = os.fork()
        if not self._child:
            os.close(reading)
            _send(writing, work)
        os.close(writing)
        self._reading = reading

    def answer(self) -> Any:
        with os.fdopen(self._reading, "rb") as pipe:
            told = pipe.read()
        os.waitpid(self._child, 0)
        if not told:
            raise Failure("a fault ended the process that it was tried in")
        error, details, value = pickle.loads(told)
        if error is not None:
            raise error if isinstance(error, Mistake) else Failure(str(error), details)
        return value


def _send(writing: int, work: Callable[[], Report]) -> None:
    """In the copy: the answer, and the end, with nothing of what the process itself does when it ends."""
    try:
        try:
            told = None, "", _kept(work())
        except Mistake as mistake:
            told = mistake, "", None
        except Exception as error:
            told = f"{type(error).__name__}: {error}", traceback.format_exc(), None
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(told, pipe)
    finally:
        os._exit(0)
