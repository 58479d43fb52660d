"""Where a component lives."""

from collections.abc import Sequence

import pulumi

from components.component import ComponentArgs


class Placement(ComponentArgs):
    """A network, and one subnet in each of its zones."""

    vpc_id: pulumi.Input[str]
    """The network."""
    subnet_ids: Sequence[pulumi.Input[str]]
    """One subnet in each zone."""


class ZonedPlacement(Placement):
    """A placement that says which zone each subnet is in, for what lives in one zone: disks, addresses,
    racks."""

    zones: Sequence[str]
    """Availability zones, in the order of `subnet_ids`."""
