"""Ways between members of two networks, by address, over a link."""

import pulumi_aws as aws
import pytest


def side(name, number):
    """A network with one machine: its group, its address, and a table that its subnet goes by."""
    vpc = aws.ec2.Vpc(f"{name}-vpc", cidr_block=f"10.{number}.0.0/16")
    subnet = aws.ec2.Subnet(f"{name}-subnet", vpc_id=vpc.id, cidr_block=f"10.{number}.0.0/24")
    table = aws.ec2.RouteTable(f"{name}-table", vpc_id=vpc.id)
    aws.ec2.RouteTableAssociation(name, route_table_id=table.id, subnet_id=subnet.id)
    group = aws.ec2.SecurityGroup(f"{name}-group", vpc_id=vpc.id)
    aws.ec2.NetworkInterface(
        name, subnet_id=subnet.id, security_groups=[group.id], private_ip=f"10.{number}.0.4"
    )
    return vpc, group, table


def linked():
    (home, client, out), (away, server, back) = side("a", 0), side("b", 1)
    link = aws.ec2.VpcPeeringConnection("link", vpc_id=home.id, peer_vpc_id=away.id)
    aws.ec2.VpcPeeringConnectionAccepter("yes", vpc_peering_connection_id=link.id)
    for name, table, block in (("there", out, "10.1.0.0/16"), ("back", back, "10.0.0.0/16")):
        aws.ec2.Route(
            name, route_table_id=table.id, destination_cidr_block=block, vpc_peering_connection_id=link.id
        )
    ports = {"ip_protocol": "tcp", "from_port": 80, "to_port": 80}
    listed = aws.ec2.ManagedPrefixList(
        "list", address_family="IPv4", max_entries=1, entries=[{"cidr": "10.1.0.4/32"}]
    )
    aws.vpc.SecurityGroupEgressRule("out", security_group_id=client.id, prefix_list_id=listed.id, **ports)
    aws.vpc.SecurityGroupIngressRule("in", security_group_id=server.id, cidr_ipv4="10.0.0.0/24", **ports)


def test_members_of_linked_networks_reach_each_other_where_both_sides_name_the_other(ways):
    assert ways(linked) == {"a -> b security groups tcp 80"}


@pytest.mark.parametrize("missing", ["VpcPeeringConnectionAccepter yes", "Route there", "Route back"])
def test_without_a_part_of_the_link_they_do_not(ways, missing):
    assert ways(linked, [missing]) == {
        "a -> 10.1.0.4/32 security groups tcp 80",
        "10.0.0.0/24 -> b security groups tcp 80",
    }


@pytest.mark.parametrize("side", ["SecurityGroupEgressRule out", "SecurityGroupIngressRule in"])
def test_without_a_rule_on_each_side_they_do_not(ways, side):
    assert ways(linked, [side]) == set()
