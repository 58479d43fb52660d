"""Mnesia, the database of Erlang, on machines of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Peer, Server, open_among
from components.ejabberd.capacity import capacity
from components.ejabberd.cluster import ErlangCluster
from components.ejabberd.fixed import ground, mark_of, run
from components.ejabberd.machine import Kind
from components.ejabberd.node import DISTRIBUTION, Node
from components.ejabberd.programs import fetch_statements
from components.keeping import Logging
from components.made_once import made_once
from components.placement import ZonedPlacement
from components.policies import policy, read_secret
from components.slots import Slot, zoned_slots
from components.state.daily_snapshots import daily_snapshots
from components.state.private_bucket import PrivateBucket, PrivateBucketArgs
from components.system import System, system_of

PEERS = 10_000
"""Connections that a node has room for, one to each other node of its cluster."""
MOST_PARTITIONS = 4096
"""Each is two tables, which every node of the cluster knows: a table takes 8 KiB of memory and 3 ms to make.
Measured with OTP 25."""


class MnesiaDatabaseArgs(ZonedPlacement, Logging, System):
    domain: str
    """XMPP domain of the region's users: "eu.chat.example.com"."""
    nodes_per_zone: NotRequired[int]
    """Nodes in each zone. Default 1. More of them take partitions over: docs/messaging.md."""
    partitions: NotRequired[int]
    """Tables that users are spread over, by a hash of their name. Default 64. As many as nodes, or more, and
    chosen for long: docs/messaging.md says how to double it."""
    instance_type: NotRequired[str]
    """Default r7g.large: 2 Graviton vCPUs, 16 GiB. Tables are in memory as well as on disc."""
    data_gib: NotRequired[int]
    """Size of each node's data volume (gp3, encrypted). Default 100. It may grow, and never shrinks."""
    iops: NotRequired[int]
    """Operations a second of each data volume. Default 3000, which gp3 includes."""
    throughput: NotRequired[int]
    """MiB a second of each data volume. Default 125, which gp3 includes."""
    snapshot_retention_days: NotRequired[int]
    """Days that the daily snapshots of the volumes are kept. Default 30."""


class MnesiaDatabase(Server):
    """A region's users and the messages that wait for them, each partition on two nodes in two zones: one
    zone can be lost, and a lost node comes back as itself.

    Nodes stand in the zones in turn. A partition's owner is the node of its number, round and round, and its
    standby the next node, so always in another zone. Mnesia appends what is written to a log on both discs.
    A new image or setting reaches a node when its instance is next replaced: one at a time.

    Whoever has the cluster's cookie may do anything on its nodes: an arrow lets its client read it, and fetch
    the programs that it runs as a node of the same cluster. To start, nodes need AWS's own services:
    connect(database, network.endpoints).
    """

    port = DISTRIBUTION
    announced = False  # chat servers have `cluster`
    node_addresses: pulumi.Output[Mapping[str, str]]
    """The address of each node, by its name, "<database>-<zone's letter><number>"."""
    volume_ids: pulumi.Output[Mapping[str, str]]
    """The data volume of each node."""
    group_names: pulumi.Output[Mapping[str, str]]
    """The Auto Scaling group of each node."""
    cookie_secret_arn: pulumi.Output[str]
    metrics_namespace: pulumi.Output[str]
    """Where its nodes tell their vitals."""
    log_group: pulumi.Output[str]

    def __init__(
        self, name: str, args: MnesiaDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        system, instance_type = system_of(self, args), args.get("instance_type", "r7g.large")
        nodes, partitions = self._slots(args), args.get("partitions", 64)
        room = capacity(self, PEERS, instance_type, proxies=1, system=system)
        node = Node(
            "", args["domain"], chat=False, stores=(), partitions=partitions, capacity=room, system=system
        )
        kind = Kind(node, f"{pulumi.get_stack()}/{name}", drains=False, keeps=True)

        on = ground(self, args, nodes)
        cookie = made_once(self, "cookie", args)
        programs = PrivateBucket(f"{name}-programs", _bucket_args(args), self.child)
        volumes = on.fixed.volumes(args, args.get("data_gib", 100))
        self._cluster: ErlangCluster = {
            "stores": pulumi.Output.all(*on.addresses.values()),
            "partitions": partitions,
            "cookie_secret_arn": cookie.arn,
            "programs_bucket": programs.bucket,
            "programs_arn": programs.arn,
        }
        running = run(on, kind, self._cluster, instance_type, volumes)
        self._key_arn = args.get("key_arn")
        self._cookie = read_secret(cookie.arn, self._key_arn)
        aws.iam.RolePolicy(
            f"{name}-cluster",
            role=running.role.name,
            policy=policy([*self._cookie, *self.grants_for(self)]),
            opts=self.child,
        )
        daily_snapshots(
            self,
            f"{name}-snapshots",
            mark_of(self),
            on.group.arn,
            days=args.get("snapshot_retention_days", 30),
        )

        self.security_group_id = on.group.id
        open_among(self, {"distribution": self.port})
        self.address = pulumi.Output.from_input(self._cluster["stores"]).apply(
            lambda ips: ",".join(f"{ip}:{self.port}" for ip in ips)
        )
        self.node_addresses = pulumi.Output.all(**on.addresses)
        self.volume_ids = pulumi.Output.all(**{one: volume.id for one, volume in volumes.items()})
        self.group_names = pulumi.Output.all(**{one: group.name for one, group in running.groups.items()})
        self.cookie_secret_arn = cookie.arn
        self.metrics_namespace = pulumi.Output.from_input(kind.namespace)
        self.log_group = on.logs.name
        self.register_outputs(
            {
                "address": self.address,
                "security_group_id": self.security_group_id,
                "node_addresses": self.node_addresses,
                "volume_ids": self.volume_ids,
                "group_names": self.group_names,
                "cookie_secret_arn": self.cookie_secret_arn,
                "metrics_namespace": self.metrics_namespace,
                "log_group": self.log_group,
            }
        )

    @property
    def cluster(self) -> ErlangCluster:
        """What the region's chat servers know of it: ChatServers("chat", {**database.cluster, …})."""
        return self._cluster

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading the cookie."""
        return self._cookie

    def grants_for(self, client: Peer) -> Sequence[Mapping[str, Any]]:
        """Fetching the client's own programs."""
        return fetch_statements(client, self._cluster, self._key_arn)

    def _slots(self, args: MnesiaDatabaseArgs) -> list[Slot]:
        for argument in ("nodes_per_zone", "data_gib", "snapshot_retention_days"):
            if (value := args.get(argument, 1)) < 1:
                self.reject(argument, value, "at least 1")
        nodes = zoned_slots(self, args, args.get("nodes_per_zone", 1), "a partition is in two")
        if len(args["zones"]) < 2:
            self.reject("zones", list(args["zones"]), "two or more, so that a partition outlives one")
        if (partitions := args.get("partitions", 64)) < len(nodes):
            self.reject("partitions", partitions, f"at least {len(nodes)}, so that each node has some")
        if partitions > MOST_PARTITIONS:
            self.reject(
                "partitions", partitions, f"at most {MOST_PARTITIONS}, for every node knows all tables"
            )
        return nodes


def _bucket_args(args: MnesiaDatabaseArgs) -> PrivateBucketArgs:
    """What is in it can be made anew."""
    made: Any = {key: value for key, value in args.items() if key in ("key_arn", "log_bucket")}
    return made | {"disposable": True}
