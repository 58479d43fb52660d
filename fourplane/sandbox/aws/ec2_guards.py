"""EC2: security groups, prefix lists and network ACLs."""

from typing import Any

from fourplane.sandbox.creator import ACCOUNT, Made, New, creates
from fourplane.sandbox.shapes import given

ALLOW_ALL = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


@creates("aws:ec2/securityGroup:SecurityGroup")
def security_group(new: New) -> Made:
    """AWS gives a new group a rule that lets everything out; the provider takes it away."""
    ec2 = new.client("ec2")
    request = given(
        GroupName=new.name,
        Description=new.get("description", "Managed by Pulumi"),
        VpcId=new.get("vpcId"),
        TagSpecifications=new.tag_specification("security-group"),
    )
    id = ec2.create_security_group(**request)["GroupId"]
    ec2.revoke_security_group_egress(GroupId=id, IpPermissions=ALLOW_ALL)
    _declare_rules(new, id)
    return id, {
        "arn": new.arn("ec2", f"security-group/{id}"),
        "description": request["Description"],
        "name": request["GroupName"],
        "ownerId": ACCOUNT,
        "ingress": new.get("ingress", []),
        "egress": new.get("egress", []),
        **(
            {}
            if new.get("vpcId")
            else {"vpcId": ec2.describe_security_groups(GroupIds=[id])["SecurityGroups"][0]["VpcId"]}
        ),
    }


@creates("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
def default_security_group(new: New) -> Made:
    """Adopts the group that came with the VPC, and leaves it only the rules that the program declares."""
    ec2 = new.client("ec2")
    filters = [{"Name": "group-name", "Values": ["default"]}]
    if new.get("vpcId"):
        filters.append({"Name": "vpc-id", "Values": [new["vpcId"]]})
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]
    id = group["GroupId"]
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=id, IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=id, IpPermissions=group["IpPermissionsEgress"])
    _declare_rules(new, id)
    if new.tags:
        ec2.create_tags(Resources=[id], Tags=new.tag_list)
    return id, {
        "arn": new.arn("ec2", f"security-group/{id}"),
        "description": group["Description"],
        "name": group["GroupName"],
        "ownerId": group["OwnerId"],
        "vpcId": group["VpcId"],
        "ingress": new.get("ingress", []),
        "egress": new.get("egress", []),
    }


def _declare_rules(new: New, group: str) -> None:
    ec2 = new.client("ec2")
    if new.get("ingress"):
        rules = [_permission(rule, group) for rule in new["ingress"]]
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    if new.get("egress"):
        rules = [_permission(rule, group) for rule in new["egress"]]
        ec2.authorize_security_group_egress(GroupId=group, IpPermissions=rules)


def _permission(rule: dict[str, Any], group: str) -> dict[str, Any]:
    """A group's inline rule as the API has it."""
    about = given(Description=rule.get("description"))
    protocol = "-1" if rule["protocol"] == "all" else str(rule["protocol"])
    ports = {} if protocol == "-1" else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    return given(
        IpProtocol=protocol,
        **ports,
        IpRanges=[{"CidrIp": cidr, **about} for cidr in rule.get("cidrBlocks") or []],
        Ipv6Ranges=[{"CidrIpv6": cidr, **about} for cidr in rule.get("ipv6CidrBlocks") or []],
        PrefixListIds=[{"PrefixListId": id, **about} for id in rule.get("prefixListIds") or []],
        UserIdGroupPairs=[{"GroupId": id, **about} for id in groups],
    )


@creates("aws:ec2/managedPrefixList:ManagedPrefixList")
def managed_prefix_list(new: New) -> Made:
    rename = {"name": None, "tags": None}
    request = new.fit("ec2", "create_managed_prefix_list", rename, PrefixListName=new.name)
    tags = given(TagSpecifications=new.tag_specification("prefix-list"))
    made = new.client("ec2").create_managed_prefix_list(**request, **tags)["PrefixList"]
    return made["PrefixListId"], {
        "arn": made["PrefixListArn"],
        "name": made["PrefixListName"],
        "ownerId": made["OwnerId"],
        "version": made["Version"],
    }


@creates("aws:ec2/networkAcl:NetworkAcl")
def network_acl(new: New) -> Made:
    ec2 = new.client("ec2")
    request = given(VpcId=new["vpcId"], TagSpecifications=new.tag_specification("network-acl"))
    made = ec2.create_network_acl(**request)["NetworkAcl"]
    id = made["NetworkAclId"]
    for direction in ("ingress", "egress"):
        for rule in new.get(direction, []):
            ec2.create_network_acl_entry(NetworkAclId=id, Egress=direction == "egress", **_entry(rule))
    for subnet in new.get("subnetIds", []):
        _associate(ec2, id, subnet)
    return id, {"arn": new.arn("ec2", f"network-acl/{id}"), "ownerId": made["OwnerId"]}


def _entry(rule: dict[str, Any]) -> dict[str, Any]:
    ports = {"From": rule["fromPort"], "To": rule["toPort"]}
    protocol = {"tcp": "6", "udp": "17", "icmp": "1", "all": "-1"}.get(
        str(rule["protocol"]), str(rule["protocol"])
    )
    return given(
        RuleNumber=rule["ruleNo"],
        Protocol=protocol,
        RuleAction=rule["action"],
        CidrBlock=rule.get("cidrBlock"),
        Ipv6CidrBlock=rule.get("ipv6CidrBlock"),
        PortRange=ports if protocol in ("6", "17") else None,
    )


def _associate(ec2: Any, acl: str, subnet: str) -> None:
    here = [{"Name": "association.subnet-id", "Values": [subnet]}]
    held = ec2.describe_network_acls(Filters=here)["NetworkAcls"][0]["Associations"]
    old = next(a["NetworkAclAssociationId"] for a in held if a["SubnetId"] == subnet)
    ec2.replace_network_acl_association(AssociationId=old, NetworkAclId=acl)
