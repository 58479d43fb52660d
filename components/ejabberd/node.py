"""What a node of a region's Erlang cluster has on its disk: ejabberd's settings, and our modules for it."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.ejabberd.capacity import Capacity
from components.machine import BootFile, render
from components.system import FREEBSD, LINUX

HERE = Path(__file__).parent
CLIENTS, FEDERATION, DISTRIBUTION, API = 5222, 5269, 5210, 5280
"""Ports: the first for clients, for other regions' servers, for nodes of the cluster, and on loopback."""
DRAIN_SECONDS = 600
"""In which a chat server sends all of its clients away. A lifecycle hook that waits for it has to allow more:
a client needs a moment to go."""
KINDS = 2
"""Tables that each partition has: see `kinds` in shards.erl."""
OTHER_TABLES = 2053
"""ets tables that ejabberd allows by default: ERL_MAX_ETS_TABLES in its ejabberdctl.cfg."""


@dataclass(frozen=True)
class Paths:
    """Where things are on a system."""

    configuration: str
    data: str
    modules: str
    """Our modules, compiled."""
    sources: str
    """Our modules; on Linux only while the image is built."""
    prepare: str
    """The program that makes what is not a file of `files`: it runs before each start, as root."""
    control: str
    """ejabberd's own ejabberdctl."""
    loopback: str = "127.0.0.1"
    resolver: str = "/etc/resolv.conf"


PATHS = {
    FREEBSD: Paths(
        configuration="/usr/local/etc/ejabberd",
        data="/var/spool/ejabberd",
        modules="/usr/local/lib/fourplane/ebin",
        sources="/usr/local/lib/fourplane/src",
        prepare="/usr/local/sbin/prepare-ejabberd",
        control="/usr/local/sbin/ejabberdctl",
    ),
    LINUX: Paths(
        configuration="/etc/ejabberd",
        data="/var/lib/ejabberd",
        modules="/usr/lib/fourplane/ebin",
        sources="/usr/lib/fourplane/src",
        prepare="/usr/local/sbin/prepare-ejabberd",
        control="/usr/sbin/ejabberdctl",
    ),
}


@dataclass(frozen=True)
class Node:
    """A node of a region, "ejabberd@<address>"."""

    address: str
    """Its fixed IPv4 address."""
    domain: str
    """The region's XMPP domain, "<area>.<the domain of all>": other regions are its siblings."""
    chat: bool
    """Whether it takes clients and other regions' servers. Otherwise it keeps tables."""
    stores: Sequence[str]
    """Addresses of the nodes that keep tables, zone by zone in turn: the owner of a partition is
    stores[partition % n], and its standby the next."""
    partitions: int
    """Tables that users are spread over. Chosen once: docs/messaging.md says how to double it."""
    capacity: Capacity
    system: str = FREEBSD

    @property
    def ports(self) -> range:
        """Those for clients."""
        return range(CLIENTS, CLIENTS + self.capacity.listeners)


def files(node: Node, paths: Paths | None = None) -> dict[str, BootFile]:
    """A node's files by their paths. `paths`: where a test has them; default: the system's own.

    On Linux our modules and `prepare` are in the image: `image_files`.
    """
    at = paths or PATHS[node.system]
    settings = {
        f"{at.configuration}/ejabberd.yml": _settings("ejabberd.yml.j2", node, at),
        f"{at.configuration}/ejabberdctl.cfg": _settings("ejabberdctl.cfg.j2", node, at),
        f"{at.configuration}/inetrc": _settings("inetrc.j2", node, at),
        f"{at.configuration}/prepare.env": BootFile(_env(node.domain if node.chat else "", at)),
    }
    if node.system == LINUX:
        return settings
    return {
        **settings,
        at.prepare: BootFile.program(HERE / "prepare-ejabberd.sh"),
        **{f"{at.sources}/{name}": BootFile(text) for name, text in modules().items()},
    }


def image_files() -> dict[str, str]:
    """The sources of the image that Linux runs, for ServiceImage's `files`."""
    at = PATHS[LINUX]
    return {
        **{
            name: (HERE / name).read_text(encoding="utf-8")
            for name in ("prepare-ejabberd.sh", "start-ejabberd.sh")
        },
        "Dockerfile": (HERE / "image" / "Dockerfile").read_text(encoding="utf-8"),
        "prepare.env": _env("", at),
        **{f"src/{name}": text for name, text in modules().items()},
    }


@functools.cache
def modules() -> Mapping[str, str]:
    """Our modules' sources by the names of their files."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted((HERE / "src").glob("*.erl"))}


def _settings(template: str, node: Node, at: Paths) -> BootFile:
    text = render(
        HERE / template,
        **vars(node),
        client_ports=node.ports,
        federation_port=FEDERATION,
        distribution_port=DISTRIBUTION,
        api_port=API,
        drain_seconds=DRAIN_SECONDS,
        tables=OTHER_TABLES + KINDS * node.partitions,
        data=at.data,
        modules=at.modules,
        loopback=at.loopback,
        resolver=at.resolver,
    )
    return BootFile(text)


def _env(domain: str, at: Paths) -> str:
    values = {
        "DOMAIN": domain,
        "DATA": at.data,
        "MODULES": at.modules,
        "SOURCES": at.sources,
        "EJABBERDCTL": at.control,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items())
