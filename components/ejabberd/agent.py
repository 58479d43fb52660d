"""Stands beside an ejabberd node: tells CloudWatch of its vitals, ships its log, drains it before its end.

It runs on FreeBSD and on Amazon Linux 2023, with Python 3.9 or later and boto3 alone. Each of its duties goes
on whatever becomes of the others, of the node, or of AWS.
"""

from __future__ import annotations

import contextlib
import datetime
import glob
import itertools
import json
import logging
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import botocore.config

VITALS_SECONDS, LOG_SECONDS, LIFECYCLE_SECONDS = 60, 5, 5
GONE_SECONDS = 60
"""Where nobody has listened on the node's port for so long, there is no connection left to wait for."""
COUNTED = re.compile(r"messages_\w+|mnesia_\w+|connections_(accepted|refused)")
"""Vitals that only grow while a node runs: CloudWatch is told how much they have grown."""
UNITS = {"delivery_p99_ms": "Milliseconds", "memory_bytes": "Bytes"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
LEFT = re.compile(r"conntrack_allowance_available: (\d+)")
CHUNK = 256 * 1024
"""Bytes of a log that are sent at once. An entry has 33 or more, so that a chunk is within every limit of a
batch: 10,000 events, 1 MiB with 26 bytes for each, and an event of 1 MB:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html."""
HEAD, DAY_MS = 1024, 24 * 3600 * 1000
ENTRY = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d ")
log = logging.getLogger("ejabberd-agent")
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(url: str, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b"") -> str:
    """An answer's text. Raises OSError for none, or one that says that it went wrong."""
    request = urllib.request.Request(url, body or None, dict(headers or {}), method=method)
    with http.open(request, timeout=10) as answer:
        return answer.read(1 << 20).decode()


def vitals(api: str) -> dict[str, float]:
    """What the node says of itself, without what is no number. Raises ValueError for what makes no sense."""
    said = json.loads(ask(f"{api}/vitals"))
    if not isinstance(said, dict):
        raise ValueError(f"vitals are not values by name: {str(said)[:100]}")
    known: dict[str, float] = {}
    for name, value in said.items():
        with contextlib.suppress(OverflowError, TypeError, ValueError):
            if NAME.fullmatch(name) and math.isfinite(float(value)):
                known[name] = float(value)
    return known


def tracked_left() -> dict[str, float]:
    """How many more connections the security groups can track, where the network cards say so."""
    bsd, found = sys.platform.startswith("freebsd"), []
    cards = ["sysctl dev.ena"] if bsd else [f"ethtool -S {name}" for name in os.listdir("/sys/class/net")]
    for command in cards:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run(command.split(), capture_output=True, text=True, timeout=10)
            found += LEFT.findall(told.stdout)
    return {"conntrack_left": min(map(float, found))} if found else {}


class Vitals:
    """The node's vitals as metrics, each twice: its own, and among those of all nodes."""

    def __init__(self, api: str, cloudwatch: Any, namespace: str, node: str) -> None:
        self._api, self._cloudwatch, self._namespace, self._node = api, cloudwatch, namespace, node
        self._before: dict[str, float] = {}

    def run(self) -> None:
        known = vitals(self._api)
        told = {**self._grown(known), "cores": float(os.cpu_count() or 1), **tracked_left()}
        self._cloudwatch.put_metric_data(
            Namespace=self._namespace,
            MetricData=[
                {"MetricName": name, "Dimensions": of, "Value": value, "Unit": UNITS.get(name, "Count")}
                for name, value in told.items()
                for of in ([], [{"Name": "Node", "Value": self._node}])
            ],
        )
        self._before.update(known)  # once it is told: what was not taken is in the next round

    def _grown(self, known: Mapping[str, float]) -> dict[str, float]:
        """A counter is told from its second reading on. One that shrinks began anew, with its node."""
        grown: dict[str, float] = {}
        for name, value in known.items():
            if not COUNTED.fullmatch(name):
                grown[name] = value
            elif name in self._before:
                grown[name] = value - self._before[name] if value >= self._before[name] else value
        return grown


class Log:
    """Ships a log that is rotated by renaming or by truncating it, from where it left off.

    A file is known by its first line, whose time has microseconds: its name changes, and its inode is given
    to another. An entry comes twice where the agent is ended between sending it and noting that.
    """

    def __init__(self, logs: Any, group: str, stream: str, path: str, position: Path) -> None:
        self._logs, self._stream = logs, {"logGroupName": group, "logStreamName": stream}
        self._path, self._position = path, position

    def run(self) -> None:
        head, offset = self._left_off()
        with contextlib.ExitStack() as opened:
            # All at once, so that a rotation meanwhile takes none away.
            files = [opened.enter_context(open(path, "rb")) for path in self._paths()]
            heads = [file.readline(HEAD) for file in files]
            first = heads.index(head) if head and head in heads else 0
            for at in range(first, len(files)):
                start = offset if heads[at] == head else 0
                self._ship(files[at], heads[at], start, finished=at < len(files) - 1)

    def _paths(self) -> list[str]:
        """The log's files, from the oldest to the one that is written to."""
        found = (one for one in glob.glob(glob.escape(self._path) + "*") if not one.endswith(".gz"))
        return sorted(found, key=lambda one: (one == self._path, os.stat(one).st_mtime_ns))

    def _ship(self, file: BinaryIO, head: bytes, offset: int, finished: bool) -> None:
        offset = 0 if offset > os.fstat(file.fileno()).st_size else offset
        file.seek(offset)
        while chunk := file.read(CHUNK):
            end = chunk.rfind(b"\n") + 1
            if end == 0 and not finished and len(chunk) < CHUNK:
                return  # the line is still being written
            whole = chunk[: end or len(chunk)]
            found = entries(whole.decode("utf-8", "replace"))
            for _, day in itertools.groupby(found, lambda event: event["timestamp"] // DAY_MS):
                self._put(list(day))  # a batch may not span more
            offset = file.seek(offset + len(whole))
            self._note(head, offset)

    def _put(self, batch: list[dict[str, Any]]) -> None:
        try:
            try:
                self._logs.put_log_events(**self._stream, logEvents=batch)
            except self._logs.exceptions.ResourceNotFoundException:
                self._logs.create_log_stream(**self._stream)
                self._logs.put_log_events(**self._stream, logEvents=batch)
        except self._logs.exceptions.InvalidParameterException as error:
            log.warning("%d entries are left out, for they would never be taken: %s", len(batch), error)

    def _left_off(self) -> tuple[bytes, int]:
        with contextlib.suppress(AttributeError, KeyError, OSError, TypeError, ValueError):
            noted = json.loads(self._position.read_text())
            return noted["head"].encode("latin-1"), int(noted["offset"])
        return b"", 0

    def _note(self, head: bytes, offset: int) -> None:
        """Whole or not at all."""
        new = self._position.with_suffix(".new")
        new.write_text(json.dumps({"head": head.decode("latin-1"), "offset": offset}))
        os.replace(new, self._position)


def entries(text: str) -> list[dict[str, Any]]:
    """Events: each a line that begins with a time, and the lines after it that do not."""
    found: list[tuple[int, list[str]]] = []
    for line in text.rstrip("\n").split("\n"):
        at = written(line)
        if at is None and found:
            found[-1][1].append(line)
        elif line.strip():
            found.append((int(time.time() * 1000) if at is None else at, [line]))
    found.sort(key=lambda entry: entry[0])
    return [{"timestamp": at, "message": "\n".join(lines)} for at, lines in found]


def written(line: str) -> int | None:
    """When, in milliseconds, where the line is an entry's first."""
    with contextlib.suppress(OverflowError, ValueError):
        if ENTRY.match(line):
            return int(datetime.datetime.fromisoformat(line[:32]).timestamp() * 1000)
    return None


class Drain:
    """Lets an instance end once its node has nobody left.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html
    """

    def __init__(self, api: str, metadata: str, autoscaling: Any, group: str, hook: str) -> None:
        self._api, self._metadata, self._autoscaling = api, metadata, autoscaling
        self._group, self._hook = group, hook
        self._asked, self._completed, self._gone_since = False, False, math.inf

    def run(self) -> None:
        if self._completed or self._about("autoscaling/target-lifecycle-state") != "Terminated":
            return
        if self._left() == 0:
            # Refused until the hook waits, and once it has waited too long: then the instance ends anyway.
            self._autoscaling.complete_lifecycle_action(
                LifecycleHookName=self._hook,
                AutoScalingGroupName=self._group or self._about("tags/instance/aws:autoscaling:groupName"),
                InstanceId=self._about("instance-id"),
                LifecycleActionResult="CONTINUE",
            )
            self._completed = True
            log.info("nobody is connected any more: the instance may end")

    def _about(self, path: str) -> str:
        """What EC2 tells the instance of itself, through IMDSv2; nothing where it does not have that."""
        lasting = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
        token = {"X-aws-ec2-metadata-token": ask(f"{self._metadata}/latest/api/token", "PUT", lasting)}
        try:
            return ask(f"{self._metadata}/latest/meta-data/{path}", headers=token)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return ""
            raise

    def _left(self) -> float:
        """Connections that the node still has, once it takes no more."""
        try:
            if not self._asked:
                ask(f"{self._api}/drain", "POST", {"Content-Type": "application/json"}, b"{}")
                self._asked = True
                log.info("the node drains")
            left = vitals(self._api).get("connections", math.inf)
            self._gone_since = math.inf
            return left
        except OSError as error:
            if not isinstance(getattr(error, "reason", error), ConnectionRefusedError):
                raise
            self._asked = False  # a node that comes back knows nothing of it
            self._gone_since = min(self._gone_since, time.monotonic())
            return 0 if time.monotonic() - self._gone_since >= GONE_SECONDS else math.inf


def forever(name: str, seconds: float, work: Vitals | Log | Drain, ending: threading.Event) -> None:
    """A round now and then, and a last one at the end. What goes wrong is said when it begins and ends."""
    before, last = "", False
    while True:
        wrong = ""
        try:
            work.run()
        except Exception as error:  # whatever it is, the next round may go well
            wrong = f"{type(error).__name__}: {error}"
        if wrong != before:
            log.warning("%s: %s", name, wrong or "goes on")
        before = wrong
        if last:
            return
        # In the middle of CloudWatch's minutes, so that each has its round.
        last = ending.wait(seconds - (time.time() + seconds / 2) % seconds)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    known, ending = os.environ, threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    how = botocore.config.Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard"})

    def client(service: str) -> Any:
        return boto3.client(service, region_name=known["REGION"], config=how)

    api = known.get("API", "http://127.0.0.1:5280/api")
    watched = Vitals(api, client("cloudwatch"), known["NAMESPACE"], known["NODE"])
    duties: list[tuple[str, float, Vitals | Log | Drain]] = [("vitals", VITALS_SECONDS, watched)]
    if path := known.get("LOG_FILE"):
        position = Path(known["STATE_DIRECTORY"]) / "position.json"
        shipped = Log(client("logs"), known["LOG_GROUP"], known["NODE"], path, position)
        duties.append(("log", LOG_SECONDS, shipped))
    if hook := known.get("HOOK_NAME"):
        metadata = known.get("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254").rstrip("/")
        drained = Drain(api, metadata, client("autoscaling"), known.get("GROUP_NAME", ""), hook)
        duties.append(("lifecycle", LIFECYCLE_SECONDS, drained))
    threads = [threading.Thread(target=forever, args=(*duty, ending), daemon=True) for duty in duties]
    for thread in threads:
        thread.start()
    ending.wait()
    for thread in threads:
        thread.join(timeout=10)


if __name__ == "__main__":
    main()
