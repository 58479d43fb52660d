"""What the circuit breakers of many machines say, added up: Turbine's stream, and a page that shows it.

Runs in a plain Python image, so with nothing but the standard library. A machine posts the last ten seconds
of its breakers every second, to whichever of these programs the load balancer chooses. So each knows every
machine from one report in KEEP_SECONDS, and none holds anything that must not be lost.
"""

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PAGE = Path(__file__).with_name("dashboard.html")
KEEP_SECONDS = 20
"""A machine that has not reported for so long is gone. One of three programs misses a living one by chance
once in 3,000 times: (2/3)^20."""
STREAM_SECONDS = 1
LARGEST_REPORT = 256 * 1024
MOST_READERS = 100
PERCENTILES = ("0", "25", "50", "75", "90", "95", "99", "99.5", "100")
COUNTS = {
    "success": "rollingCountSuccess",
    "failure": "rollingCountFailure",
    "timeout": "rollingCountTimeout",
    "short_circuited": "rollingCountShortCircuited",
    "shed": "rollingCountSemaphoreRejected",
    "fallback": "rollingCountFallbackSuccess",
}
"""What a machine counts, and what Hystrix calls it."""
ALWAYS_ZERO = (
    "rollingCountBadRequests",
    "rollingCountCollapsedRequests",
    "rollingCountExceptionsThrown",
    "rollingCountFallbackFailure",
    "rollingCountFallbackRejection",
    "rollingCountResponsesFromCache",
    "rollingCountThreadPoolRejected",
    "currentConcurrentExecutionCount",
    "propertyValue_executionIsolationSemaphoreMaxConcurrentRequests",
    "propertyValue_fallbackIsolationSemaphoreMaxConcurrentRequests",
)


class Reports:
    """The last report of every machine."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, tuple[float, Any]] = {}

    def take(self, report: Any) -> None:
        """Keep a machine's report. Raises ValueError where it is none."""
        try:
            machine = str(report["machine"])
            commands([report])
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"no report: {error!r}") from None
        with self._lock:
            self._last[machine] = (time.monotonic(), report)

    def live(self) -> list[Any]:
        oldest = time.monotonic() - KEEP_SECONDS
        with self._lock:
            self._last = {machine: kept for machine, kept in self._last.items() if kept[0] > oldest}
            return [report for _, report in self._last.values()]


def commands(reports: list[Any]) -> list[dict[str, Any]]:
    """One message for each server, of all machines that report on it."""
    states: dict[str, list[Any]] = {}
    for report in reports:
        for state in report["breakers"]:
            states.setdefault(str(state["server"]), []).append(state)
    return [command(server, states[server]) for server in sorted(states)]


