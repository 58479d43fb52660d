"""What is paid for is needed, and somebody knows by whom."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pulumi_policy import EnforcementLevel

from policy.resource import Resource, Stack, at
from policy.rule import LOW, MEDIUM, Complaints, rule

TAGGABLE = Path(__file__).parent.with_name("taggable.txt").read_text(encoding="utf-8").splitlines()[1:]
STACK = "pulumi:pulumi:Stack"
BUDGET = "aws:budgets/budget:Budget"
GROUP = "aws:autoscaling/group:Group"
ADDRESS = "aws:ec2/eip:Eip"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


def _added(resource: Resource, keys: Sequence[str], values: Mapping[str, str]) -> dict[str, Any]:
    missing = {key: values[key] for key in keys if key in values and key not in _tags(resource)}
    if resource.type != GROUP:
        return {"tags": {**(resource["tags"] or {}), **missing}}
    more = [{"key": key, "value": value, "propagateAtLaunch": True} for key, value in missing.items()]
    return {"tags": [*resource.many("tags"), *more]}


@rule(
    TAGGABLE,
    severity=LOW,
    frameworks=("WA COST03-BP02", "CKV_AWS_153"),
    mend="give the resource the missing tags, or set `values` and the level remediate in the pack's config",
    url="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    parameters={
        "keys": {"type": "array", "items": {"type": "string"}, "default": ["owner", "stack"]},
        "values": {"type": "object", "additionalProperties": {"type": "string"}, "default": {}},
    },
    remediate=_added,
)
def tags_are_complete(resource: Resource, keys: Sequence[str], values: Mapping[str, str]) -> Complaints:
    """What has no owner is paid for by nobody, and deleted by nobody."""
    if missing := [key for key in keys if key not in _tags(resource)]:
        yield f"lacks the tags {', '.join(missing)}"


@rule(
    STACK,
    severity=LOW,
    frameworks=("WA COST02-BP05",),
    mend="add an aws.budgets.Budget for the stack's tag, or disable this where the account has one",
    url="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html",
    level=EnforcementLevel.ADVISORY,
)
def a_stack_has_a_budget(whole: Resource, stack: Stack) -> Complaints:
    """What a stack may cost is otherwise said by the first bill that is too high."""
    if not stack.all(BUDGET):
        yield "has no budget"


@rule(
    BUDGET,
    severity=LOW,
    frameworks=("WA COST02-BP05",),
    mend="add a notification with a topic or an address, of the forecast too",
    url="https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-best-practices.html",
)
def a_budget_tells_somebody(budget: Resource) -> Complaints:
    """A limit that nobody hears of is only a number."""
    told = ("subscriberSnsTopicArns", "subscriberEmailAddresses")
    if not any(one.get(key) for one in budget.many("notifications") for key in told):
        yield "tells nobody"


@rule(
    ADDRESS,
    severity=LOW,
    frameworks=("FSBP EC2.12", "CKV2_AWS_19"),
    mend="delete the address, or give it to what should have it",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-12",
)
def each_address_is_used(address: Resource, stack: Stack) -> Complaints:
    """An address that nothing answers at costs as much as one that is used."""
    if not (address.given("instance") or address.given("networkInterface") or stack.users(address)):
        yield "is used by nothing of the stack"


@rule(
    VPC,
    severity=MEDIUM,
    frameworks=("WA COST08-BP03",),
    mend="add an aws.ec2.VpcEndpoint of the type Gateway for the service, which is free",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html",
    parameters={"services": {"type": "array", "items": {"type": "string"}, "default": ["dynamodb", "s3"]}},
)
def what_is_free_does_not_go_through_nat(vpc: Resource, stack: Stack, services: list[str]) -> Complaints:
    """A NAT gateway takes its share of every byte to S3, which a gateway endpoint carries for nothing."""
    subnets = {one.urn for one in stack.users(vpc, "vpcId", SUBNET)}
    gateways = [
        one for one in stack.all(NAT_GATEWAY) for on in stack.behind(one, "subnetId") if on.urn in subnets
    ]
    ends = [str(one["serviceName"]).rsplit(".", 1)[-1] for one in stack.users(vpc, "vpcId", ENDPOINT)]
    if gateways and (dear := [one for one in services if one not in ends]):
        yield f"sends what is for {', '.join(dear)} through NAT gateways"


@rule(
    VPC,
    severity=LOW,
    frameworks=("WA COST08-BP02",),
    mend="keep one endpoint of the service, with a subnet of each zone",
    url="https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
)
def a_service_has_one_endpoint(vpc: Resource, stack: Stack) -> Complaints:
    """An interface endpoint is paid by the hour and zone; a second one carries nothing more."""
    doors = [one for one in stack.users(vpc, "vpcId", ENDPOINT) if one["vpcEndpointType"] == "Interface"]
    ends = [str(one["serviceName"]) for one in doors]
    if twice := sorted({one for one in ends if ends.count(one) > 1}):
        yield f"has more than one endpoint of {', '.join(twice)}"


@rule(
    DISTRIBUTION,
    severity=LOW,
    frameworks=("WA COST08-BP02",),
    mend="set compress to true on the behaviour",
    url="https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html",
)
def a_distribution_compresses(distribution: Resource) -> Complaints:
    """Text is a quarter as large compressed, and every byte that leaves the edge is paid for."""
    behaviours = [*distribution.many("defaultCacheBehavior"), *distribution.many("orderedCacheBehaviors")]
    if plain := [one.get("pathPattern") or "*" for one in behaviours if not one.get("compress")]:
        yield f"sends {', '.join(plain)} as it is"


def _tags(resource: Resource) -> set[str]:
    """A group's are a list, everybody else's a mapping."""
    tags = resource["tags"] or {}
    return set(tags) if isinstance(tags, Mapping) else {at(one, "key") for one in tags}
