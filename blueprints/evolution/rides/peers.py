"""How one module asks another: in the same process, or over HTTP. It cannot tell which."""

from collections.abc import Mapping
from typing import Any, Protocol

from components.service.python.metrics import Metrics
from components.service.python.web import Refusal, Request, Router, Routes, call

from . import settings


class Peer(Protocol):
    def ask(
        self, method: str, path: str, trace: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """What it answers. Refuses the request as it does, and with 503 where it is lost."""
        ...


class Local:
    """A module of the same process."""

    def __init__(self, routes: Routes) -> None:
        self._router = Router(routes)

    def ask(
        self, method: str, path: str, trace: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        return _accepted(*self._router.answer(method, path, lambda: Request(body or {}, trace)))


class Remote:
    """A service."""

    def __init__(self, server: str, metrics: Metrics) -> None:
        self._address, self._metrics = settings.of(server, "ADDRESS"), metrics

    def ask(
        self, method: str, path: str, trace: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        with self._metrics.time("call_seconds"):
            return _accepted(*call(self._address, method, path, body, trace))


def _accepted(status: int, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if status >= 400:
        raise Refusal(status, str(answer.get("error", "no reason given")))
    return answer
