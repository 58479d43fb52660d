"""Security group rules, however they were written, as one shape."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fourplane.reach.directory import Directory, many

GROUP = "aws:ec2/securityGroup:SecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
LAST_PORT = 65535
KINDS = {
    "referencedSecurityGroupId": "group",
    "sourceSecurityGroupId": "group",
    "securityGroups": "group",
    "prefixListId": "prefix list",
    "prefixListIds": "prefix list",
    "cidrIpv4": "addresses",
    "cidrIpv6": "addresses",
    "cidrBlocks": "addresses",
    "ipv6CidrBlocks": "addresses",
}
"""How rules name their peers, by property."""


@dataclass(frozen=True)
class Ports:
    """Ports of one protocol; "-1" is every protocol."""

    protocol: str
    first: int
    last: int

    def common(self, other: "Ports") -> "Ports | None":
        """What both let through."""
        if "-1" not in (self.protocol, other.protocol) and self.protocol != other.protocol:
            return None
        protocol = other.protocol if self.protocol == "-1" else self.protocol
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Ports(protocol, first, last) if first <= last else None

    def __str__(self) -> str:
        if self.protocol == "-1":
            return "everything"
        span = f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.protocol} {span}"


@dataclass(frozen=True)
class Rule:
    """One group lets one peer in, or lets its members out to it."""

    group: str
    out: bool
    kind: str
    """What the peer is: "group", "prefix list" or "addresses"."""
    peer: str
    """A group's id, a prefix list's id, or a CIDR."""
    ports: Ports

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
        """The peer's addresses, where it is a CIDR."""
        return ipaddress.ip_network(self.peer, strict=False) if self.kind == "addresses" else None


def rules(directory: Directory) -> list[Rule]:
    """Every rule of the stack: stand-alone ones, old and new, and those inside a group."""
    return [*_single(directory), *_old(directory), *_inside(directory)]


def _single(directory: Directory) -> Iterator[Rule]:
    for rule, values in directory.all(EGRESS, INGRESS):
        group, ports = values["securityGroupId"], _ports(values.get("ipProtocol"), values)
        for key, kind in KINDS.items():
            yield from _expanded(directory, group, rule.type == EGRESS, kind, many(values.get(key)), ports)


def _old(directory: Directory) -> Iterator[Rule]:
    for _, values in directory.all(OLD_RULE):
        yield from _spelled(directory, values["securityGroupId"], values["type"] == "egress", values)


def _inside(directory: Directory) -> Iterator[Rule]:
    for group, values in directory.all(GROUP):
        for way in ("ingress", "egress"):
            for entry in many(values.get(way)):
                yield from _spelled(directory, group.id, way == "egress", entry)


def _spelled(directory: Directory, group: str, out: bool, entry: dict[str, Any]) -> Iterator[Rule]:
    """A rule that may have several peers, the group itself among them."""
    ports = _ports(entry.get("protocol"), entry)
    for key, kind in KINDS.items():
        yield from _expanded(directory, group, out, kind, many(entry.get(key)), ports)
    if entry.get("self"):
        yield Rule(group, out, "group", group, ports)


def _ports(protocol: Any, values: dict[str, Any]) -> Ports:
    """Every port where none is given, as AWS has it; "all" is another word for "-1"."""
    known = str(protocol).lower()
    if known in ("-1", "all"):
        return Ports("-1", 0, LAST_PORT)
    first, last = int(values.get("fromPort", 0)), int(values.get("toPort", LAST_PORT))
    return Ports(known, 0, LAST_PORT) if first == -1 else Ports(known, first, last)


def _expanded(
    directory: Directory, group: str, out: bool, kind: str, peers: list[str], ports: Ports
) -> Iterator[Rule]:
    """One rule a peer; a prefix list of the stack's own is the addresses in it."""
    for peer in peers:
        if own := directory.named(peer, PREFIX_LIST):
            for entry in many(directory.values(own).get("entries")):
                yield Rule(group, out, "addresses", entry["cidr"], ports)
        else:
            yield Rule(group, out, kind, peer, ports)
