"""A security group has the rules that the program gives it and no others."""

import pulumi_aws as aws

from tests.sandbox.machines import REGION


def rules(cloud, group: str) -> list[dict]:
    here = [{"Name": "group-id", "Values": [group]}]
    return cloud.client("ec2", REGION).describe_security_group_rules(Filters=here)["SecurityGroupRules"]


def group(name: str = "it", **more: object) -> aws.ec2.SecurityGroup:
    vpc = aws.ec2.Vpc(name, cidr_block="10.0.0.0/16")
    return aws.ec2.SecurityGroup(name, vpc_id=vpc.id, **more)


def test_a_new_group_lets_nothing_in_or_out(deploy, cloud):
    assert rules(cloud, deploy(group).one("aws:ec2/securityGroup:SecurityGroup").id) == []


def test_a_rule_of_its_own_names_the_other_group(deploy, cloud):
    def program():
        server, client = group("server"), group("client")
        aws.vpc.SecurityGroupIngressRule(
            "it",
            security_group_id=server.id,
            ip_protocol="tcp",
            from_port=6379,
            to_port=6379,
            referenced_security_group_id=client.id,
            description="cache",
            tags={"from": "client"},
        )

    graph = deploy(program)
    rule = rules(cloud, graph.one("aws:ec2/securityGroup:SecurityGroup", "server").id)[0]
    client = graph.one("aws:ec2/securityGroup:SecurityGroup", "client").id
    assert (
        rule["SecurityGroupRuleId"]
        == graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").id
    )
    assert (rule["FromPort"], rule["ReferencedGroupInfo"]["GroupId"], rule["IsEgress"]) == (
        6379,
        client,
        False,
    )
    assert rule["Description"] == "cache" and rule["Tags"] == [{"Key": "from", "Value": "client"}]


def test_a_rule_may_name_cloudfronts_addresses(deploy, cloud):
    def program():
        origin = aws.ec2.get_managed_prefix_list(name="com.amazonaws.global.cloudfront.origin-facing")
        aws.vpc.SecurityGroupIngressRule(
            "it",
            security_group_id=group().id,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            prefix_list_id=origin.id,
        )

    graph = deploy(program)
    rule = rules(cloud, graph.one("aws:ec2/securityGroup:SecurityGroup").id)[0]
    named = cloud.client("ec2", REGION).describe_managed_prefix_lists(PrefixListIds=[rule["PrefixListId"]])
    assert named["PrefixLists"][0]["PrefixListName"] == "com.amazonaws.global.cloudfront.origin-facing"


def test_a_rule_may_let_everything_out(deploy, cloud):
    graph = deploy(
        lambda: aws.vpc.SecurityGroupEgressRule(
            "it", security_group_id=group().id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"
        )
    )
    rule = rules(cloud, graph.one("aws:ec2/securityGroup:SecurityGroup").id)[0]
    assert (rule["IsEgress"], rule["IpProtocol"], rule["CidrIpv4"]) == (True, "-1", "0.0.0.0/0")


def test_inline_rules_are_kept(deploy, cloud):
    web = {"protocol": "tcp", "from_port": 80, "to_port": 80, "cidr_blocks": ["0.0.0.0/0"], "self": True}
    graph = deploy(lambda: group(ingress=[web]))
    id = graph.one("aws:ec2/securityGroup:SecurityGroup").id
    found = rules(cloud, id)
    assert {rule.get("CidrIpv4") or rule["ReferencedGroupInfo"]["GroupId"] for rule in found} == {
        "0.0.0.0/0",
        id,
    }


def test_the_adopted_default_group_loses_all_its_rules(deploy, cloud):
    def program():
        vpc = aws.ec2.Vpc("it", cidr_block="10.0.0.0/16")
        aws.ec2.DefaultSecurityGroup("it", vpc_id=vpc.id)

    graph = deploy(program)
    adopted = graph.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").id
    assert adopted == graph.one("aws:ec2/vpc:Vpc").outputs["defaultSecurityGroupId"]
    assert rules(cloud, adopted) == []
