"""What a program asks the provider while it runs, answered by the sandbox's cloud."""

from collections.abc import Callable
from typing import Any

from fourplane.errors import Failure
from fourplane.sandbox import invokes_edge, invokes_network, invokes_policy, invokes_region
from fourplane.sandbox.creator import Client


def answer(token: str, args: dict[str, Any], region: str, client: Client) -> dict[str, Any]:
    """The result of an invoke such as aws:index/getAvailabilityZones:getAvailabilityZones."""
    if token not in ANSWERS:
        raise Failure(f"the sandbox cannot answer {token}; add it in fourplane/sandbox/invokes.py")
    return {**args, **ANSWERS[token](args, region, client)}


ANSWERS: dict[str, Callable[[dict[str, Any], str, Client], dict[str, Any]]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": invokes_region.availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": invokes_region.caller_identity,
    "aws:index/getPartition:getPartition": invokes_region.partition,
    "aws:index/getRegion:getRegion": invokes_region.region,
    "aws:elb/getServiceAccount:getServiceAccount": invokes_region.load_balancer_account,
    "aws:secretsmanager/getRandomPassword:getRandomPassword": invokes_region.random_password,
    "aws:ssm/getParameter:getParameter": invokes_region.parameter,
    "aws:iam/getPolicyDocument:getPolicyDocument": invokes_policy.policy_document,
    "aws:ec2/getAmi:getAmi": invokes_network.ami,
    "aws:ec2/getManagedPrefixList:getManagedPrefixList": invokes_network.managed_prefix_list,
    "aws:ec2/getPrefixList:getPrefixList": invokes_network.prefix_list,
    "aws:ec2/getSubnet:getSubnet": invokes_network.subnet,
    "aws:ec2/getSubnets:getSubnets": invokes_network.subnets,
    "aws:ec2/getVpc:getVpc": invokes_network.vpc,
    "aws:cloudfront/getCachePolicy:getCachePolicy": invokes_edge.cache_policy,
    "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": invokes_edge.origin_request_policy,
    "aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy": invokes_edge.response_headers_policy,
    "aws:route53/getZone:getZone": invokes_edge.zone,
}
