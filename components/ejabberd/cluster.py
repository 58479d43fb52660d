"""What chat servers know of the nodes that keep their region's tables."""

from collections.abc import Sequence

import pulumi

from components.ejabberd.programs import Programs


class ErlangCluster(Programs):
    """MnesiaDatabase.cluster: ChatServers("chat", {**database.cluster, …})."""

    stores: pulumi.Input[Sequence[str]]
    """Addresses of the nodes that keep tables, zone by zone in turn."""
    partitions: int
    """Tables that users are spread over."""
    cookie_secret_arn: pulumi.Input[str]
    """The secret by which the nodes of a cluster know each other."""
