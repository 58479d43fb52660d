"""Ways through security groups as rules read them, whichever kind of resource they are written in."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from policy.documents import listed
from policy.resource import Resource, Stack

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
RULES = (INGRESS, EGRESS, OLD_RULE)
INLINE = (GROUP, DEFAULT_GROUP)

EVERY_PORT = range(65_536)
WITHOUT_PORTS = ("icmp", "icmpv6", "1", "58")
OWN, PEERS = "securityGroupId", ("referencedSecurityGroupId", "sourceSecurityGroupId")


class Way:
    """One way: a rule of its own, or a block inside a group."""

    __slots__ = ("_block", "_key", "inbound", "resource")

    def __init__(self, resource: Resource, key: str = "", block: Mapping[str, Any] | None = None) -> None:
        self.resource, self._key, self._block = resource, key, block
        self.inbound = key == "ingress" or resource.type == INGRESS
        if resource.type == OLD_RULE:
            self.inbound = resource.given("type") == "ingress"

    def _given(self, *keys: str) -> list[Any]:
        found = [self.resource.given(key) if self._block is None else self._block.get(key) for key in keys]
        return [inner for one in found for inner in ([one] if isinstance(one, (int, float)) else listed(one))]

    @property
    def cidrs(self) -> list[str]:
        return self._given("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks")

    @property
    def protocol(self) -> str:
        return str(next(iter(self._given("ipProtocol", "protocol")), "-1")).lower().replace("all", "-1")

    @property
    def ports(self) -> range:
        """None for a ping."""
        first, last = self._given("fromPort"), self._given("toPort")
        if self.protocol in WITHOUT_PORTS:
            return range(0)
        if self.protocol == "-1" or not (first and last):
            return EVERY_PORT
        return range(int(first[0]), int(last[0]) + 1)

    def from_everywhere(self, stack: Stack) -> bool:
        """Whether an address or a prefix list lets in the whole internet."""
        keys = [self._key] if self._key else ["prefixListId", "prefixListIds"]
        lists = [one for key in keys for one in stack.behind(self.resource, key, PREFIX_LIST)]
        listed_there = [entry["cidr"] for one in lists for entry in one.many("entries")]
        return self.inbound and any(map(everywhere, [*self.cidrs, *listed_there]))


def everywhere(cidr: str) -> bool:
    """Whether a network is the whole internet, or a half of it."""
    return cidr.endswith(("/0", "/1"))


def ways(resource: Resource) -> Iterator[Way]:
    """All ways that a rule, or a group itself, opens."""
    if resource.type in RULES:
        yield Way(resource)
    else:
        for key in ("ingress", "egress"):
            yield from (Way(resource, key, block) for block in listed(resource.given(key)))


def open_ports(resource: Resource, stack: Stack) -> list[range]:
    """The ports that a rule, or a group itself, opens to the whole internet."""
    return [way.ports for way in ways(resource) if way.from_everywhere(stack)]


def named(ports: range) -> str:
    """Ports as one says them: "port 22", "ports 0 to 65535"."""
    return f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"


def ends(rule: Resource, stack: Stack) -> tuple[set[str], set[str]]:
    """URNs of the group that a rule is of, and of the one that it names; those that the stack has."""
    own = _groups(stack.behind(rule, OWN))
    if rule.given("self"):
        return own, own
    return own, {urn for key in PEERS for urn in _groups(stack.behind(rule, key))}


def has_its_pair(rule: Resource, stack: Stack) -> bool:
    """Whether the group that a rule names has the rule of the other side, for all its ports."""
    way = Way(rule)
    own, peer = ends(rule, stack)
    met = [one for a in peer for b in own for one in _arrows(stack).get((not way.inbound, a, b), ())]
    return any(
        pair.protocol in (way.protocol, "-1")
        and all(port in pair.ports for port in (*way.ports[:1], *way.ports[-1:]))
        for pair in met
    )


def _groups(those: list[Resource]) -> set[str]:
    """Security groups, or else what has one of its own, such as an EKS cluster."""
    return {one.urn for one in those if one.type in INLINE} or {one.urn for one in those}


@lru_cache(maxsize=1)
def _arrows(stack: Stack) -> dict[tuple[bool, str, str], list[Way]]:
    """Ways between two groups, by whether they lead in, the group that they are of and the one they name."""
    found: dict[tuple[bool, str, str], list[Way]] = {}
    for rule in stack.all(*RULES):
        own, peer = ends(rule, stack)
        for key in ((Way(rule).inbound, a, b) for a in own for b in peer):
            found.setdefault(key, []).append(Way(rule))
    return found
