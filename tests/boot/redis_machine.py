"""A real redis-server on loopback, in cluster mode: a command over two slots is refused, as it is by AWS."""

import atexit
import contextlib
import functools
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError


def free_port() -> int:
    """A port whose bus port, 10000 above, is free as well."""
    while True:
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            if (port := one.getsockname()[1]) < 55536:
                try:
                    other.bind(("127.0.0.1", port + 10000))
                except OSError:
                    continue
                return port


@contextmanager
def redis_cluster(
    program: str, folder: Path, certificate: Path | None = None, password: str | None = None
) -> Iterator[str]:
    """Its address. One server holds all slots. `certificate`: a file with it and its key, where it speaks TLS
    alone."""
    port, settings = free_port(), {"bind": "127.0.0.1", "cluster-enabled": "yes", "save": "", "dir": folder}
    client: dict[str, Any] = {"port": port, "password": password}
    if certificate is None:
        settings["port"] = port
    else:
        files = {f"tls-{kind}-file": certificate for kind in ("cert", "key", "ca-cert")}
        settings |= {"port": 0, "tls-port": port, "tls-auth-clients": "no", "tls-cluster": "yes", **files}
        client |= {"ssl": True, "ssl_ca_certs": str(certificate)}
    if password is not None:
        settings["requirepass"] = password
    server = subprocess.Popen(
        [program, *(part for key, value in settings.items() for part in (f"--{key}", str(value)))],
        stdout=subprocess.DEVNULL,
    )
    try:
        with Redis(host="127.0.0.1", **client) as asking:
            _wait(lambda: asking.ping())
            asking.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
            _wait(lambda: asking.execute_command("CLUSTER INFO")["cluster_state"] == "ok")
        yield f"127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


@functools.cache
def shared_cluster(program: str) -> str:
    """The address of one for all tests of this process: it takes two seconds until it trusts its cluster."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    return stack.enter_context(redis_cluster(program, Path(folder)))


def _wait(ready) -> None:
    for _ in range(500):
        try:
            if ready():
                return
        except RedisError:
            pass
        time.sleep(0.02)
    raise TimeoutError("redis-server does not get ready")
