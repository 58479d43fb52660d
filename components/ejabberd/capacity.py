"""What a chat server must have for its connections, and whether an instance type can hold them.

Everything comes from one number, the connections of a server. Looked up on 2026-11-25.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from components.component import Component
from components.instance_types import instance_memory
from components.state.sizes import Limit

BENCHMARK = "https://www.process-one.net/blog/ejabberd-massive-scalability-1node-2-million-concurrent-users/"
SESSION_BYTES = 160 * 2**30 // 2_000_000
"""Memory of one session without TLS, at most: ProcessOne had 2,000,000 of them, each with 18 contacts, on an
m4.10xlarge of 160 GiB, with its MySQL and the kernel's part of each connection: BENCHMARK. With TLS others
saw 90 GB in all: https://github.com/processone/ejabberd/issues/2062."""
SESSION_ROW_BYTES = 1067
"""A session's row and its two indexes in the table that every node of a cluster has in memory. Measured with
OTP 25: a `session` record of ejabberd_sm.hrl with its address and its resource, in ets."""
USABLE = 0.8
"""A fifth of the memory is kept free for what comes in bursts: reconnecting clients, copies while a heap is
collected, the system itself."""
LEAST_BUFFER = 16 * 1024
"""Two million WebSockets had this much each: https://phoenixframework.org/blog/the-road-to-2-million-websocket-connections"""
MOST_BUFFER = 8_192_000
"""The receive buffer that the case study sets, where there is memory for it."""
PAGE = 4096
PROXY_PORTS = Limit(
    65536 - 1024,
    "connections of one address to one port of another",
    "https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_bind",
)
LISTENERS = Limit(
    5269 - 5222,
    "ports for clients, from 5222 up to the one for other servers",
    "https://www.rfc-editor.org/rfc/rfc6120#section-14.7",
)
TRACKING = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html"
CLOSING = 10
"""One connection in so many is closing while its client has a new one: it is tracked, and has its process."""
PROCESSES = 250_000
PORTS_A_CONNECTION = 3
"""ejabberd's own count, and what it allows for all the rest: https://github.com/processone/ejabberd/blob/master/ejabberdctl.cfg.example"""

PUBLISHED_SOCKETS = 2_277_845
"""Connections that one FreeBSD server had with the numbers below:
https://blog.whatsapp.com/1-million-is-so-2011"""
PUBLISHED = {
    "kern.ipc.maxsockets": 2_400_000,
    "kern.maxfiles": 3_000_000,
    "kern.maxfilesperproc": 2_700_000,
}
PUBLISHED_FIXED = {
    "kern.maxproc": "16384",
    "net.inet.tcp.hostcache.hashsize": "4096",
    "net.inet.tcp.hostcache.cachelimit": "131072",
    "net.inet.tcp.hostcache.bucketlimit": "120",
}
PUBLISHED_HASH = 524_288
LEAST_FILES = 65536
LINUX_FILES = 2**20
"""What Linux lets a process open by itself: https://docs.kernel.org/admin-guide/sysctl/fs.html"""
BACKLOG = 32768
"""Connections that may wait to be accepted: https://docs.emqx.com/en/emqx/latest/performance/tune.html"""
TRACKED_SECONDS = 350
"""How long a security group remembers a connection on which nothing is said, where the default is five days,
dead ones too. As long as a Network Load Balancer does; clients are asked for a sign of life every 240 s."""


@dataclass(frozen=True)
class Capacity:
    """What a server of a region needs for its connections."""

    connections: int
    receive_buffer_bytes: int
    """The most that one connection's receive buffer grows to. The kernel takes memory for it on demand."""
    listeners: int
    """Ports for clients: proxies have so many ways to a server."""
    file_descriptors: int
    processes: int
    """Of the Erlang VM: +P."""
    ports: int
    """Of the Erlang VM: +Q."""
    tracked: int
    """Connections that the server's security groups track."""
    memory_bytes: int
    """The most that connections take, all receive buffers being full."""
    sysctls: Mapping[str, str]
    """The kernel's settings, by name."""


def capacity(
    owner: Component,
    connections: int,
    instance_type: str,
    *,
    proxies: int,
    system: str,
    receive_buffer_bytes: int | None = None,
    tracked_connections: int | None = None,
    servers: int = 1,
) -> Capacity:
    """What a chat server needs for some connections, on an instance of a type.

    `proxies`: machines that the connections come from; one of them may be lost. `receive_buffer_bytes`:
    default: the case study's, or as much as there is memory for. `tracked_connections`: how many connections
    the instance can track, as someone measured it (ENA's conntrack_allowance_available); AWS publishes no
    number. `servers`: chat servers of the region, each of which has the table of all their sessions.

    Rejects, with the arithmetic, what cannot hold. The VM's own limits are 2^27 - 1 processes and ports:
    memory ends far before.
    """
    if connections < 1:
        owner.reject("connections_per_server", connections, "at least 1")
    if proxies < 1:
        owner.reject("proxies", proxies, "at least 1")
    buffer = _receive_buffer(owner, connections, instance_type, receive_buffer_bytes, servers)
    tracked = connections + connections // CLOSING
    if tracked_connections is not None and tracked_connections < tracked:
        owner.reject(
            "tracked_connections",
            tracked_connections,
            f"at least {tracked:,}, so that the security group tracks {connections:,} connections and a "
            f"tenth that is closing ({TRACKING})",
        )
    return Capacity(
        connections=connections,
        receive_buffer_bytes=buffer,
        listeners=_listeners(owner, connections, proxies),
        file_descriptors=file_descriptors(connections),
        processes=connections + connections // CLOSING + PROCESSES,
        ports=max(LEAST_FILES, PORTS_A_CONNECTION * connections),
        tracked=tracked,
        memory_bytes=connections * (_session_bytes(servers) + buffer),
        sysctls=sysctls(system, connections, buffer),
    )


