"""Nodes of regions on this machine, each on a loopback address of its own."""

import contextlib
import json
import os
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import tempfile
import threading
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

from components.ejabberd.capacity import Capacity
from components.ejabberd.node import API, DISTRIBUTION, FEDERATION, PATHS, Node, files

CAPACITY = Capacity(
    connections=3,
    receive_buffer_bytes=65536,
    listeners=2,
    file_descriptors=1000,
    processes=300_000,
    ports=65536,
    tracked=3,
    memory_bytes=2**30,
    sysctls={},
)
COOKIE = "loopback"
SECONDS = 60  # on a machine that has much else to do
IDLE = "ERL_FLAGS=+sbwt none +sbwtdcpu none +sbwtdio none"
"""Several nodes share this machine: none keeps a core busy while it waits."""
SRV = 33
http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(true, what, seconds=SECONDS):
    """Waits for something, which is asked again and again."""
    end = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return answer


class Machine:
    """A folder with what all nodes share: our modules, compiled by the program that real nodes have."""

    def __init__(self):
        # Not pytest's own folder: only root may enter it, and ejabberd is another user.
        self.root = Path(tempfile.mkdtemp(prefix="nodes-", dir="/tmp"))
        self.root.chmod(0o755)
        self.nodes, self.names = [], Names()
        (self.root / "resolv.conf").write_text(f"nameserver {Names.ADDRESS}\n")

    def node(self, **known):
        node = Running(self, Node(**{"partitions": 4, "capacity": CAPACITY, **known}))
        self.nodes.append(node)
        return node

    def stop(self):
        for node in self.nodes:
            node.kill(wait=False)
        self.names.stop()
        shutil.rmtree(self.root)


class Running:
    """A node in its folder: `files` as they are rendered, with other addresses and paths."""

    def __init__(self, machine, node):
        self.node, self.process, self.root = node, None, machine.root / node.address
        self.address, self.name = node.address, f"ejabberd@{node.address}"
        self.paths = replace(
            PATHS[node.system],
            configuration=f"{self.root}/etc",
            data=f"{self.root}/data",
            modules=f"{machine.root}/ebin",
            sources=f"{machine.root}/src",
            prepare=f"{machine.root}/prepare-ejabberd",
            control="/usr/sbin/ejabberdctl",
            loopback=node.address,
            resolver=f"{machine.root}/resolv.conf",
        )
        (self.root / "data").mkdir(parents=True)
        (self.root / "logs").mkdir()
        self.write()
        cookie = self.root / "data" / ".erlang.cookie"
        cookie.write_text(COOKIE)
        cookie.chmod(0o400)
        for path in (self.root, *self.root.rglob("*")):
            shutil.chown(path, "ejabberd")

    def write(self):
        compiled = Path(self.paths.modules).is_dir()
        for path, file in files(self.node, self.paths).items():
            if compiled and Path(path).parent == Path(self.paths.sources):
                continue
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(file.text)
            Path(path).chmod(int(file.mode, 8))
        strict = {**os.environ, "ERL_COMPILER_OPTIONS": "[warnings_as_errors]"}
        subprocess.run([self.paths.prepare, self.paths.configuration], env=strict, check=True)
        shutil.rmtree(self.paths.sources, ignore_errors=True)

    def start(self):
        assert self.process is None
        control = (
            *("runuser", "-u", "ejabberd", "--", "env", f"HOME={self.root}/data", IDLE, self.paths.control),
            *("--config-dir", f"{self.root}/etc", "--spool", f"{self.root}/data"),
            *("--logs", f"{self.root}/logs", "foreground"),
        )
        with (self.root / "logs" / "out").open("ab") as out:
            self.process = subprocess.Popen(
                control,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return self

    def kill(self, wait=True):
        """kill -9 of the node, and of the shell around it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
            if wait:
                until(lambda: not self.listens(DISTRIBUTION), f"{self.name} is gone")

    def listens(self, port):
        with socket.socket() as one:
            return one.connect_ex((self.address, port)) == 0

    def ready(self):
        """Waits until it serves."""

        def serves():
            assert self.process.poll() is None, self.said()
            return self.serves()

        until(serves, f"{self.name} serves: {self.said()}")
        return self

    def serves(self):
        try:
            return bool(self.ask("vitals"))
        except OSError:
            return False

    def said(self):
        return "".join(path.read_text() for path in sorted((self.root / "logs").iterdir()))

    def ask(self, command, **arguments):
        """A command's answer over HTTP."""
        body = json.dumps(arguments).encode() if arguments or command in ("drain", "undrain") else None
        url, kind = f"http://{self.address}:{API}/api/{command}", {"Content-Type": "application/json"}
        with http.open(urllib.request.Request(url, body, kind), timeout=10) as answer:
            return json.load(answer)

    def value(self, expression):
        """What an Erlang expression comes to on the node, as text without blanks."""
        address = f"{self.address}:{DISTRIBUTION}"
        told = subprocess.run(
            ["erl_call", "-c", COOKIE, "-r", "-address", address, "-timeout", "20", "-e"],
            input=f"{expression}.\n",
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert told.startswith("{ok, "), told
        return "".join(told[5:-1].split())


class Names:
    """A name server that knows each region's SRV records.

    Their hosts are addresses already: ejabberd asks the C library for those, which has its own name server.
    """

    ADDRESS = "127.0.53.53"

    def __init__(self):
        class Question(socketserver.BaseRequestHandler):
            def handle(self):
                asked, answers = self.request
                answers.sendto(names.answer(asked), self.client_address)

        names, self.known = self, {}
        self._server = socketserver.UDPServer((self.ADDRESS, 53), Question)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def region(self, domain, nodes):
        hosts = [struct.pack("!HHH", 0, 0, FEDERATION) + _wire(node.address) for node in nodes]
        self.known[f"_xmpp-server._tcp.{domain}"] = hosts

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def answer(self, asked):
        labels, at = [], 12
        while length := asked[at]:
            labels.append(asked[at + 1 : at + 1 + length].decode())
            at += 1 + length
        kind = struct.unpack("!H", asked[at + 1 : at + 3])[0]
        found = self.known.get(".".join(labels), []) if kind == SRV else []
        flags = 0x8580 if found else 0x8583
        head = asked[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0)
        records = (b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(one)) + one for one in found)
        return head + asked[12 : at + 5] + b"".join(records)


def _wire(name):
    return b"".join(bytes([len(one)]) + one.encode() for one in name.split(".")) + b"\0"
