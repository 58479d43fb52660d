"""python3 -m trip_processor: works until it is told to stop."""

import http.server
import os
import signal
import sys
import threading
from typing import Any

import boto3

from .kafka_events import KafkaEvents, consumer, producer
from .processor import Processor


def answers(processor: Processor, port: int) -> http.server.ThreadingHTTPServer:
    """/health and /metrics."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/health":
                self._say(200 if processor.well() else 503, "well" if processor.well() else "late")
            elif self.path == "/metrics":
                self._say(200, processor.metrics())
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


def work(processor: Processor, events: Any, stopping: threading.Event) -> None:
    """Turn after turn. What fails is tried again, later each time, and nothing is passed over."""
    wait, failed = 1.0, False
    while not stopping.is_set():
        try:
            if failed:
                events.rewind()
            processor.turn()
            wait, failed = 1.0, False
        except Exception as error:  # Kafka's, SNS's: whatever it is, the events are still there
            print(f"tried again in {wait:g} s: {error!r}", file=sys.stderr, flush=True)
            stopping.wait(wait)
            wait, failed = min(30.0, 2 * wait), True


def main() -> None:
    brokers, group = os.environ["EVENTS_ADDRESS"], os.environ["GROUP"]
    listening = consumer(brokers, group)
    events = KafkaEvents(listening, producer(brokers))
    processor = Processor(events, boto3.client("sns"), os.environ["PUSHES_TOPIC_ARN"])
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    server = answers(processor, int(os.environ.get("PORT", "8080")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    work(processor, events, stopping)
    listening.close(autocommit=False)


if __name__ == "__main__":
    main()
