"""Which address a viewer gets, by the network that asks."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs

LOCATION = re.compile(r"[0-9A-Za-z_-]{1,16}")
"""https://docs.aws.amazon.com/Route53/latest/APIReference/API_CidrCollectionChange.html"""
LONGEST_PREFIX = 24
"""https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-ipbased.html"""


class Answer(TypedDict):
    """What stands behind an address."""

    dns_name: pulumi.Input[str]
    """Host name of a load balancer or a distribution."""
    zone_id: pulumi.Input[str]
    """Route 53 zone of that name."""


class HostName(TypedDict):
    """One host name, and who answers at it."""

    name: str
    """The name that viewers ask for."""
    everyone: Answer
    """Who answers those whose network is not named, or whose network's own answer is not healthy."""
    networks: Mapping[str, Answer]
    """Who answers the networks that are, by their names in `networks` of the whole."""


class ViewerRoutingArgs(ComponentArgs):
    networks: Mapping[str, Sequence[str]]
    """IPv4 networks, as CIDRs of /24 or wider, by the name of who has them: 16 letters, digits, "-", "_"."""
    zone_id: NotRequired[pulumi.Input[str]]
    """Public Route 53 zone that gets the records. Default: there are none, only the networks; without a
    domain of one's own viewers have no name to ask for."""
    host_names: NotRequired[Mapping[str, HostName]]
    """Host names in that zone. Default: none."""


class ViewerRouting(Component):
    """Route 53 IP-based routing: who asks from a named network gets its own answer, others the default."""

    collection_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ViewerRoutingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        self._check(args)

        collection = aws.route53.CidrCollection(name, opts=self.child)
        locations = {
            network: aws.route53.CidrLocation(
                f"{name}-{network}",
                name=network,
                cidr_collection_id=collection.id,
                cidr_blocks=blocks,
                opts=self.child,
            )
            for network, blocks in args["networks"].items()
        }
        for key, site in args.get("host_names", {}).items():
            answers = {"*": site["everyone"], **site["networks"]}
            for network, answer in answers.items():
                whole = f"{name}-{key}"
                named = locations.get(network)
                # A distribution has no health of its own to evaluate.
                alias: Any = {
                    "name": answer["dns_name"],
                    "zone_id": answer["zone_id"],
                    "evaluate_target_health": named is not None,
                }
                aws.route53.Record(
                    whole if named is None else f"{whole}-{network}",
                    zone_id=args.get("zone_id", ""),
                    name=site["name"],
                    type="A",
                    set_identifier="everyone" if named is None else network,
                    cidr_routing_policy={"collection_id": collection.id, "location_name": network},
                    aliases=[alias],
                    opts=pulumi.ResourceOptions(parent=self, depends_on=list(locations.values())),
                )

        self.collection_id = collection.id
        self.register_outputs({"collection_id": self.collection_id})

    def _check(self, args: ViewerRoutingArgs) -> None:
        if not args["networks"]:
            self.reject("networks", {}, "one network or more")
        for network, blocks in args["networks"].items():
            if not LOCATION.fullmatch(network):
                self.reject("networks", network, "named by at most 16 letters, digits, '-' and '_'")
            if not blocks:
                self.reject(f"networks['{network}']", [], "one CIDR or more")
            for block in blocks:
                self._check_block(network, block)
        for key, site in args.get("host_names", {}).items():
            if "zone_id" not in args:
                self.reject("host_names", key, "given together with zone_id")
            for network in site["networks"]:
                if network not in args["networks"]:
                    known = ", ".join(args["networks"])
                    self.reject(f"host_names['{key}'].networks", network, f"among {known}")

    def _check_block(self, network: str, block: str) -> None:
        wanted = f"an IPv4 CIDR of /{LONGEST_PREFIX} or wider, such as '198.51.100.0/24'"
        try:
            cidr = ipaddress.IPv4Network(block)
        except ValueError:
            self.reject(f"networks['{network}']", block, wanted)
        if cidr.prefixlen > LONGEST_PREFIX or "/" not in block:
            self.reject(f"networks['{network}']", block, wanted)
