"""Who is asked is somebody who can answer."""

from collections.abc import Iterator

from policy.flags import on
from policy.resource import Resource, at
from policy.rule import HIGH, MEDIUM, Complaints, rule

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
RECORD = "aws:route53/record:Record"
BY_PACKET = ("network", "gateway")
SEVERAL = ("failoverRoutingPolicies", "latencyRoutingPolicies", "weightedRoutingPolicies")


@rule(
    BALANCER,
    severity=MEDIUM,
    frameworks=("FSBP ELB.6", "CKV_AWS_150"),
    mend="set enableDeletionProtection to true",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-6",
    remediate=lambda balancer: {"enableDeletionProtection": True},
)
def a_balancer_is_not_deleted_by_mistake(balancer: Resource) -> Complaints:
    """It takes its name with it, which clients and other people's DNS have."""
    if not balancer["enableDeletionProtection"]:
        yield "can be deleted by one call"


@rule(
    BALANCER,
    severity=MEDIUM,
    frameworks=("CKV_AWS_152", "WA REL10-BP01"),
    mend="set enableCrossZoneLoadBalancing to true",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-load-balancer-attributes.html",
    remediate=lambda balancer: {"enableCrossZoneLoadBalancing": True},
)
def a_balancer_reaches_the_targets_of_every_zone(balancer: Resource) -> Complaints:
    """A zone whose targets are all away answers nobody, though others could, until DNS forgets it."""
    if balancer["loadBalancerType"] in BY_PACKET and not balancer["enableCrossZoneLoadBalancing"]:
        yield "sends what arrives in a zone to the targets of that zone alone"


@rule(
    TARGETS,
    severity=MEDIUM,
    frameworks=("CKV_AWS_261", "WA REL11-BP01"),
    mend="set healthCheck.path to what answers well only when the service can serve",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html",
)
def a_target_group_asks_who_is_well(targets: Resource) -> Complaints:
    """The default path, /, is answered by whatever listens, well or not."""
    speaks = targets["healthCheck.protocol"] or targets["protocol"]
    if targets["healthCheck"] and at(targets["healthCheck"], "enabled") is False:
        yield "does not ask its targets whether they are well"
    elif speaks in ("HTTP", "HTTPS") and not targets["healthCheck.path"]:
        yield "asks its targets for / alone"


@rule(
    TARGETS,
    severity=MEDIUM,
    frameworks=("WA REL11-BP03",),
    mend="set deregistrationDelay to as many seconds as the longest request takes",
    url="https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html",
    parameters={"seconds": {"type": "integer", "minimum": 1, "maximum": 3600, "default": 5}},
)
def requests_end_before_their_target_goes(targets: Resource, seconds: int) -> Complaints:
    """Every deployment and every machine less would otherwise cut off what is under way."""
    told = targets["deregistrationDelay"]
    if told is not None and float(told) < seconds:
        yield f"gives a target that goes {float(told):g} seconds to end what it does; {seconds} are asked for"


@rule(
    RECORD,
    severity=HIGH,
    frameworks=("WA REL11-BP02",),
    mend="set healthCheckId, or evaluateTargetHealth of the alias to true",
    url="https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover.html",
)
def a_name_with_several_answers_gives_those_that_work(record: Resource) -> Complaints:
    """Records that fail over, or are weighed or near, do so only if Route 53 knows which of them work."""
    first = [one for one in _policies(record) if at(one, "type") != "SECONDARY"]
    asks = record["healthCheckId"] or any(
        on(at(one, "evaluateTargetHealth")) for one in record.many("aliases")
    )
    if (first or record["multivalueAnswerRoutingPolicy"]) and not asks:
        yield "is answered though nobody asks whether what it names works"


def _policies(record: Resource) -> Iterator[object]:
    for key in SEVERAL:
        yield from record.many(key)
