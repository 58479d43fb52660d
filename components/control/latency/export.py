"""Tells CloudWatch how long what is promised takes, as Prometheus knows it.

Each promise has a query whose answer is seconds. A promise without an answer is left out: its alarm takes
that for a promise that is not kept, since nobody measures it.
"""

import json
import logging
import math
import os
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import botocore.exceptions

SECONDS = 30
"""Between two rounds: two in each of the minutes that alarms look at."""
LATE_SECONDS = 4 * SECONDS
logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("export")


def ask(address: str, query: str) -> float | None:
    """The seconds that a query answers with, or None where it has no answer."""
    said = urllib.parse.urlencode({"query": query}).encode()
    with urllib.request.urlopen(f"http://{address}/api/v1/query", said, timeout=10) as answer:
        found = json.load(answer)["data"]["result"]
    value = float(found[0]["value"][1]) if found else math.nan
    return value if math.isfinite(value) else None


def measure(address: str, queries: Mapping[str, str]) -> dict[str, float]:
    """Milliseconds by promise, of those that Prometheus knows."""
    known: dict[str, float] = {}
    for promise, query in queries.items():
        try:
            seconds = ask(address, query)
        except (OSError, ValueError, KeyError, urllib.error.URLError) as error:
            log.warning("%s: no answer from %s: %s", promise, address, error)
            continue
        if seconds is None:
            log.warning("%s: nobody measures it", promise)
        else:
            known[promise] = seconds * 1000
    return known


def tell(cloudwatch: Any, namespace: str, known: Mapping[str, float]) -> None:
    data = [{"MetricName": k, "Value": v, "Unit": "Milliseconds"} for k, v in known.items()]
    if data:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)


class Rounds:
    """When the last round ended: a pod that makes none is started anew."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    @property
    def late(self) -> bool:
        return time.monotonic() - self.last > LATE_SECONDS

    def run(self, cloudwatch: Any, settings: Mapping[str, Any], address: str) -> None:
        try:
            tell(cloudwatch, settings["namespace"], measure(address, settings["queries"]))
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            log.warning("CloudWatch does not take it: %s", error)
        self.last = time.monotonic()


def answer(rounds: Rounds, port: int) -> ThreadingHTTPServer:
    """What a node asks whether the pod is well."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if rounds.late else 200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Not a line for every probe."""

    server = ThreadingHTTPServer(("", port), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        settings = json.load(file)
    address = os.environ[settings["address_variable"]]
    cloudwatch, rounds = boto3.client("cloudwatch", region_name=settings["region"]), Rounds()
    answer(rounds, settings["port"])
    while True:
        started = time.monotonic()
        rounds.run(cloudwatch, settings, address)
        time.sleep(max(0.0, SECONDS - (time.monotonic() - started)))


if __name__ == "__main__":
    main(sys.argv[1])