def file_descriptors(sockets: int) -> int:
    """Files that a process with some sockets may open."""
    return _scaled(PUBLISHED["kern.maxfilesperproc"], sockets)


def sysctls(system: str, sockets: int, buffer: int) -> dict[str, str]:
    """The settings of a kernel for some sockets whose receive buffers grow to `buffer` bytes."""
    return _freebsd(sockets, buffer) if system == "freebsd" else _linux(sockets, buffer)


def _session_bytes(servers: int) -> int:
    return SESSION_BYTES + (servers - 1) * SESSION_ROW_BYTES


def _receive_buffer(
    owner: Component, connections: int, instance_type: str, asked: int | None, servers: int
) -> int:
    """The most that a receive buffer may grow to, so that all of them can be full."""
    memory = instance_memory(owner, instance_type)
    session = _session_bytes(servers)
    left = memory * USABLE - connections * session
    fits = int(left / connections)
    having = f"{USABLE:.0%} of the {_gb(memory)} of {instance_type}"
    of_session = f"{session:,} bytes a session ({BENCHMARK})"
    if fits < LEAST_BUFFER:
        most = int(memory * USABLE / (session + LEAST_BUFFER))
        owner.reject(
            "connections_per_server",
            connections,
            f"at most {most:,}, so that {having} hold them at {of_session} and {LEAST_BUFFER:,} of receive "
            "buffer",
        )
    if asked is not None and not LEAST_BUFFER <= asked <= fits:
        owner.reject(
            "receive_buffer_bytes",
            asked,
            f"from {LEAST_BUFFER:,} to {fits:,}, so that memory holds all {connections:,} of them when they "
            f"are full: {connections:,} x {asked:,} bytes are {_gb(connections * asked)}, and {having} leave "
            f"{_gb(left)} beside {of_session}",
        )
    return asked or min(MOST_BUFFER, fits // PAGE * PAGE)


def _listeners(owner: Component, connections: int, proxies: int) -> int:
    """Ports that clients' connections need, one proxy being lost."""
    listeners = math.ceil(connections / (PROXY_PORTS.most * max(1, proxies - 1)))
    if listeners > LISTENERS.most:
        most = PROXY_PORTS.most * LISTENERS.most
        owner.reject(
            "proxies",
            proxies,
            f"at least {math.ceil(connections / most) + 1}, so that {connections:,} connections come through "
            f"when one is lost: there are at most {PROXY_PORTS}, and {LISTENERS}",
        )
    return listeners


def _freebsd(sockets: int, buffer: int) -> dict[str, str]:
    """The settings of a FreeBSD server with 2,277,845 connections, for as many as there are."""
    hashed = 2 ** math.ceil(math.log2(_scaled(PUBLISHED_HASH, sockets)))
    return {
        **{name: str(_scaled(value, sockets)) for name, value in PUBLISHED.items()},
        **PUBLISHED_FIXED,
        "net.inet.tcp.tcbhashsize": str(hashed),
        "kern.ipc.soacceptqueue": str(BACKLOG),
        # A socket may have 2048 of each 2304 bytes: https://man.freebsd.org/cgi/man.cgi?query=tuning&sektion=7
        "kern.ipc.maxsockbuf": str(max(2 * 2**20, math.ceil(buffer * 2304 / 2048))),
        "net.inet.tcp.recvspace": str(min(buffer, 65536)),
        "net.inet.tcp.recvbuf_max": str(buffer),
    }


def _linux(sockets: int, buffer: int) -> dict[str, str]:
    pages = max(LEAST_FILES, math.ceil(sockets * buffer / PAGE))
    return {
        "fs.file-max": str(max(LINUX_FILES, _scaled(PUBLISHED["kern.maxfiles"], sockets))),
        "fs.nr_open": str(max(LINUX_FILES, file_descriptors(sockets))),
        "net.core.somaxconn": str(BACKLOG),
        "net.ipv4.tcp_max_syn_backlog": str(BACKLOG),
        # The kernel doubles what a program asks for: https://man7.org/linux/man-pages/man7/socket.7.html
        "net.core.rmem_max": str(buffer // 2),
        "net.ipv4.tcp_rmem": f"{PAGE} {min(buffer, 65536)} {buffer}",
        # In pages, for all connections together; by default an eighth of the memory.
        "net.ipv4.tcp_mem": f"{pages // 2} {pages} {pages * 2}",
    }


def _scaled(published: int, sockets: int) -> int:
    return max(LEAST_FILES, math.ceil(published * sockets / PUBLISHED_SOCKETS))


def _gb(count: float) -> str:
    return f"{count / 10**12:.1f} TB" if count >= 10**12 else f"{count / 10**9:.1f} GB"
