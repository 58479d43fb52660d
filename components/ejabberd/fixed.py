"""Nodes of a region's Erlang cluster: machines that come back as themselves, whatever they keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.access import Server
from components.ejabberd import agent_permissions
from components.ejabberd.machine import Kind, user_data
from components.ejabberd.programs import publish
from components.logs import log_group
from components.machine import instance_profile, launch_template, pull_statements
from components.slots import FixedNodes, Slot
from components.system import ROOT_DEVICES, system_image

MARK = "cluster"
"""The tag by which a node's role knows the addresses, disks and groups of its own component."""
TRACKED_SECONDS = 350
"""How long a silent connection is remembered: longer than mod_ping leaves one silent, 240 seconds, and no
longer than the load balancer does, so that dead ones do not fill the table."""


@dataclass(frozen=True)
class Ground:
    """What nodes stand on, before they are there."""

    owner: Server
    args: Mapping[str, Any]
    group: aws.ec2.SecurityGroup
    logs: aws.cloudwatch.LogGroup
    fixed: FixedNodes
    interfaces: Mapping[str, aws.ec2.NetworkInterface]
    """The address of each node, by its name, in the order of their slots."""

    @property
    def addresses(self) -> dict[str, pulumi.Output[str]]:
        return {node: interface.private_ip for node, interface in self.interfaces.items()}


@dataclass(frozen=True)
class Running:
    """What stands on it."""

    role: aws.iam.Role
    groups: Mapping[str, aws.autoscaling.Group]


def mark_of(owner: Server) -> tuple[str, str]:
    """The tag of what belongs to the nodes of a component, in this account of no other's."""
    return MARK, owner.configuration_path()


def ground(owner: Server, args: Mapping[str, Any], nodes: Sequence[Slot]) -> Ground:
    """The security group, the log and the addresses of some nodes."""
    group = aws.ec2.SecurityGroup(
        owner.name, description=f"Nodes of {owner.name}", vpc_id=args["vpc_id"], opts=owner.child
    )
    logs = log_group(
        owner,
        owner.name,
        group_name=owner.configuration_path(),
        days=args.get("log_retention_days", 365),
        key_arn=args.get("key_arn"),
    )
    subnets = dict(zip(args["zones"], args["subnet_ids"], strict=True))
    fixed = FixedNodes(owner, mark_of(owner), nodes, subnets, group)
    return Ground(owner, args, group, logs, fixed, fixed.interfaces(TRACKED_SECONDS))


def run(
    on: Ground,
    kind: Kind,
    cluster: Mapping[str, Any],
    instance_type: str,
    volumes: Mapping[str, aws.ebs.Volume],
) -> Running:
    """The machines of some nodes, which may not yet read the cookie and their programs. `cluster`: an
    ErlangCluster. `volumes`: the disk of each that has one."""
    owner, args, system = on.owner, on.args, kind.node.system
    programs = publish(owner, cluster, kind.programs)
    role, profile = instance_profile(
        owner,
        on.group.arn,
        [
            *on.fixed.statements(args.get("key_arn")),
            *_agent_statements(on, kind),
            *pull_statements(args),
        ],
    )
    known = pulumi.Output.all(
        arn=on.group.arn,
        log_group=on.logs.name,
        stores=cluster["stores"],
        cookie=cluster["cookie_secret_arn"],
        bucket=cluster["programs_bucket"],
        key=programs.key,
        **{key: args[key] for key in ("packages_url", "image") if key in args},
    )
    image_id = system_image(owner, system, instance_type)
    groups: dict[str, aws.autoscaling.Group] = {}
    for node in on.fixed.slots:
        own = pulumi.Output.all(
            known=known,
            address=on.addresses[node.name],
            interface=on.interfaces[node.name].id,
            **({"volume": volumes[node.name].id} if kind.keeps else {}),
        )
        template = launch_template(
            owner,
            node.name,
            instance_type=instance_type,
            disk_gib=20,
            profile=profile,
            security_group_id=on.group.id,
            user_data=own.apply(lambda own, node=node: user_data(kind, node, {**own["known"], **own})),
            image_id=image_id,
            root_device=ROOT_DEVICES[system],
            tracked_seconds=TRACKED_SECONDS,
        )
        groups[node.name] = on.fixed.machine(node, template)
    return Running(role, groups)


def _agent_statements(on: Ground, kind: Kind) -> list[dict[str, Any]]:
    if not kind.drains:
        return agent_permissions.telling(kind.namespace, on.logs.arn)
    return agent_permissions.statements(on.group.arn, kind.namespace, on.logs.arn, *mark_of(on.owner))
