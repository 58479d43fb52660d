"""Apache Cassandra on machines of its own."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Server, open_among
from components.keeping import Logging
from components.logs import log_group
from components.machine import Image, instance_profile, launch_template, pull_statements
from components.placement import ZonedPlacement
from components.slots import MOST_NAMED, FixedNodes, Slot, zoned_slots
from components.state.cassandra.node import Ring, user_data
from components.state.cassandra.permissions import statements
from components.state.private_bucket import PrivateBucket, PrivateBucketArgs

GOSSIP = 7000
"""All that nodes say to each other since 4.0, encrypted or not. 7001 is for older rings, and JMX (7199)
listens on the node's loopback, where nodetool runs: https://cassandra.apache.org/doc/5.0/cassandra/overview/faq/"""


TRACKED_SECONDS = 3600
"""How long a silent connection is remembered, instead of five days: its nodes ask each minute whether a peer
is there (cassandra.sysctl.conf)."""


class CassandraRingArgs(ZonedPlacement, Image, Logging):
    nodes_per_zone: NotRequired[int]
    """Nodes in each zone. Default 1. Chosen for the life of the ring: it decides the tokens of all nodes,
    and a node that has joined keeps the one it has."""
    replication_factor: NotRequired[int]
    """Copies of each row, each in another zone, and the fewest that a keyspace may ask for. Default 3."""
    instance_type: NotRequired[str]
    """Default m7g.large: 2 Graviton vCPUs, 8 GiB. A Nitro type, so that the network encrypts what is said."""
    heap_gib: NotRequired[int]
    """Java heap of a node. Default: what Cassandra makes of the machine's memory."""
    data_gib: NotRequired[int]
    """Size of each node's data volume (gp3, encrypted). Default 100. It may grow, and never shrinks."""
    iops: NotRequired[int]
    """Operations a second of each data volume. Default 3000, which gp3 includes."""
    throughput: NotRequired[int]
    """MiB a second of each data volume. Default 125, which gp3 includes."""
    joins: NotRequired[pulumi.Input[Sequence[str]]]
    """Seeds of the same ring in another region, `ring.seeds`: this one is its datacenter there, and has its
    name. Default: it is a ring of its own, and the first of those that join it."""
    snapshot_hours: NotRequired[int]
    """Hours between snapshots of a node to S3; what is written in between follows every 10 minutes.
    Default 24."""
    snapshot_retention_days: NotRequired[int]
    """Days that snapshots are kept. Default 30."""


