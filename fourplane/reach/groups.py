"""Ways that security groups open: the client's must let it out, and the server's must let it in."""

import ipaddress
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from fourplane.graph import Resource
from fourplane.reach.balancers import BALANCER, Balancers
from fourplane.reach.directory import AWS, INTERNET, Directory, Way, many
from fourplane.reach.peerings import Peerings
from fourplane.reach.rules import EGRESS, GROUP, INGRESS, OLD_RULE, Ports, Rule, rules

INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
BY = "security groups"
PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def group_ways(directory: Directory) -> Iterator[Way]:
    """Ways between members of security groups, out to service endpoints, and from and to the outside."""
    yield from Groups(directory).ways()


class Groups:
    """The security groups of a stack: who wears them, and what their rules let through."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        every = rules(directory)
        self.leaving = [rule for rule in every if rule.out]
        self.entering = [rule for rule in every if not rule.out]
        self._known_networks: dict[str, list[Network]] = {}
        self._known_beyond: dict[str, list[Network]] = {}
        self._peerings = Peerings(directory)
        self.balancers = Balancers(directory, self.open_ports, self.wearers)

    @cached_property
    def wearers(self) -> dict[str, list[Resource]]:
        """The resources that are members of each group, by its id."""
        found: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.directory.graph.values():
            if resource.custom and resource.type not in (GROUP, EGRESS, INGRESS, OLD_RULE):
                for group in set(_worn(self.directory.values(resource))):
                    found[group].append(resource)
        return found

    def ways(self) -> Iterator[Way]:
        yield from self._between_members()
        for rule in self.leaving:
            yield from self._out(rule)
        for rule in self.entering:
            yield from self._in(rule)

    def _between_members(self) -> Iterator[Way]:
        for out in self.leaving:
            for into in self.entering:
                if (ports := self._meeting(out, into)) is None:
                    continue
                for client in self.wearers[out.group]:
                    for server in self.wearers[into.group]:
                        if self.balancers.sends(client, server, ports) and self.balancers.hears(
                            server, ports
                        ):
                            yield Way(self.directory.of(client), self.directory.of(server), BY, str(ports))

    def open_ports(self, client_group: str, server_group: str) -> list[Ports]:
        """What members of one group can say to members of another."""
        met = (
            self._meeting(out, into)
            for out in self.leaving
            if out.group == client_group
            for into in self.entering
            if into.group == server_group
        )
        return [ports for ports in met if ports]

    def _meeting(self, out: Rule, into: Rule) -> Ports | None:
        """What a rule of a client's group and one of a server's let through together."""
        if not (self._means(out, into.group) and self._means(into, out.group)):
            return None
        here, there = self._vpc(out.group), self._vpc(into.group)
        if here != there and not self._peerings.lead(
            here, self._networks(out.group), there, self._networks(into.group)
        ):
            return None
        return out.ports.common(into.ports)

    def _means(self, rule: Rule, group: str) -> bool:
        """Whether a rule's peer is a group, or addresses that the group's members may have."""
        network = rule.network
        return rule.peer == group if network is None else any(map(network.overlaps, self._networks(group)))

    def _vpc(self, group: str) -> str:
        found = self.directory.named(group, GROUP)
        return str(self.directory.values(found).get("vpcId", "")) if found else ""

    def _networks(self, group: str) -> list[Network]:
        """The subnets that a group's members stand in, or else the whole network around them, and the
        addresses that they have for good."""
        if group not in self._known_networks:
            boxes = {self.directory.of(resource) for resource in self.wearers[group]}
            subnets = [values for subnet, values in self.directory.all(SUBNET) if boxes & self._users(subnet)]
            blocks = [one["cidrBlock"] for one in subnets if "cidrBlock" in one]
            around = [*map(ipaddress.ip_network, blocks)] or self._around(group)
            self._known_networks[group] = [*around, *self._fixed(group)]
        return self._known_networks[group]

    def _around(self, group: str) -> list[Network]:
        """The VPC that a group is in, or any private network where the stack does not make it."""
        vpc = self.directory.named(self._vpc(group), VPC)
        block = self.directory.values(vpc).get("cidrBlock") if vpc else None
        return [*map(ipaddress.ip_network, [block] if block else PRIVATE)]

    def _fixed(self, group: str) -> list[Network]:
        """The addresses of its members' own network interfaces."""
        interfaces = (self.directory.values(one) for one in self.wearers[group] if one.type == INTERFACE)
        return [ipaddress.ip_network(known["privateIp"]) for known in interfaces if known.get("privateIp")]

    def _near(self, group: str) -> list[Network]:
        """The addresses around a group, and those of networks that are linked with its own."""
        vpc = self._vpc(group)
        if vpc not in self._known_beyond:
            beyond = set(self._peerings.neighbours(vpc))
            members = [one for one in self.wearers if self._vpc(one) in beyond]
            self._known_beyond[vpc] = [block for one in members for block in self._networks(one)]
        return [*self._around(group), *self._known_beyond[vpc]]

    def _users(self, subnet: Resource) -> set[str]:
        """The components that put something into a subnet."""
        return {self.directory.of(resource) for resource in self.directory.naming(subnet.id)}

    def _out(self, rule: Rule) -> Iterator[Way]:
        """To a service through its endpoint's prefix list, or to addresses that are nobody's here."""
        target = self.outside(rule)
        for client in self.wearers[rule.group] if target else ():
            if client.type != BALANCER:  # it speaks to its targets only
                yield Way(self.directory.of(client), target, BY, str(rule.ports))

    def _in(self, rule: Rule) -> Iterator[Way]:
        source = self.outside(rule)
        for server in self.wearers[rule.group] if source else ():
            private = source == INTERNET and self.directory.values(server).get("internal") is True
            if not private and self.balancers.hears(server, rule.ports):
                yield Way(source, self.directory.of(server), BY, str(rule.ports))

    def outside(self, rule: Rule) -> str:
        """Whom a rule's peer stands for beyond the groups of the stack: empty for nobody."""
        if rule.kind == "prefix list":
            endpoint = self.directory.named(rule.peer, ENDPOINT)
            return self.directory.of(endpoint) if endpoint else AWS
        if (network := rule.network) is None:
            return ""
        if not network.is_private:
            return INTERNET
        return "" if any(map(network.overlaps, self._near(rule.group))) else rule.peer


def _worn(value: Any) -> Iterator[str]:
    """The group ids under any property that lists security groups."""
    if isinstance(value, list):
        for inner in value:
            yield from _worn(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if "securitygroup" in key.lower() and all(isinstance(one, str) for one in many(inner)):
                yield from many(inner)
            elif key == "pipelineDefinition" and isinstance(inner, str):  # its jobs wear what their steps say
                yield from _worn(json.loads(inner))
            else:
                yield from _worn(inner)
