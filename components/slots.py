"""Fixed nodes: each has a group of one machine, and an address and a disk that outlive its machines."""

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.machine import BOOT, BootFile
from components.policies import beside
from components.system import FREEBSD, LINUX

MOVED = ("instance", "network-interface", "volume")
DEVICE = "/dev/sdf"
SLOT = "/etc/fourplane/slot.env"
MOST_NAMED = 40
"""Nodes that other regions know one by one. Each is counted as a rule of a security group, which has 60."""


LARGEST_GIB = 65536
"""Of a gp3 disk: https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html."""


@dataclass(frozen=True)
class Slot:
    """A node's place, which outlives every instance that fills it."""

    number: int
    name: str
    """ "users-a0": what it is a node of, the letter of its zone, and which of the zone's nodes it is."""
    zone: str
    """The availability zone, which is a ring's rack too."""
    seed: bool
    """Whether others learn of the rest from it: the first node of every zone."""


def slots(owner: str, zones: Sequence[str], nodes_per_zone: int) -> list[Slot]:
    """Slots that alternate zones (zone a: 0, 3, 6…): neighbours are in different ones."""
    return [
        Slot(turn * len(zones) + place, f"{owner}-{zone_letter(zone)}{turn}", zone, seed=turn == 0)
        for turn in range(nodes_per_zone)
        for place, zone in enumerate(zones)
    ]


def zone_letter(zone: str) -> str:
    """The part of a zone's name that tells it from the others of its region: "a" of us-east-1a."""
    return zone.removeprefix(zone.rstrip(string.ascii_lowercase)) or zone


def zoned_slots(owner: Component, args: Mapping[str, Any], nodes_per_zone: int, why: str) -> list[Slot]:
    """The slots of a `ZonedPlacement`. Rejects zones that are none, or the same, or without their subnet.
    `why`: what each zone is."""
    zones, subnets = args["zones"], args["subnet_ids"]
    if not zones:
        owner.reject("zones", list(zones), "one zone or more")
    if len(set(zones)) < len(zones):
        owner.reject("zones", list(zones), f"different zones, so that {why}")
    if len(subnets) != len(zones):
        owner.reject("subnet_ids", len(subnets), f"as many as zones, {len(zones)}")
    return slots(owner.name, zones, nodes_per_zone)


@dataclass(frozen=True)
class FixedNodes:
    """What the nodes of a component keep when their instances go."""

    owner: Component
    mark: tuple[str, str]
    """The tag of the nodes' addresses, disks and instances, which their role goes by. Its own, for the
    outermost component of a plane decides what `component` says, and a root disk has that tag too."""
    slots: Sequence[Slot]
    subnets: Mapping[str, pulumi.Input[str]]
    """The subnet of each zone."""
    group: aws.ec2.SecurityGroup

    def _tags(self, node: Slot) -> dict[str, str]:
        return {"Name": node.name, self.mark[0]: self.mark[1]}

    def interfaces(self, tracked_seconds: int | None = None) -> dict[str, aws.ec2.NetworkInterface]:
        """The address of each node, by its name. `tracked_seconds`: how long an idle connection to it is
        remembered. Default: EC2's own.

        https://docs.aws.amazon.com/prescriptive-guidance/latest/patterns/deploy-a-cassandra-cluster-on-amazon-ec2-with-private-static-ips-to-avoid-rebalancing.html
        """
        tracked: Any = None if tracked_seconds is None else {"tcp_established_timeout": tracked_seconds}
        return {
            node.name: aws.ec2.NetworkInterface(
                node.name,
                description=f"Address of {node.name}",
                subnet_id=self.subnets[node.zone],
                security_groups=[self.group.id],
                connection_tracking_specification=tracked,
                tags=self._tags(node),
                opts=self.owner.child,
            )
            for node in self.slots
        }

    def volumes(self, args: Mapping[str, Any], gib: int) -> dict[str, aws.ebs.Volume]:
        """The disk of each node: gp3, encrypted, protected unless `disposable`. `args`: its `Keeping`, and
        the disk's `iops` and `throughput`, where it is to have more than gp3 includes."""
        if gib > LARGEST_GIB:
            self.owner.reject("data_gib", gib, f"at most {LARGEST_GIB}, the largest gp3 disk")
        keep = pulumi.ResourceOptions(protect=not args.get("disposable", False))
        return {
            node.name: aws.ebs.Volume(
                node.name,
                availability_zone=node.zone,
                type="gp3",
                size=gib,
                iops=args.get("iops", 3000),
                throughput=args.get("throughput", 125),
                encrypted=True,
                kms_key_id=args.get("key_arn"),
                tags=self._tags(node),
                opts=pulumi.ResourceOptions.merge(self.owner.child, keep),
            )
            for node in self.slots
        }

    def machine(self, node: Slot, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        """The group of one that gives a node its machine. No instance refresh: it would replace the nodes of
        all zones at the same time."""
        return aws.autoscaling.Group(
            node.name,
            min_size=1,
            max_size=1,
            desired_capacity=1,
            vpc_zone_identifiers=[self.subnets[node.zone]],
            launch_template={
                "id": template.id,
                "version": template.latest_version.apply(lambda version: str(int(version))),
            },
            health_check_type="EC2",
            tags=[
                {"key": key, "value": value, "propagate_at_launch": True}
                for key, value in self._tags(node).items()
            ],
            opts=self.owner.child,
        )

    def statements(self, key_arn: pulumi.Input[str] | None) -> list[dict[str, Any]]:
        """What the nodes' role needs to take the addresses and disks that have their own mark. A list of
        them would outgrow a role's 10,240 characters at some 60 nodes:
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html"""
        key, value = self.mark
        moved = ("NetworkInterface", "Volume")
        made: list[dict[str, Any]] = [
            {
                "Sid": "Slots",  # each call asks for what is moved, and for the instance
                "Effect": "Allow",
                "Action": [f"ec2:{verb}{what}" for verb in ("Attach", "Detach") for what in moved],
                "Resource": [beside(self.group.arn, "ec2", f"{what}/*") for what in MOVED],
                "Condition": {"StringEquals": {f"aws:ResourceTag/{key}": value}},
            },
            {
                "Sid": "WhoHasWhat",  # these take no resource
                "Effect": "Allow",
                "Action": [f"ec2:Describe{what}" for what in ("Instances", *(f"{one}s" for one in moved))],
                "Resource": "*",
            },
        ]
        return [*made, *_disk_key_statements(key_arn)] if key_arn is not None else made


def _disk_key_statements(key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """Attaching an encrypted disk: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html"""
    return [
        {
            "Sid": "Key",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"],
            "Resource": key_arn,
        },
        {
            "Sid": "KeyForDisks",
            "Effect": "Allow",
            "Action": "kms:CreateGrant",
            "Resource": key_arn,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        },
    ]


def claim_files(system: str, env: Mapping[str, str]) -> dict[str, BootFile]:
    """How a machine becomes the node of its slot: claim-slot, what it goes by, and how its system takes the
    disk and the address into use."""
    use = {LINUX: "use-slot.linux.sh", FREEBSD: "use-slot.freebsd.sh"}[system]
    return {
        SLOT: BootFile("".join(f"{key}={value}\n" for key, value in env.items())),
        "/usr/local/bin/claim-slot": BootFile.program(BOOT / "claim-slot.sh"),
        "/usr/local/bin/use-slot": BootFile.program(BOOT / use),
    }