class CassandraRing(Server):
    """A ring of nodes whose racks are zones: a zone can be lost, and a lost node comes back as itself.

    Every node has an Auto Scaling group of one, and an address and a disk that outlive its instances. Seeds
    are the first node of each zone; tokens are Priam's. A new image or setting reaches a node when its
    instance is next replaced: docs/cassandra.md says how, one at a time.

    In another region it goes on as a datacenter of the same ring, with all of its rows and a quorum of its
    own: CassandraRing("users", {…, "joins": users.seeds}, second region), and open_between(…) lets the two
    speak. Keyspaces say how many copies each datacenter has, which is named as its region is.

    There are no passwords: the arrows decide who may connect. To start, nodes need AWS's own services:
    connect(ring, network.endpoints).
    """

    port = 9042
    among = MappingProxyType({"gossip": GOSSIP})
    seeds: pulumi.Output[Sequence[str]]
    """The addresses of its seeds, for its datacenters in other regions."""
    node_addresses: pulumi.Output[Mapping[str, str]]
    """The address of each node, by its name, "<ring>-<zone's letter><number>"."""
    volume_ids: pulumi.Output[Mapping[str, str]]
    """The data volume of each node."""
    group_names: pulumi.Output[Mapping[str, str]]
    """The Auto Scaling group of each node."""
    snapshot_bucket: pulumi.Output[str]
    log_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: CassandraRingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        nodes = self._slots(args)

        group = aws.ec2.SecurityGroup(
            name, description=f"Nodes of {name}", vpc_id=args["vpc_id"], opts=self.child
        )
        logs = log_group(
            self,
            name,
            group_name=self.configuration_path(),
            days=args.get("log_retention_days", 365),
            key_arn=args.get("key_arn"),
        )
        backups = PrivateBucket(f"{name}-snapshots", _bucket_args(args), self.child)
        subnets = dict(zip(args["zones"], args["subnet_ids"], strict=True))
        fixed = FixedNodes(self, ("ring", self.configuration_path()), nodes, subnets, group)
        interfaces = fixed.interfaces(TRACKED_SECONDS)
        volumes = fixed.volumes(args, args.get("data_gib", 100))
        allowed = [*fixed.statements(args.get("key_arn")), *statements(name, logs.arn, backups.arn)]
        _, profile = instance_profile(self, group.arn, [*allowed, *pull_statements(args)])

        addresses = {node: interface.private_ip for node, interface in interfaces.items()}
        everywhere: Any = {
            "image": args["image"],
            "arn": group.arn,
            "log_group": logs.name,
            "bucket": backups.bucket,
            "joins": args.get("joins", []),
        }
        ring = Ring(
            name,
            self.port,
            args.get("replication_factor", 3),
            args.get("snapshot_hours", 24),
            args.get("heap_gib"),
            joins="joins" in args,
        )
        groups: dict[str, aws.autoscaling.Group] = {}
        for node in nodes:
            # Not of all nodes: each would wait for each, and a ring of a thousand for a million outputs.
            named = [node.name, *(one.name for one in nodes if one.seed)]
            known = pulumi.Output.all(
                **everywhere,
                addresses={one: addresses[one] for one in named},
                interfaces={node.name: interfaces[node.name].id},
                volumes={node.name: volumes[node.name].id},
            )
            template = launch_template(
                self,
                node.name,
                instance_type=args.get("instance_type", "m7g.large"),
                disk_gib=20,
                profile=profile,
                security_group_id=group.id,
                user_data=known.apply(lambda known, node=node: user_data(ring, nodes, node, known)),
            )
            groups[node.name] = fixed.machine(node, template)

        self.security_group_id = group.id
        open_among(self, self.among)
        self._addresses = addresses
        self.seeds = pulumi.Output.all(*(addresses[node.name] for node in nodes if node.seed))
        self.address = self.seeds.apply(lambda ips: ",".join(f"{ip}:{self.port}" for ip in ips))
        self.node_addresses = pulumi.Output.all(**addresses)
        self.volume_ids = pulumi.Output.all(**{node: volume.id for node, volume in volumes.items()})
        self.group_names = pulumi.Output.all(**{node: one.name for node, one in groups.items()})
        self.snapshot_bucket = backups.bucket
        self.log_group = logs.name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "seeds": self.seeds,
                "node_addresses": self.node_addresses,
                "volume_ids": self.volume_ids,
                "group_names": self.group_names,
                "snapshot_bucket": self.snapshot_bucket,
                "log_group": self.log_group,
            }
        )

    def dialed_at(self) -> Mapping[str, pulumi.Input[str]]:
        """Its nodes' fixed addresses. They dial from the ones that their instances have besides."""
        if len(self._addresses) > MOST_NAMED:
            return super().dialed_at()
        return {node: pulumi.Output.format("{}/32", ip) for node, ip in self._addresses.items()}

    def _slots(self, args: CassandraRingArgs) -> list[Slot]:
        nodes = zoned_slots(self, args, args.get("nodes_per_zone", 1), "each is a rack")
        zones = args["zones"]
        if (copies := args.get("replication_factor", 3)) < 1:
            self.reject("replication_factor", copies, "at least 1")
        if copies > len(zones):
            self.reject("replication_factor", copies, f"at most {len(zones)}, one copy a zone")
        for argument in (
            "nodes_per_zone",
            "heap_gib",
            "data_gib",
            "snapshot_hours",
            "snapshot_retention_days",
        ):
            if (value := args.get(argument, 1)) < 1:
                self.reject(argument, value, "at least 1")
        hours, days = args.get("snapshot_hours", 24), args.get("snapshot_retention_days", 30)
        if days * 24 <= hours:
            self.reject("snapshot_retention_days", days, f"more than the {hours} hours between two snapshots")
        return nodes


def _bucket_args(args: CassandraRingArgs) -> PrivateBucketArgs:
    made: PrivateBucketArgs = {
        "expire_after_days": args.get("snapshot_retention_days", 30),
        "disposable": args.get("disposable", False),
    }
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    if "log_bucket" in args:
        made["log_bucket"] = args["log_bucket"]
    return made
