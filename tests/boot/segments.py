"""An agent of X-Ray that keeps what it is told, and what a service has to tell it."""

import json
import socket
import threading
import time

from tests.boot.shop_machine import ROOT, TRACE

PARENT = TRACE["X-Amzn-Trace-Id"].partition("Parent=")[2][:16]
NOT_SAMPLED = (
    {"X-Amzn-Trace-Id": f"Root={ROOT};Parent={PARENT};Sampled=0"},
    {"X-Amzn-Trace-Id": f"Root={ROOT}"},
    {"X-Amzn-Trace-Id": "Sampled=1"},
    {},
)
"""Headers of requests that nobody is told of."""


class TraceAgent:
    """Takes segments by UDP."""

    def __init__(self):
        self.segments = []
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:{1}".format(*self._udp.getsockname())
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def _take(self):
        while data := self._udp.recv(65536):
            header, _, segment = data.decode().partition("\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            self.segments.append(json.loads(segment))

    def end(self):
        """Nobody listens at its address from now on."""
        if self._thread.is_alive():
            self._udp.sendto(b"", self._udp.getsockname())
            self._thread.join()
            self._udp.close()


def the_one_segment(agent, ask):
    """What becomes of requests that are sampled and not, ask(headers) -> status: one segment, checked but for
    what it is about."""
    before = time.time()
    asked = [ask(headers) for headers in (*NOT_SAMPLED, TRACE)]
    for _ in range(500):
        if agent.segments:
            break
        time.sleep(0.02)
    (segment,) = agent.segments
    assert (segment["trace_id"], segment["parent_id"]) == (ROOT, PARENT)
    assert len(segment["id"]) == 16 and int(segment["id"], 16) and segment["id"] != PARENT
    assert before - 0.01 <= segment["start_time"] <= segment["end_time"] <= time.time() + 0.01
    assert segment["http"]["response"] == {"status": asked[-1]}
    assert ("fault" in segment, "error" in segment) == (asked[-1] >= 500, 400 <= asked[-1] < 500)
    return segment


def of_the_segment(segment):
    """The header that what its request calls is asked with."""
    return f"Root={ROOT};Parent={segment['id']};Sampled=1"
