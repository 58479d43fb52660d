"""Linked networks: which members of two networks have a route to each other."""

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Sequence

from fourplane.reach.directory import Directory, many

PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ACCEPTER = "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter"
ROUTE = "aws:ec2/route:Route"
TABLE = "aws:ec2/routeTable:RouteTable"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SUBNET = "aws:ec2/subnet:Subnet"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Peerings:
    """The links between the networks of a stack, and the subnets that have a route over them."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._routed: dict[tuple[str, str], list[Network]] = defaultdict(list)
        for peering, ends in self._accepted():
            for here, there in (ends, ends[::-1]):
                self._routed[here, there] += self._subnets(here, peering)

    def linked(self, here: str, there: str) -> bool:
        """Whether some subnets of each of two networks have a route to the other."""
        return bool(self._routed.get((here, there)) and self._routed.get((there, here)))

    def neighbours(self, here: str) -> list[str]:
        return [there for at, there in self._routed if at == here and self.linked(here, there)]

    def lead(self, here: str, ours: Sequence[Network], there: str, theirs: Sequence[Network]) -> bool:
        """Whether some who stand in these addresses of two networks have a route to each other."""
        both = ((ours, self._routed.get((here, there), [])), (theirs, self._routed.get((there, here), [])))
        return all(_meet(stand, routed) for stand, routed in both)

    def _accepted(self) -> Iterator[tuple[str, tuple[str, str]]]:
        said_yes = {values.get("vpcPeeringConnectionId") for _, values in self._directory.all(ACCEPTER)}
        for peering, values in self._directory.all(PEERING):
            if peering.id in said_yes or values.get("autoAccept"):
                yield peering.id, (str(values.get("vpcId")), str(values.get("peerVpcId")))

    def _subnets(self, vpc: str, peering: str) -> Iterator[Network]:
        """The subnets of a network whose table has a route over a link."""
        tables = {
            values.get("routeTableId")
            for _, values in self._directory.all(ROUTE)
            if values.get("vpcPeeringConnectionId") == peering
        }
        for table, values in self._directory.all(TABLE):
            over = {r.get("vpcPeeringConnectionId") for r in many(values.get("routes"))}
            if values.get("vpcId") == vpc and (table.id in tables or peering in over):
                yield from self._served(table.id)

    def _served(self, table: str) -> Iterator[Network]:
        for _, values in self._directory.all(ASSOCIATION):
            if values.get("routeTableId") == table:
                subnet = self._directory.named(values.get("subnetId"), SUBNET)
                block = self._directory.values(subnet).get("cidrBlock") if subnet else None
                if block:
                    yield ipaddress.ip_network(block)


def _meet(some: Sequence[Network], others: Sequence[Network]) -> bool:
    return any(one.overlaps(other) for one in some for other in others if one.version == other.version)
