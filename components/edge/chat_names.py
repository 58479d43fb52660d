"""The names under which chat clients and chat servers find a server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.edge.domain import NAME

CLIENTS, CLIENTS_WITH_TLS, SERVERS = 5222, 5223, 5269
"""https://xmpp.org/extensions/xep-0368.html, https://www.rfc-editor.org/rfc/rfc6120.html."""
SECONDS = 60
"""How long an answer is kept by who asked: as Route 53's own for load balancers."""


class ChatArea(TypedDict):
    """A region's part of a chat service."""

    region: str
    """AWS region that it is in, another one for each area."""
    vpc_id: pulumi.Input[str]
    """Its network, in which servers of all areas are found."""
    dns_name: pulumi.Input[str]
    """Its load balancer's own name (StreamBalancer.dns_name)."""
    balancer_zone_id: pulumi.Input[str]
    """Zone of that name (StreamBalancer.zone_id)."""
    servers: Sequence[pulumi.Input[str]]
    """Addresses of its chat servers, in an order that stays."""


class ChatNamesArgs(ComponentArgs):
    domain: str
    """Domain of the whole service, in lower case: "chat.example.com". An area's is "<area>.<domain>", which
    is what its users' addresses end with."""
    areas: Mapping[str, ChatArea]
    """Each area by its name in the domain: "eu"."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Public Route 53 zone of the domain, or of one around it (Domain.zone_id): clients find the service
    there, on port 5223 with TLS, and not in the areas' networks. Default: only these find it, on port
    5222."""


class ChatNames(Component):
    """Names for clients: an area's own, and one that leads to the nearest area that answers; and names for
    servers, which the areas' networks alone can see.

    A user stays with an area, so the name of one leads nowhere else. A new user asks for the whole domain.
    """

    private_zone_id: pulumi.Output[str]

    def __init__(self, name: str, args: ChatNamesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)
        domain, areas = args["domain"], args["areas"]

        zone = aws.route53.Zone(
            name,
            name=domain,
            comment=name,
            vpcs=[{"vpc_id": one["vpc_id"], "vpc_region": one["region"]} for one in areas.values()],
            opts=self.child,
        )
        public = args.get("zone_id")
        entrance = zone.zone_id if public is None else public
        service, port = ("xmpp", CLIENTS) if public is None else ("xmpps", CLIENTS_WITH_TLS)
        for area, one in areas.items():
            own = f"{area}.{domain}"
            self._balancer(f"{name}-{area}", entrance, own, one)
            self._service(f"{name}-{area}-clients", entrance, f"_{service}-client._tcp.{own}", [(port, own)])
            self._servers(zone, area, own, one["servers"])
            self._balancer(
                f"{name}-nearest-{area}",
                entrance,
                domain,
                one,
                set_identifier=area,
                latency_routing_policies=[{"region": one["region"]}],
            )
        # It leads on to the nearest area's balancer, whose health the records of that name know.
        self._service(f"{name}-clients", entrance, f"_{service}-client._tcp.{domain}", [(port, domain)])

        self.private_zone_id = zone.zone_id
        self.register_outputs({"private_zone_id": self.private_zone_id})

    def _check(self, args: ChatNamesArgs) -> None:
        domain, areas = args["domain"], args["areas"]
        names = [domain, *(f"{area}.{domain}" for area in areas)]
        for one in names:
            if not NAME.fullmatch(one):
                self.reject("domain", one, "a domain in lower case, such as 'chat.example.com'")
        regions = [one["region"] for one in areas.values()]
        if not areas or len(set(regions)) < len(regions):
            expected = "at least one, each in another region, so that Route 53 can tell which is near"
            self.reject("areas", dict(zip(areas, regions, strict=True)), expected)
        for area, one in areas.items():
            if not one["servers"]:
                self.reject("areas", area, "of one chat server or more")

    def _balancer(
        self, name: str, zone_id: pulumi.Input[str], host: str, area: ChatArea, **routing: Any
    ) -> None:
        """A name of an area's load balancer, which Route 53 leaves out of shared ones while it has no healthy
        machine:
        https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html."""
        target: Any = {
            "name": area["dns_name"],
            "zone_id": area["balancer_zone_id"],
            "evaluate_target_health": True,
        }
        aws.route53.Record(
            name, zone_id=zone_id, name=host, type="A", aliases=[target], **routing, opts=self.child
        )

    def _service(
        self, name: str, zone_id: pulumi.Input[str], service: str, hosts: Sequence[tuple[int, str]]
    ) -> None:
        """Who offers a service: all of them the same share of it."""
        records = [f"0 1 {port} {host}." for port, host in hosts]
        aws.route53.Record(
            name, zone_id=zone_id, name=service, type="SRV", ttl=SECONDS, records=records, opts=self.child
        )

    def _servers(
        self, zone: aws.route53.Zone, area: str, own: str, addresses: Sequence[pulumi.Input[str]]
    ) -> None:
        """Each chat server's name, and the service of all: another area's server tries one after another."""
        hosts = list(_hosts(own, addresses))
        for number, (host, address) in enumerate(hosts, 1):
            aws.route53.Record(
                f"{self.name}-{area}-{number}",
                zone_id=zone.zone_id,
                name=host,
                type="A",
                ttl=SECONDS,
                records=[address],
                opts=self.child,
            )
        offered = [(SERVERS, host) for host, _ in hosts]
        self._service(f"{self.name}-{area}-servers", zone.zone_id, f"_xmpp-server._tcp.{own}", offered)


def _hosts(own: str, addresses: Sequence[pulumi.Input[str]]) -> Iterator[tuple[str, pulumi.Input[str]]]:
    """The name of each server of an area, and its address."""
    return ((f"chat-{number}.{own}", address) for number, address in enumerate(addresses, 1))
