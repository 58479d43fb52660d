"""Ways between members of security groups, and from and to the outside."""

import pulumi_aws as aws
import pytest

from fourplane.reach import AWS, INTERNET


def machine(name, vpc_id="vpc-1", **options):
    """A security group and one machine in it."""
    group = aws.ec2.SecurityGroup(f"{name}-group", vpc_id=vpc_id, **options)
    aws.ec2.NetworkInterface(name, subnet_id="subnet-1", security_groups=[group.id])
    return group


def pair(client, server, first=80, last=80):
    ports = {"ip_protocol": "tcp", "from_port": first, "to_port": last}
    aws.vpc.SecurityGroupEgressRule(
        "out", security_group_id=client.id, referenced_security_group_id=server.id, **ports
    )
    aws.vpc.SecurityGroupIngressRule(
        "in", security_group_id=server.id, referenced_security_group_id=client.id, **ports
    )


@pytest.mark.parametrize("side", ["", "SecurityGroupEgressRule out", "SecurityGroupIngressRule in"])
def test_a_way_needs_a_rule_on_each_side(ways, side):
    found = ways(lambda: pair(machine("a"), machine("b")), [side])
    assert found == (set() if side else {"a -> b security groups tcp 80"})


def test_a_way_is_as_wide_as_both_rules(ways):
    def program():
        a, b = machine("a"), machine("b")
        pair(a, b, 80, 90)
        aws.vpc.SecurityGroupIngressRule(
            "other", security_group_id=b.id, referenced_security_group_id=a.id, ip_protocol="tcp",
            from_port=85, to_port=99,
        )  # fmt: skip

    assert ways(program) == {"a -> b security groups tcp 80-90", "a -> b security groups tcp 85-90"}


def test_rules_inside_a_group_and_ranges_of_addresses_count(ways):
    def program():
        wide = {"protocol": "-1", "from_port": 0, "to_port": 0}
        machine("a", egress=[{**wide, "cidr_blocks": ["10.0.0.0/8"]}])
        machine("b", ingress=[{**wide, "cidr_blocks": ["0.0.0.0/0"]}])

    assert ways(program) == {
        "a -> b security groups everything",
        f"{INTERNET} -> b security groups everything",
    }


def test_a_range_of_addresses_means_those_who_stand_in_it(ways):
    def program():
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        for name, block in (("a", "10.0.0.0/24"), ("b", "10.0.1.0/24"), ("c", "10.0.2.0/24")):
            subnet = aws.ec2.Subnet(f"{name}-subnet", vpc_id=vpc.id, cidr_block=block)
            rule = {"protocol": "tcp", "from_port": 80, "to_port": 80}
            group = aws.ec2.SecurityGroup(
                f"{name}-group",
                vpc_id=vpc.id,
                egress=[{**rule, "cidr_blocks": ["10.0.1.0/24"]}] if name == "a" else [],
                ingress=[{**rule, "cidr_blocks": ["10.0.0.0/24"]}],
            )
            aws.ec2.NetworkInterface(name, subnet_id=subnet.id, security_groups=[group.id])

    assert ways(program) == {"a -> b security groups tcp 80"}


def test_a_prefix_list_leads_to_its_endpoint_or_to_aws(ways):
    def program():
        group = machine("a")
        endpoint = aws.ec2.VpcEndpoint("s3", vpc_id="vpc-1", service_name="s3")
        out = {"security_group_id": group.id, "ip_protocol": "tcp", "from_port": 443, "to_port": 443}
        aws.vpc.SecurityGroupEgressRule("s3", prefix_list_id=endpoint.prefix_list_id, **out)
        aws.vpc.SecurityGroupIngressRule("in", prefix_list_id="pl-1", **out)

    assert ways(program) == {"a -> s3 security groups tcp 443", f"{AWS} -> a security groups tcp 443"}


def test_a_prefix_list_of_the_stack_is_its_addresses(ways):
    def program():
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        listed = aws.ec2.ManagedPrefixList(
            "offices", address_family="IPv4", max_entries=1, entries=[{"cidr": "192.168.7.0/24"}]
        )
        aws.vpc.SecurityGroupIngressRule(
            "in", security_group_id=machine("a", vpc.id).id, prefix_list_id=listed.id, ip_protocol="-1"
        )

    assert ways(program) == {"192.168.7.0/24 -> a security groups everything"}
