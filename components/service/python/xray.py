"""What X-Ray is told of a request: a segment, where whoever asked has decided that it is followed.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import os
import secrets
import socket
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

HEADER = "x-amzn-trace-id"
"""Where a trace comes from and whether it is kept, "Root=1-…;Parent=…;Sampled=1":
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader"""
BEFORE = b'{"format": "json", "version": 1}\n'


@dataclass
class Segment:
    """A request that is being answered."""

    header: str
    """What the calls that answering it takes are asked with."""
    status: int = 500
    """What it was answered with: a fault, unless it is said otherwise."""


class XRay:
    """The agent at AWS_XRAY_DAEMON_ADDRESS. Without one nothing is told."""

    def __init__(self, service: str) -> None:
        self._service = os.environ.get("SERVICE_NAME") or service
        self._agent = _connected(os.environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))

    @contextmanager
    def segment(self, header: str, method: str, url: str) -> Generator[Segment, None, None]:
        """A request that has such a header, "" for none, while it is answered."""
        root, parent = _part(header, "Root="), _part(header, "Parent=")
        if self._agent is None or not root or _part(header, "Sampled=") != "1":
            yield Segment(header)
            return
        id, begun = secrets.token_hex(8), time.time()
        segment = Segment(f"Root={root};Parent={id};Sampled=1")
        try:
            yield segment
        finally:
            told = {
                "name": self._service,
                "id": id,
                "trace_id": root,
                **({"parent_id": parent} if parent else {}),
                "start_time": begun,
                "end_time": time.time(),
                "http": {"request": {"method": method, "url": url}, "response": {"status": segment.status}},
                **_failure(segment.status),
            }
            _send(self._agent, told)

    def close(self) -> None:
        if self._agent is not None:
            self._agent.close()


def _part(header: str, name: str) -> str:
    parts = (part.strip() for part in header.split(";"))
    return next((part.removeprefix(name) for part in parts if part.startswith(name)), "")


def _failure(status: int) -> dict[str, bool]:
    """A failure of ours, of who asked, or for too much asked."""
    if status >= 500:
        return {"fault": True}
    if status >= 400:
        return {"error": True, **({"throttle": True} if status == 429 else {})}
    return {}


def _send(agent: socket.socket, told: dict[str, Any]) -> None:
    """Nobody waits for the agent: what it does not take is not told."""
    try:
        agent.send(BEFORE + json.dumps(told).encode())
    except OSError:
        return


def _connected(setting: str) -> socket.socket | None:
    """To "127.0.0.1:2000", or "tcp:127.0.0.1:2000 udp:127.0.0.1:2001"."""
    if not setting:
        return None
    address = next((one[4:] for one in setting.split() if one.startswith("udp:")), setting)
    host, _, port = address.rpartition(":")
    agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    agent.setblocking(False)
    try:
        agent.connect((host, int(port)))
    except (OSError, ValueError) as lost:
        print(f"tracing: no agent at {address}: {lost!r}", file=sys.stderr, flush=True)
        agent.close()
        return None
    return agent
