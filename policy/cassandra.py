"""Cassandra rings as a stack shows them: in what its machines are told when they start."""

import base64
import binascii
import functools
import gzip
import re
import zlib
from dataclasses import dataclass

from pulumi_policy.proxy import UnknownValueError

from policy.resource import Resource, Stack, texts
from policy.zones import region, zones

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:autoscaling/group:Group"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
CLUSTER = re.compile(r"(?:^|\")\s*cluster_name:\s*[\"']?([^\"'\n]+)", re.MULTILINE)
TOKEN = re.compile(r"(?:^|\")\s*initial_token:\s*[\"']?(-?\d+)", re.MULTILINE)
SEEDS = re.compile(r"^[\s-]*seeds:\s*[\"']?([^\"'\n]+)", re.MULTILINE)
HALF = 2**63


@dataclass(frozen=True)
class Node:
    """A machine whose cassandra.yaml its user data holds, and which is in one zone."""

    machine: Resource
    cluster: str
    zone: str
    token: int | None
    seeds: tuple[str, ...]


@functools.lru_cache(maxsize=1)  # three rules ask the same stack for each of its templates
def nodes(stack: Stack) -> dict[str, Node]:
    """All nodes of the stack, by the URN of the template or instance that starts them."""
    found: dict[str, Node] = {}
    unknown: UnknownValueError | None = None
    for machine in stack.all(TEMPLATE, INSTANCE):
        try:
            node = _node(machine, stack)
        except UnknownValueError as error:
            unknown = error
        else:
            found |= {machine.urn: node} if node else {}
    if unknown and found:  # a ring with a node that cannot be seen cannot be judged; other stacks have none
        raise unknown
    return found


def ring(node: Node, stack: Stack) -> list[Node]:
    """The nodes of its datacenter, which is its region, in the order of their tokens."""
    return _rings(stack)[node.cluster, region(node.zone)]


@functools.lru_cache(maxsize=1)
def _rings(stack: Stack) -> dict[tuple[str, str], list[Node]]:
    found: dict[tuple[str, str], list[Node]] = {}
    for one in sorted(nodes(stack).values(), key=lambda one: (one.token or 0, one.machine.urn)):
        found.setdefault((one.cluster, region(one.zone)), []).append(one)
    return found


@functools.lru_cache(maxsize=1)
def addresses(stack: Stack) -> dict[str, str]:
    """The zone of each private address that the stack gives to a network interface or an instance."""
    found: dict[str, str] = {}
    for one in stack.all(INTERFACE, INSTANCE):
        for zone in zones(one, stack, "subnetId"):
            found |= dict.fromkeys([*one.names("privateIp"), *texts(one.given("privateIps") or ())], zone)
    return found


def priam_tokens(place: str, size: int) -> list[int]:
    """The tokens of a ring's slots: https://github.com/Netflix/Priam, TokenManager.java."""
    hashed = 0
    for character in place:
        hashed = (31 * hashed + ord(character)) % 2**32
    offset = abs(hashed - 2**32 if hashed >= 2**31 else hashed) - HALF
    return [(2 * HALF // size) * slot + offset for slot in range(size)]


def _node(machine: Resource, stack: Stack) -> Node | None:
    said = _plain(machine.given("userDataBase64") or machine.given("userData"))
    cluster, token, seeds = (one.search(said) for one in (CLUSTER, TOKEN, SEEDS))
    where = _zones(machine, stack) if cluster and seeds else set()
    if not (cluster and seeds) or len(where) != 1:
        return None
    named = tuple(one.strip().partition(":")[0] for one in seeds[1].split(","))
    return Node(machine, cluster[1].strip(), where.pop(), int(token[1]) if token else None, named)


def _zones(machine: Resource, stack: Stack) -> set[str]:
    if machine.type == INSTANCE:
        return zones(machine, stack, "subnetId") or set(texts(machine["availabilityZone"] or ()))
    groups = stack.users(machine, "launchTemplate", GROUP)
    return {zone for one in groups for zone in zones(one, stack, "vpcZoneIdentifiers")}


def _plain(data: object) -> str:
    """User data, as cloud-init would read it, with what stands in texts inside of it on lines of its own."""
    text = str(data or "")
    try:
        raw = base64.b64decode(text, validate=True)
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode(errors="replace")
    except (binascii.Error, ValueError, OSError, EOFError, zlib.error):
        pass  # an instance's may be plain
    return text.replace("\\n", "\n").replace('\\"', '"')
