"""Reads the load of every partition each second, and tells CloudWatch at the resolution of a second.

It runs in a pod: /health answers while it reads, and /metrics says the same to Prometheus. Two of it say the
same thing twice, which no average and no maximum notices.
"""

import datetime
import http.server
import json
import os
import threading
import time
from collections.abc import Collection, Mapping
from typing import Any

import boto3

from . import cells, store

LOAD = "PartitionLoad"
GAUGE = "hottest_partition_requests"
MOST_CELLS = 20
"""Hot cells that are measured on their own: each is a metric of its own, and is paid for."""
LATE_SECONDS = 15
"""Without a second read for so long, it is not well, and is started anew."""


class Monitor:
    def __init__(self, redis: Any, cloudwatch: Any, namespace: str, metric: str) -> None:
        self._redis, self._cloudwatch = redis, cloudwatch
        self._namespace, self._metric = namespace, metric
        self.read_at = time.time()
        self.hottest = 0.0

    def tell(self, second: int) -> None:
        """Say how hot one second was."""
        counted: Mapping[str, str] = self._redis.hgetall(f"load:{second}")
        loads = {token: int(requests) for token, requests in counted.items()}
        found = partitions(loads, store.splits(self._redis))
        self.hottest = max(found.values(), default=0)
        limit = store.threshold()
        hot = sorted((token for token in found if found[token] > limit), key=lambda one: -found[one])
        data = [_datum(self._metric, self.hottest, second, [])]
        data += [
            _datum(LOAD, found[token], second, [{"Name": "Cell", "Value": token}])
            for token in hot[:MOST_CELLS]
        ]
        self._cloudwatch.put_metric_data(Namespace=self._namespace, MetricData=data)
        self.read_at = time.time()

    def well(self) -> bool:
        return time.time() - self.read_at < LATE_SECONDS


def partitions(loads: Mapping[str, int], splits: Collection[str]) -> dict[str, int]:
    """The load of partitions alone: requests are counted a level deeper too."""
    return {token: load for token, load in loads.items() if cells.is_partition(token, splits)}


def _datum(name: str, value: float, second: int, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": dimensions,
        "Timestamp": datetime.datetime.fromtimestamp(second, datetime.UTC),
        "Value": value,
        "Unit": "Count/Second",
        "StorageResolution": 1,
    }


def server(monitor: Monitor, port: int) -> http.server.ThreadingHTTPServer:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                self._say(200 if monitor.well() else 503, "well" if monitor.well() else "late")
            elif self.path == "/metrics":
                self._say(200, f"# TYPE {GAUGE} gauge\n{GAUGE} {monitor.hottest}\n")
            else:
                self._say(404, "")

        def _say(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            """The probes' questions are no news."""

    return http.server.ThreadingHTTPServer(("", port), Answer)


def main() -> None:
    monitor = Monitor(
        store.connected(), boto3.client("cloudwatch"), os.environ["NAMESPACE"], os.environ["METRIC"]
    )
    answers = server(monitor, int(os.environ["PORT"]))
    threading.Thread(target=answers.serve_forever, daemon=True).start()
    second = int(time.time()) - store.LAG_SECONDS
    while True:
        try:
            monitor.tell(second)
        except Exception as error:  # whatever it is, the next second may be better; /health tells of many
            print(json.dumps({"error": type(error).__name__, "said": str(error)}), flush=True)
        # A second that was missed is not told of any more: an alarm looks at the last ten.
        second = max(second + 1, int(time.time()) - store.LAG_SECONDS)
        time.sleep(max(0.0, second + store.LAG_SECONDS - time.time()))


if __name__ == "__main__":
    main()
