"""The vpc module: security group rules that stand on their own."""

from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


@creates("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
def ingress_rule(new: New) -> Made:
    return _rule(new, "authorize_security_group_ingress")


@creates("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
def egress_rule(new: New) -> Made:
    return _rule(new, "authorize_security_group_egress")


def _rule(new: New, operation: str) -> Made:
    call = getattr(new.client("ec2"), operation)
    tags = given(TagSpecifications=new.tag_specification("security-group-rule"))
    made = call(GroupId=new["securityGroupId"], IpPermissions=[_permission(new)], **tags)[
        "SecurityGroupRules"
    ][0]
    id = made["SecurityGroupRuleId"]
    return id, {"arn": new.arn("ec2", f"security-group-rule/{id}"), "securityGroupRuleId": id}


def _permission(new: New) -> dict[str, object]:
    about = given(Description=new.get("description"))
    ports = {} if new["ipProtocol"] == "-1" else given(FromPort=new.get("fromPort"), ToPort=new.get("toPort"))
    peers = {
        "cidrIpv4": ("IpRanges", "CidrIp"),
        "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "prefixListId": ("PrefixListIds", "PrefixListId"),
        "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    who = {kind: [{field: new[key], **about}] for key, (kind, field) in peers.items() if new.get(key)}
    return {"IpProtocol": new["ipProtocol"], **ports, **who}
