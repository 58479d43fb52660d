"""Serves the sandbox's cloud over HTTP, so that any AWS tool can look around in it."""

import gc
import ipaddress
import logging
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer

from fourplane.errors import Mistake


def check(host: str, port: int) -> None:
    """Raise Mistake where nothing can listen. Asked before the deployment, which would be lost."""
    try:
        with socket.create_server((host, port)):
            pass
    except OSError as error:
        reason = (
            "is in use; choose another with --port"
            if error.errno == 98
            else f"cannot be used: {error.strerror}"
        )
        raise Mistake(f"{host}:{port} {reason}") from None


@contextmanager
def serving(host: str, port: int) -> Generator[str]:
    """Serve this process's moto while the block runs; the URL. Port 0 takes a free one."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=host, port=port, verbose=False)
    server.start()
    taken_host, taken = server.get_host_and_port()
    if not ipaddress.ip_address(taken_host).is_loopback:
        print(f"warning: whoever reaches {taken_host}:{taken} can change this cloud", file=sys.stderr)
    try:
        yield f"http://{f'[{taken_host}]' if ':' in taken_host else taken_host}:{taken}"
    finally:
        server.stop()


def wait() -> None:
    """Until Ctrl-C."""
    gc.enable()
    threading.Event().wait()
