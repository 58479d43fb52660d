"""What is lost with a machine, a zone or a region is not the service."""

from collections.abc import Iterator

from policy.resource import Resource, Stack, at
from policy.rule import HIGH, MEDIUM, Complaints, rule
from policy.zones import SUBNET, zones

GROUP = "aws:autoscaling/group:Group"
ATTACHMENT = "aws:autoscaling/attachment:Attachment"
SCALING = "aws:autoscaling/policy:Policy"
HOOK = "aws:autoscaling/lifecycleHook:LifecycleHook"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
VPC = "aws:ec2/vpc:Vpc"
PLACES = {
    "aws:eks/nodeGroup:NodeGroup": "subnetIds",
    "aws:lb/loadBalancer:LoadBalancer": "subnets",
    "aws:lambda/function:Function": "vpcConfig",
    "aws:ecs/service:Service": "networkConfiguration",
    "aws:eks/cluster:Cluster": "vpcConfig",
}
"""Where each type that serves says which subnets it is in. Load balancers may say it in subnetMappings."""
LONGEST_HOOK = 7200
"""https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_PutLifecycleHook.html"""


@rule(
    GROUP,
    severity=HIGH,
    frameworks=("FSBP AutoScaling.2", "WA REL10-BP01"),
    mend="give vpcZoneIdentifiers a subnet in each zone",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/autoscaling-controls.html#autoscaling-2",
    parameters={"zones": {"type": "integer", "minimum": 1, "default": 2}},
)
def a_group_spans_zones(group: Resource, stack: Stack, zones: int) -> Complaints:
    """A group in a single zone is lost with the zone."""
    subnets = stack.behind(group, "vpcZoneIdentifiers", SUBNET)
    spanned = {one["availabilityZone"] for one in subnets}
    alone = len(spanned) == 1 and group["maxSize"] == 1
    if subnets and len(spanned) < zones and not alone:
        yield f"spans {len(spanned)} of {zones} zones"


@rule(
    GROUP,
    severity=HIGH,
    frameworks=("WA REL11-BP05", "WA REL10-BP01"),
    mend="set minSize to 2 or more, and let scaling aim at no more CPU than the other zones can take over: "
    "50 % over two zones, 66 % over three",
    url="https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/static-stability.html",
)
def a_group_carries_a_lost_zone(group: Resource, stack: Stack) -> Complaints:
    """When a zone goes everybody asks for new machines, and there are none: the others must be enough."""
    spanned = len(zones(group, stack, "vpcZoneIdentifiers"))
    if spanned > 1 and (least := group.given("minSize") or 0) < 2:
        yield f"may shrink to {least:g} machines, which one zone holds"
    for aim in _aims(group, stack) if spanned > 1 else ():
        if (rest := aim * spanned / (spanned - 1)) > 100:
            yield f"aims at {aim:g} % CPU; without one of {spanned} zones the others need {rest:.0f} %"


def _aims(group: Resource, stack: Stack) -> Iterator[float]:
    """Percent of CPU that the group is scaled for, now or as forecast."""
    for one in stack.users(group, "autoscalingGroupName", SCALING):
        now, later = one.given("targetTrackingConfiguration"), one.given("predictiveScalingConfiguration")
        kind = at(now, "predefinedMetricSpecification.predefinedMetricType")
        forecast = at(later, "metricSpecification.predefinedMetricPairSpecification.predefinedMetricType")
        if kind == "ASGAverageCPUUtilization":
            yield at(now, "targetValue")
        if forecast == "ASGCPUUtilization":
            yield at(later, "metricSpecification.targetValue")


@rule(
    GROUP,
    severity=MEDIUM,
    frameworks=("FSBP AutoScaling.1", "CKV2_AWS_15", "WA REL11-BP01"),
    mend="set healthCheckType to ELB, with a healthCheckGracePeriod that is enough to start",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/autoscaling-controls.html#autoscaling-1",
)
def a_group_behind_a_balancer_asks_it_who_is_well(group: Resource, stack: Stack) -> Complaints:
    """EC2 replaces machines that are down, and leaves those alone that run and answer nobody."""
    behind = group.given("targetGroupArns") or group.given("loadBalancers") or group.given("trafficSources")
    behind = behind or stack.users(group, "autoscalingGroupName", ATTACHMENT)
    if behind and group.given("healthCheckType") != "ELB":
        yield "is behind a balancer, and does not ask it which machines answer"


@rule(
    HOOK,
    severity=MEDIUM,
    frameworks=("WA REL11-BP03",),
    mend="set defaultResult to CONTINUE or ABANDON, and heartbeatTimeout to 7200 seconds or less",
    url="https://docs.aws.amazon.com/autoscaling/ec2/userguide/lifecycle-hooks.html",
)
def a_lifecycle_hook_ends_by_itself(hook: Resource) -> Complaints:
    """A machine whose last words nobody hears would otherwise hold up its replacement."""
    if (waits := hook["heartbeatTimeout"] or 3600) > LONGEST_HOOK:
        yield f"waits {waits:g} seconds; AWS takes {LONGEST_HOOK}"
    if not hook["defaultResult"]:
        yield "does not say what happens when nobody answers"


@rule(
    PLACES,
    severity=HIGH,
    frameworks=("FSBP ELB.13", "FSBP Lambda.5", "WA REL10-BP01"),
    mend="give it subnets of two zones or more",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-13",
    parameters={"zones": {"type": "integer", "minimum": 1, "default": 2}},
)
def what_serves_spans_zones(server: Resource, stack: Stack, zones: int) -> Complaints:
    """What answers from a single zone is lost with the zone."""
    keys = (PLACES[server.type], "subnetMappings")
    subnets = [one for key in keys for one in stack.behind(server, key, SUBNET)]
    if subnets and (spanned := len({one["availabilityZone"] for one in subnets})) < zones:
        yield f"spans {spanned} of {zones} zones"


@rule(
    VPC,
    severity=HIGH,
    frameworks=("WA REL10-BP01",),
    mend="add a NAT gateway in every zone that has machines, with a route of that zone's own",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html",
)
def each_zone_has_its_own_way_out(vpc: Resource, stack: Stack) -> Complaints:
    """One zone's NAT gateway for all cuts off every zone when it goes."""
    subnets = {one.urn: one for one in stack.users(vpc, "vpcId", SUBNET)}
    gateways = [one for one in stack.all(NAT_GATEWAY) if set(_subnets(one, stack)) & subnets.keys()]
    zones = {one["availabilityZone"] for one in subnets.values()}
    served = {subnets[urn]["availabilityZone"] for one in gateways for urn in _subnets(one, stack)}
    if gateways and (cut := zones - served):
        yield f"has no NAT gateway in {', '.join(sorted(cut))}"


def _subnets(gateway: Resource, stack: Stack) -> list[str]:
    return [one.urn for one in stack.behind(gateway, "subnetId", SUBNET)]
