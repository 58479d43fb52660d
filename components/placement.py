"""Where a component lives."""

from collections.abc import Sequence
from typing import NotRequired

import pulumi

from components.component import ComponentArgs


class Placement(ComponentArgs):
    """A network, and one subnet in each of its zones."""

    vpc_id: pulumi.Input[str]
    """The network."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """One subnet in each zone."""
    cidr_blocks: NotRequired[Sequence[str]]
    """Addresses of the subnets, which is how another region knows who stands in them. Default: unknown, and
    no way can be opened between regions."""


class ZonedPlacement(Placement):
    """A placement that says which zone each subnet is in, for what lives in one zone: disks, addresses,
    racks."""

    zones: Sequence[str]
    """Availability zones, in the order of `subnet_ids`."""
