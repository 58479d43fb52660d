"""A link between the networks of two regions."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.component import ArgumentError
from components.network import Network


def peer(name: str, home: Network, away: Network, tiers: Sequence[str] = ("data",)) -> None:
    """Link two networks of one account, in two regions or in one: packets of some tiers find their way.

    It opens nothing: security groups decide (`open_between`). What crosses between regions is encrypted by
    AWS: https://docs.aws.amazon.com/vpc/latest/peering/what-is-vpc-peering.html. Names are not resolved over
    it: what has a name in AWS's public DNS is at a private address there too. `tiers`: whose subnets get a
    route to the other network; the others get none. Raises ArgumentError for networks whose addresses
    overlap, which AWS could not tell apart, and for a tier that is none.
    """
    if home.cidr.overlaps(away.cidr):
        raise ArgumentError(
            f"peer: the addresses of '{home.name}', {home.cidr}, and of '{away.name}', {away.cidr}, must not "
            "overlap; give one another cidr_block"
        )
    for tier in tiers:
        if tier not in home.route_tables:
            known = ", ".join(home.route_tables)
            raise ArgumentError(f"peer: tiers must be among {known}, got {tier!r}")

    requested = aws.ec2.VpcPeeringConnection(
        f"{home.name}-{name}",
        vpc_id=home.vpc_id,
        peer_vpc_id=away.vpc_id,
        peer_region=away.vpc_arn.apply(lambda arn: arn.split(":")[3]),
        tags={"Name": f"{home.name}-{name}"},
        opts=home.child,
    )
    accepted = aws.ec2.VpcPeeringConnectionAccepter(
        f"{away.name}-{name}",
        vpc_peering_connection_id=requested.id,
        auto_accept=True,
        tags={"Name": f"{away.name}-{name}"},
        opts=away.child,
    )
    for here, there in ((home, away), (away, home)):
        for tier in tiers:
            for table, known in here.route_tables[tier].items():
                aws.ec2.Route(
                    f"{table}-{name}",
                    route_table_id=known.id,
                    destination_cidr_block=str(there.cidr),
                    vpc_peering_connection_id=requested.id,
                    opts=pulumi.ResourceOptions(parent=here, depends_on=[accepted]),
                )
