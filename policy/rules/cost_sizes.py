"""What runs is of the kind and the size that the work needs."""

import re

from pulumi_policy import EnforcementLevel

from policy.resource import Resource, at
from policy.rule import LOW, Complaints, rule

VOLUME = "aws:ebs/volume:Volume"
GROUP = "aws:autoscaling/group:Group"
FUNCTION = "aws:lambda/function:Function"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
DISKS = {
    VOLUME: "type",
    "aws:ec2/instance:Instance": "rootBlockDevice.volumeType",
    "aws:opensearch/domain:Domain": "ebsOptions.volumeType",
    "aws:rds/instance:Instance": "storageType",
}
"""Where each of them says of what kind its disk is; a volume that says nothing is gp2."""
SIZED = {
    "aws:ec2/instance:Instance": "instanceType",
    TEMPLATE: "instanceType",
    "aws:eks/nodeGroup:NodeGroup": "instanceTypes",
    "aws:elasticache/cluster:Cluster": "nodeType",
    "aws:elasticache/replicationGroup:ReplicationGroup": "nodeType",
    "aws:msk/cluster:Cluster": "brokerNodeGroupInfo.instanceType",
    "aws:opensearch/domain:Domain": "clusterConfig.instanceType",
    "aws:rds/clusterInstance:ClusterInstance": "instanceClass",
    "aws:rds/instance:Instance": "instanceClass",
}
"""Where each of them says of what type its machines are."""

OLD = [
    *("a1", "c1", "c3", "c4", "cc2", "cr1", "d2", "g2", "g3", "g3s", "hi1", "hs1", "i2"),
    *("m1", "m2", "m3", "m4", "p2", "p3", "r3", "r4", "t1", "t2"),
]
"""https://aws.amazon.com/ec2/previous-generation/, and what DescribeInstanceTypes calls not current among
those before Nitro. As of November 2026."""

HAS_A_GRAVITON = re.compile(r"^(t3a?|[cmr][5-8](a|i)?d?n?(-flex)?)$")
"""Families on Intel and AMD with a sibling on Graviton, such as m7g of m7i:
https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html"""

GRAVITON = "https://aws.amazon.com/ec2/graviton/"


@rule(
    SIZED,
    severity=LOW,
    frameworks=("WA COST06-BP02", "WA SUS05-BP02"),
    mend="take the family of today that the page names as its successor",
    url="https://aws.amazon.com/ec2/previous-generation/",
    parameters={"families": {"type": "array", "items": {"type": "string"}, "default": OLD}},
)
def a_machine_is_of_this_generation(sized: Resource, families: list[str]) -> Complaints:
    """An old machine costs more than a new one that does twice the work."""
    for one in sized.many(SIZED[sized.type]):
        if _family(one) in families:
            yield f"has machines of a previous generation, {one}"


@rule(
    SIZED,
    severity=LOW,
    frameworks=("WA COST06-BP02", "WA SUS05-BP02"),
    mend="take the family's sibling on Graviton, such as m7g for m7i, and an image for arm64",
    url=GRAVITON,
    level=EnforcementLevel.ADVISORY,
)
def a_machine_runs_on_graviton(sized: Resource) -> Complaints:
    """The same work costs a fifth less, and takes less power, where the program is built for arm64."""
    for one in sized.many(SIZED[sized.type]):
        only = one.startswith("t3.") and one.endswith(".search")  # there is no smaller one with Graviton
        if HAS_A_GRAVITON.match(_family(one)) and not only:
            yield f"has machines without Graviton, {one}"


@rule(
    FUNCTION,
    severity=LOW,
    frameworks=("WA COST06-BP02", "WA SUS05-BP02"),
    mend="set architectures to arm64, if all that is packed with the function is built for it",
    url="https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html",
    level=EnforcementLevel.ADVISORY,
)
def a_function_runs_on_graviton(function: Resource) -> Complaints:
    """A millisecond costs a fifth less than on x86, which is what Lambda takes where nothing is said."""
    if "arm64" not in function.many("architectures"):
        yield "does not run on Graviton"


@rule(
    (*DISKS, TEMPLATE),
    severity=LOW,
    frameworks=("WA COST06-BP02",),
    mend="take gp3; io2 where a disk must be faster than that",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
)
def a_volume_is_not_of_the_old_kind(volume: Resource) -> Complaints:
    """gp3 costs a fifth less than gp2, and its speed does not hang on its size."""
    kinds = [at(one, "ebs.volumeType") for one in volume.many("blockDeviceMappings")]
    if volume.type != TEMPLATE:
        kinds = [volume[DISKS[volume.type]] or ("gp2" if volume.type == VOLUME else None)]
    for kind in dict.fromkeys(kinds):
        if kind in ("gp2", "standard", "io1"):
            yield f"has a disk of the kind {kind}"


@rule(
    VOLUME,
    severity=LOW,
    frameworks=("WA COST06-BP02",),
    mend="leave iops and throughput at what gp3 includes, or raise the limit in the pack's config",
    url="https://aws.amazon.com/ebs/pricing/",
    parameters={
        "iops": {"type": "integer", "minimum": 3000, "default": 3000},
        "throughput": {"type": "integer", "minimum": 125, "default": 125},
    },
)
def a_volume_buys_no_speed_unasked(volume: Resource, iops: int, throughput: int) -> Complaints:
    """gp3 includes 3,000 operations and 125 MiB a second; what is beyond can cost more than the disk."""
    for key, included in (("iops", iops), ("throughput", throughput)):
        if volume["type"] == "gp3" and (bought := volume[key] or 0) > included:
            yield f"buys {bought:g} of {key}; {included:g} are allowed"


@rule(
    GROUP,
    severity=LOW,
    frameworks=("WA COST06-BP02",),
    mend="lower minSize and let a scaling policy do the rest, or raise the limit in the pack's config",
    url="https://docs.aws.amazon.com/autoscaling/ec2/userguide/asg-capacity-limits.html",
    parameters={"machines": {"type": "integer", "minimum": 1, "default": 50}},
)
def a_group_is_small_when_idle(group: Resource, machines: int) -> Complaints:
    """A least size is paid for every night of the year, and a digit too many is soon typed."""
    if (least := group["minSize"] or 0) > machines:
        yield f"has {least:g} machines at least; {machines:g} are allowed"


def _family(type: str) -> str:
    """m7g of m7g.large, db.m7g.large and m7g.large.search."""
    return type.removeprefix("db.").removeprefix("cache.").removeprefix("kafka.").split(".")[0]