def command(server: str, states: list[Any]) -> dict[str, Any]:
    """Hystrix's message for one server: https://github.com/Netflix/Hystrix/wiki/Metrics-and-Monitoring.

    As in Turbine's, what is an average or a percentile is multiplied by the machines that report, for the
    dashboard divides it.
    """
    hosts = len(states)
    counts = {kind: sum(state["counts"][kind] for state in states) for kind in COUNTS}
    errors = counts["failure"] + counts["timeout"]
    requests = errors + counts["success"]
    opened = sum(bool(state["open"]) for state in states)
    mean = sum(state["milliseconds"] for state in states) / requests if requests else 0
    latency = {key: value * hosts for key, value in percentiles(states).items()}
    window_ms = round(sum(state["window_seconds"] for state in states) * 1000)
    first = states[0]
    return {
        "type": "HystrixCommand",
        "name": server,
        "group": "gateway",
        "currentTime": round(time.time() * 1000),
        "reportingHosts": hosts,
        # The number of them that are open; where some are and some are not, how many are which.
        "isCircuitBreakerOpen": opened if opened in (0, hosts) else {"true": opened, "false": hosts - opened},
        "errorPercentage": round(errors / requests * 100) * hosts if requests else 0,
        "errorCount": errors,
        "requestCount": requests,
        **{name: counts[kind] for kind, name in COUNTS.items()},
        **dict.fromkeys(ALWAYS_ZERO, 0),
        "latencyExecute_mean": round(mean) * hosts,
        "latencyExecute": latency,
        "latencyTotal_mean": round(mean) * hosts,
        "latencyTotal": latency,
        "propertyValue_circuitBreakerRequestVolumeThreshold": first["requests_threshold"],
        "propertyValue_circuitBreakerSleepWindowInMilliseconds": first["sleep_seconds"] * 1000,
        "propertyValue_circuitBreakerErrorThresholdPercentage": first["error_percent"],
        "propertyValue_circuitBreakerForceOpen": False,
        "propertyValue_circuitBreakerForceClosed": False,
        "propertyValue_circuitBreakerEnabled": True,
        "propertyValue_executionIsolationStrategy": "SEMAPHORE",
        "propertyValue_executionIsolationThreadTimeoutInMilliseconds": first["timeout_ms"],
        "propertyValue_executionIsolationThreadInterruptOnTimeout": True,
        "propertyValue_metricsRollingStatisticalWindowInMilliseconds": window_ms,
        "propertyValue_requestCacheEnabled": False,
        "propertyValue_requestLogEnabled": False,
    }


def percentiles(states: list[Any]) -> dict[str, int]:
    """Milliseconds within which a share of all answers began, from the histograms of the machines: of those
    with the same steps, while a new version of the gateway is rolled out."""
    alike = [state for state in states if state["steps"] == states[0]["steps"]]
    steps = [*states[0]["steps"], states[0]["steps"][-1] * 2]
    totals = [sum(state["histogram"][number] for state in alike) for number in range(len(steps))]
    everything, found = sum(totals), dict[str, int]()
    for percentile in PERCENTILES:
        wanted, seen = everything * float(percentile) / 100, 0
        for step, total in zip(steps, totals, strict=True):
            seen += total
            if total and seen >= wanted:
                found[percentile] = step
                break
        else:
            found[percentile] = 0
    return found


class Turbine(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75  # longer than the load balancer keeps a connection, so that it is the one to close it
    reports = Reports()
    readers = threading.BoundedSemaphore(MOST_READERS)

    def do_GET(self) -> None:
        if self.path == "/health":
            self._answer(200, b"up", "text/plain")
        elif self.path == "/":
            self._answer(200, PAGE.read_bytes(), "text/html; charset=utf-8")
        elif self.path.split("?")[0] == "/turbine.stream":
            self._stream()
        else:
            self._answer(404, b"not found", "text/plain")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if self.path != "/breakers" or not 0 < length <= LARGEST_REPORT:
            self.close_connection = True
            return self._answer(404 if self.path != "/breakers" else 413, b"", "text/plain")
        try:
            self.reports.take(json.loads(self.rfile.read(length)))
            self._answer(204, b"", "text/plain")
        except ValueError as error:
            self._answer(400, str(error).encode(), "text/plain")

    def _stream(self) -> None:
        if not self.readers.acquire(blocking=False):
            return self._answer(503, b"too many readers", "text/plain")
        try:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream;charset=UTF-8")
            self.send_header("Cache-Control", "no-cache, no-store, max-age=0, must-revalidate")
            self.send_header("Connection", "close")
            self.end_headers()
            while True:
                live = self.reports.live()
                meta = {"type": "meta", "name": "meta", "reportingHostsLast10Seconds": len(live)}
                for message in (meta, *commands(live)):
                    self.wfile.write(f"data: {json.dumps(message)}\n\n".encode())
                self.wfile.flush()
                time.sleep(STREAM_SECONDS)
        except OSError:
            pass  # the reader has gone
        finally:
            self.readers.release()

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # The page needs nothing from anywhere else.
        policy = (
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'"
        )
        self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if not str(code).startswith("2"):
            super().log_request(code, size)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8080"))), Turbine).serve_forever()
