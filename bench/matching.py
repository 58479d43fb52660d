"""Matches a second and their p99: the matching service on one core, with a real Redis of 100,000 drivers.

Redis and the riders have the machine's other cores. Run alone, or by `make bench`.
"""

import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

DRIVERS = 100_000
SECONDS = 8.0
RIDERS = 8
"""Who ask at once."""
SOUTH, WEST, DEGREES = 37.2, -122.5, 0.6
"""A square of some 65 km by 53 km, in which there are 30 drivers to a square kilometre."""


def main() -> None:
    for what, value, goal in rows():
        print(f"{what:58} {value:>12}   {goal}")


def rows() -> list[tuple[str, str, str]]:
    """What was measured, for a table. Empty, with the reason on stderr, where something is not installed."""
    missing = [one for one in ("redis-server", "go", "g++", "make", "taskset") if shutil.which(one) is None]
    if missing:
        print(f"matching is not measured without {', '.join(missing)}", file=sys.stderr)
        return []
    from tests.boot.matching_machine import Running, gossip_port, location_program, matching_program
    from tests.boot.redis_machine import redis_cluster

    matching_program()  # built before anything is measured
    redis = str(shutil.which("redis-server"))
    with tempfile.TemporaryDirectory() as folder, redis_cluster(redis, Path(folder)) as address:
        with _running(Running(location_program(), LOCATIONS_ADDRESS=address)) as location:
            started = time.perf_counter()
            for first in range(0, DRIVERS, 1000):
                status, _ = location.ask("/api/locations", {"updates": _updates(first)})
                assert status == 202, status
            filled = DRIVERS / (time.perf_counter() - started)
        settings = {"EVENTS_FILE": os.devnull, "GOSSIP_PORT": str(gossip_port()), "GOMAXPROCS": "1"}
        with _running(Running(matching_program(), LOCATIONS_ADDRESS=address, **settings)) as matching:
            subprocess.run(
                ["taskset", "--all-tasks", "--pid", "--cpu-list", "0", str(matching.process.pid)],
                check=True,
                capture_output=True,
            )
            took = asyncio.run(_ask(matching.port))
    p99 = statistics.quantiles(took, n=100)[98]
    return [
        (f"matches a second on one core, of {DRIVERS} drivers", f"{len(took) / SECONDS:.0f}", "over 278"),
        ("a match, p50", f"{statistics.median(took) * 1000:.1f} ms", ""),
        ("a match, p99", f"{p99 * 1000:.1f} ms", "under 3000 ms"),
        ("locations a second, in batches of 1000 one after another", f"{filled:.0f}", ""),
    ]


def _updates(first: int) -> list[dict[str, Any]]:
    at = int(time.time() * 1000)
    return [
        {
            "driver": f"d{number}",
            "lat": SOUTH + DEGREES * random.random(),
            "lng": WEST + DEGREES * random.random(),
            "ts": at,
            "status": "available",
            "rating": round(random.uniform(4, 5), 2),
        }
        for number in range(first, first + 1000)
    ]


async def _ask(port: int) -> list[float]:
    """How long each match took, of riders who ask anew as soon as they are answered."""
    took: list[float] = []
    until = time.perf_counter() + SECONDS

    async def rider() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (started := time.perf_counter()) < until:
            body = json.dumps(
                {
                    "rider": "r",
                    "lat": SOUTH + DEGREES * random.uniform(0.05, 0.95),
                    "lng": WEST + DEGREES * random.uniform(0.05, 0.95),
                }
            )
            writer.write(
                f"POST /api/rides HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 200"), head
            took.append(time.perf_counter() - started)
        writer.close()

    await asyncio.gather(*(rider() for _ in range(RIDERS)))
    return took


@contextmanager
def _running(program: Any) -> Generator[Any]:
    try:
        yield program
    finally:
        program.end()


if __name__ == "__main__":
    main()
