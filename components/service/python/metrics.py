"""What Prometheus reads of a program: https://prometheus.io/docs/instrumenting/exposition_formats/"""

import bisect
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager

BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """How many requests were answered, and how long things take: `measured` says in words what, by name."""

    def __init__(self, measured: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._measured = dict(measured)
        self._counts = {name: [0] * (len(BOUNDS) + 1) for name in measured}
        self._sums = dict.fromkeys(measured, 0.0)
        self._answers: Counter[tuple[str, int]] = Counter()

    @contextmanager
    def time(self, name: str) -> Generator[None, None, None]:
        """Measure what is done within."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            with self._lock:
                self._counts[name][bisect.bisect_left(BOUNDS, seconds)] += 1
                self._sums[name] += seconds

    def answered(self, method: str, status: int) -> None:
        with self._lock:
            self._answers[method, status] += 1

    def text(self) -> str:
        with self._lock:
            lines = ["# HELP http_requests_total Requests answered.", "# TYPE http_requests_total counter"]
            lines += [
                f'http_requests_total{{method="{method}",status="{status}"}} {count}'
                for (method, status), count in sorted(self._answers.items())
            ]
            for name, words in self._measured.items():
                lines += [f"# HELP {name} {words}", f"# TYPE {name} histogram"]
                below = 0
                for bound, count in zip((*BOUNDS, "+Inf"), self._counts[name], strict=True):
                    below += count
                    lines.append(f'{name}_bucket{{le="{bound}"}} {below}')
                lines += [f"{name}_sum {self._sums[name]}", f"{name}_count {below}"]
        return "\n".join(lines) + "\n"
