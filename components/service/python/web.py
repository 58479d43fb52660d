"""A service of JSON over HTTP with nothing but Python's standard library, and how it calls another."""

import gzip
import http.client
import json
import re
import signal
import sys
import threading
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from components.service.python.metrics import Metrics
from components.service.python.xray import HEADER, Segment, XRay

TRACE = ("traceparent", "tracestate", HEADER, "x-request-id")
"""Headers by which a request is followed through all that it causes."""
LARGEST_BODY = 64 * 1024
WORTH_GZIP = 1024
"""Bytes of an answer from which it is compressed for whom that suits: less fits into one packet anyway."""
CALL_SECONDS = 2.0
IDLE_SECONDS = 75
"""Longer than a load balancer keeps a connection that nobody uses, so that it is the one to end it."""


class Refusal(Exception):
    """An answer that is no success: its status, and why in words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Request:
    """What is asked."""

    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The values of its JSON. Numbers with a point are Decimals."""
    trace: Mapping[str, str] = field(default_factory=dict[str, str])
    """Its headers of TRACE, for the calls that answering it takes."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its address says after the "?"."""

    def text(self, name: str, most: int = 64) -> str:
        """A value that must be a text. Refuses the request otherwise."""
        value = self.body.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= most:
            raise Refusal(400, f"{name} must be a text of 1 to {most} characters")
        return value

    def number(self, name: str, least: float, most: float) -> Decimal:
        """A value that must be a number. Refuses the request otherwise."""
        value = self.body.get(name)
        if isinstance(value, bool) or not isinstance(value, int | Decimal) or not least <= value <= most:
            raise Refusal(400, f"{name} must be a number from {least:g} to {most:g}")
        return Decimal(value)


Answer = tuple[int, Mapping[str, Any]]
Routes = Mapping[str, Callable[..., Answer]]
"""What answers, by method and path, "GET /api/users/{user}": a function of the request and of the path's
parts."""


class Router:
    """What answers a request, wherever it comes from."""

    def __init__(self, routes: Routes) -> None:
        self._routes = [(route, _pattern(route), handler) for route, handler in routes.items()]

    def answer(self, method: str, path: str, request: Callable[[], Request]) -> Answer:
        try:
            for _, pattern, handler in self._routes:
                if found := pattern.fullmatch(f"{method} {path}"):
                    parts = {key: urllib.parse.unquote(part) for key, part in found.groupdict().items()}
                    return handler(request(), **parts)
            return 404, {"error": "not found"}
        except Refusal as refusal:
            return refusal.status, {"error": str(refusal)}
        except Exception as error:  # one request's, and no other's
            print(f"{method} {path}: {error!r}", file=sys.stderr, flush=True)
            return 500, {"error": "a fault of ours"}

    def place(self, method: str, path: str) -> str:
        """The route's path, "/api/users/{user}", for who must not know whose it is; "/" for no route's."""
        for route, pattern, _ in self._routes:
            if pattern.fullmatch(f"{method} {path}"):
                return route.partition(" ")[2]
        return "/"


class Service(ThreadingHTTPServer):
    """Answers what its routes have, /health and /metrics."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, routes: Routes, metrics: Metrics, name: str = "service") -> None:
        """`name`: X-Ray's for it, where SERVICE_NAME says nothing."""
        self.metrics, self.router, self.xray = metrics, Router(routes), XRay(name)
        super().__init__(("", port), _Handler)

    def run(self) -> None:
        """Serve until the program is told to end: a container's first process ends for no signal by
        itself."""
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=self.shutdown).start())
        self.serve_forever()

    def server_close(self) -> None:
        super().server_close()
        self.xray.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer goes out at once, and not its headers first

    def _any(self) -> None:
        assert isinstance(self.server, Service)
        address, text = urllib.parse.urlsplit(self.path), self._text()
        path = address.path
        if path == "/health":
            self._say(200, "application/json", '{"status": "up"}')
        elif path == "/metrics":
            self._say(200, "text/plain; version=0.0.4", self.server.metrics.text())
        else:
            url = f"http://{self.headers.get('Host', '')}{self.server.router.place(self.command, path)}"
            with self.server.xray.segment(self.headers.get(HEADER, ""), self.command, url) as segment:
                segment.status, body = self.server.router.answer(
                    self.command, path, lambda: self._request(text, address.query, segment)
                )
                self.server.metrics.answered(self.command, segment.status)
                self._say(segment.status, "application/json", json.dumps(body, default=_plain))

    do_GET = do_POST = do_PUT = do_DELETE = _any

    def _text(self) -> bytes | None:
        """The body, read whatever the answer is, since the next request comes after it; None for too much."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return None
        return self.rfile.read(int(length))

    def _request(self, text: bytes | None, query: str, segment: Segment) -> Request:
        if text is None:
            raise Refusal(413, f"a Content-Length of at most {LARGEST_BODY} is expected")
        try:
            body: Any = json.loads(text, parse_float=Decimal) if text else {}
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refusal(400, "a JSON object is expected")
        known: dict[str, Any] = body
        trace = {name: self.headers[name] for name in TRACE if name in self.headers}
        if HEADER in trace:
            trace[HEADER] = segment.header
        return Request(known, trace, dict(urllib.parse.parse_qsl(query)))

    def _say(self, status: int, kind: str, text: str) -> None:
        body = text.encode()
        small = len(body) >= WORTH_GZIP and takes_gzip(self.headers.get("Accept-Encoding", ""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Vary", "Accept-Encoding")
        if small:
            body = gzip.compress(body, compresslevel=5, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: whoever stands before it logs requests."""


def call(
    address: str, method: str, path: str, body: Mapping[str, Any] | None, trace: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    """(status, answer) of another service at "host:port", by TLS on 443. Refuses the request with 503 where
    it is lost."""
    by_tls = address.endswith(":443")
    kind = http.client.HTTPSConnection if by_tls else http.client.HTTPConnection
    connection = kind(address, timeout=CALL_SECONDS)
    try:
        text = None if body is None else json.dumps(body, default=_plain)
        connection.request(method, path, text, {"Content-Type": "application/json", **trace})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read(), parse_float=Decimal)
    except (OSError, http.client.HTTPException, ValueError) as lost:
        print(f"{method} {address}{path}: {lost!r}", file=sys.stderr, flush=True)
        raise Refusal(503, f"{path.split('/')[2]} is lost") from None
    finally:
        connection.close()


def takes_gzip(accepted: str) -> bool:
    """Whether a client that accepts such encodings takes gzip: RFC 9110, 12.5.3."""
    weights = {
        name.strip().lower(): weight.strip().lower().removeprefix("q=") or "1"
        for name, _, weight in (one.partition(";") for one in accepted.split(","))
    }
    weight = weights.get("gzip", weights.get("*", "0"))
    return weight.replace(".", "", 1).isdecimal() and float(weight) > 0


def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"no JSON of {value!r}")
