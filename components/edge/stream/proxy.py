"""What a machine of nginx must have for the connections that it hands on, and its files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from components.component import Component
from components.ejabberd.capacity import BACKLOG, PROXY_PORTS, TRACKED_SECONDS, file_descriptors, sysctls
from components.instance_types import instance_cpus, instance_memory
from components.machine import render

TEMPLATE = Path(__file__).parent / "nginx.conf.j2"
PORT, HEALTH_PORT, VITALS_PORT = 5222, 8081, 8082
CONNECTION_BYTES = 20 * 1024
"""Memory of one connection that is handed on: 12 KiB of nginx, with its two buffers of 4 KiB, and two sockets
of 3.6 KiB in Linux. Measured with 4000 of them through nginx 1.22."""
USABLE = 0.8
"""A fifth is kept free, for what is in sockets when one side is slow."""
BUFFER = 16 * 1024
"""The most of a socket's receive buffer: what is read is handed on at once."""
UNEVEN = 1.5
"""How many more connections than its share a worker may get."""
PEER_KILOBYTES = 2
"""Memory that nginx's workers share for one server and port, at most."""


@dataclass(frozen=True)
class Nginx:
    """What nginx's settings are by its system."""

    module: str
    """The file of its stream module; "" where that is built in."""
    run_folder: str
    error_log: str
    foreground: bool


FREEBSD = Nginx(
    # It is a module there: https://cgit.freebsd.org/ports/tree/www/nginx/Makefile
    module="/usr/local/libexec/nginx/ngx_stream_module.so",
    run_folder="/var/run",
    error_log="/var/log/nginx/error.log",
    foreground=False,
)
LINUX = Nginx(module="", run_folder="/tmp", error_log="/dev/stderr", foreground=True)


@dataclass(frozen=True)
class Proxy:
    """A machine of nginx."""

    connections: int
    """Connections that it hands on when all servers are full and another machine is lost."""
    max_conns: int
    """Of them, those to one port of one server."""
    workers: int
    open_files: int
    system: str
    health_port: int = HEALTH_PORT
    vitals_port: int = VITALS_PORT
    port: int = PORT

    @property
    def settings(self) -> dict[str, str]:
        """The kernel's."""
        sockets = sysctls(self.system, 2 * self.connections, BUFFER)
        if self.system == "freebsd":
            return {**sockets, "net.inet.ip.portrange.first": "1024", "net.inet.ip.portrange.last": "65535"}
        reserved = ",".join(str(port) for port in (self.port, self.health_port, self.vitals_port))
        return {
            **sockets,
            "net.ipv4.ip_local_port_range": "1024 65535",
            "net.ipv4.ip_local_reserved_ports": reserved,
        }

    def configuration(self, servers: Sequence[str], nginx: Nginx) -> str:
        """nginx.conf. `servers`: each server's each port, "10.0.1.5:5222"."""
        return render(
            TEMPLATE,
            **vars(nginx),
            **vars(self),
            servers=servers,
            worker_connections=math.ceil(2 * self.connections / self.workers * UNEVEN) + 1024,
            zone_kilobytes=max(64, PEER_KILOBYTES * len(servers)),
            backlog=BACKLOG,
            receive_buffer=BUFFER,
            buffer=4096,
            idle_seconds=TRACKED_SECONDS + 10,
        )


def proxy(
    owner: Component,
    *,
    instance_type: str,
    system: str,
    machines: int,
    servers: int,
    ports: int,
    connections_per_server: int,
) -> Proxy:
    """What one of some machines needs, so that the others carry all connections when one is lost. Rejects
    servers with too few ports for them, and an instance type without the memory."""
    left = max(1, machines - 1)
    max_conns = math.ceil(connections_per_server / ports / left)
    if max_conns > PROXY_PORTS.most:
        least = math.ceil(connections_per_server / left / PROXY_PORTS.most)
        owner.reject(
            "ports",
            ports,
            f"at least {least}, so that {left} machines reach a server with {connections_per_server:,} "
            f"connections: there are at most {PROXY_PORTS}",
        )
    connections = max_conns * ports * servers
    memory = instance_memory(owner, instance_type)
    if connections * CONNECTION_BYTES > memory * USABLE:
        owner.reject(
            "instance_type",
            instance_type,
            f"one with {connections * CONNECTION_BYTES / USABLE / 2**30:.1f} GiB of memory, a fifth of it "
            f"free, so that {left} machines hand on {servers * connections_per_server:,} connections at "
            f"{CONNECTION_BYTES:,} bytes each when one is lost (it has {memory / 2**30:g} GiB)",
        )
    return Proxy(
        connections=connections,
        max_conns=max_conns,
        workers=instance_cpus(owner, instance_type),
        open_files=file_descriptors(2 * connections),
        system=system,
    )
