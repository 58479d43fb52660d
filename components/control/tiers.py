"""What can be made larger ahead of time, tier by tier, and by how much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

import pulumi

from components.component import Component
from components.state.sizes import AURORA_READERS, REDIS_NODES

LEAST_WARM = {"reads": 12000, "writes": 4000}
"""What any table that is paid by the request takes at once:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html"""
SLOW_MINUTES = 24 * 60
"""Ahead of what moves data, and takes hours with much of it: resharding, warming of tables."""


class Tier(TypedDict):
    """What every tier takes."""

    times: NotRequired[int]
    """How many times its normal size it has in every event. Default: as the event says."""
    lead_minutes: NotRequired[int]
    """How long before an event it begins to grow. Default: as the event says; a day for what moves data."""


class Fleet(Tier):
    """An Auto Scaling group, with its own policies between events."""

    group_name: pulumi.Input[str]
    """Its name (AutoScalingService.group_name, Gateway.group_name)."""
    minimum: int
    """Machines kept when there is no event."""
    maximum: int
    """Machines under the highest load when there is no event."""


class Table(Tier):
    """A DynamoDB table that is paid by the request: it takes at once what it is warm for. It stays so, since
    AWS takes nothing back, and it costs nothing more."""

    table_name: pulumi.Input[str]
    """Its name (DynamoTable.table_name, without `warm_reads` and `warm_writes`)."""
    table_arn: pulumi.Input[str]
    """Its ARN."""
    reads: int
    """Read units a second at the peak of a normal day."""
    writes: int
    """Write units a second at the peak of a normal day."""


class Database(Tier):
    """An Aurora cluster, whose readers grow. Its one writer does not: what it writes must wait in a queue."""

    cluster_id: pulumi.Input[str]
    """Its identifier (AuroraMySql.cluster_id)."""
    readers: int
    """Readers when there is no event, 1 or more."""


class Cache(Tier):
    """A sharded Redis of ElastiCache on nodes that are large to 2xlarge, and in no global datastore:
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/AutoScaling.html."""

    replication_group_id: pulumi.Input[str]
    """Its identifier (RedisCluster.replication_group_id)."""
    shards: int
    """Shards when there is no event."""
    replicas: NotRequired[int]
    """Copies of each shard. Default 2."""


class Code(Tier):
    """A Lambda function behind an alias, whose copies are started before they are called."""

    function_name: pulumi.Input[str]
    """Its name."""
    alias: pulumi.Input[str]
    """The alias that it is called by (Function, with `ready`)."""
    ready: int
    """Copies kept ready when there is no event."""


@dataclass(frozen=True)
class Size:
    """How large a tier is, when there is no event or in one."""

    least: int
    most: int


@dataclass(frozen=True)
class Grown:
    """A tier as an event wants it."""

    name: str
    kind: str
    normal: Size
    wanted: Size
    lead_minutes: int
    tier: Mapping[str, Any]


def grown(owner: Component, args: Mapping[str, Any], event: Mapping[str, Any]) -> Iterator[Grown]:
    """Every tier in an event. Rejects what cannot be so large."""
    for kind, sizes in SIZES.items():
        for name, tier in args.get(kind, {}).items():
            times = tier.get("times", event.get("times", 10))
            slow = SLOW_MINUTES if kind in ("caches", "tables") else 0
            lead = tier.get("lead_minutes", max(slow, event.get("lead_minutes", 30)))
            if times < 1:
                owner.reject(kind, times, "grown 1 times or more")
            if lead < 0:
                owner.reject(kind, lead, "made ready 0 minutes ahead or more")
            yield from sizes(owner, name, tier, times, lead)


def _fleet(owner: Component, name: str, tier: Mapping[str, Any], times: int, lead: int) -> Iterator[Grown]:
    normal = Size(tier["minimum"], tier["maximum"])
    if not 1 <= normal.least <= normal.most:
        owner.reject("fleets", f"{normal.least} to {normal.most}", "1 or more, and its maximum no less")
    yield Grown(name, "fleet", normal, Size(normal.least * times, normal.most * times), lead, tier)


def _table(owner: Component, name: str, tier: Mapping[str, Any], times: int, lead: int) -> Iterator[Grown]:
    for way, least in LEAST_WARM.items():
        if tier[way] < 1:
            owner.reject("tables", tier[way], f"{way} of 1 or more")
        wanted = max(least, tier[way] * times)
        yield Grown(f"{name}-{way}", "table", Size(tier[way], tier[way]), Size(wanted, wanted), lead, tier)


def _database(owner: Component, name: str, tier: Mapping[str, Any], times: int, lead: int) -> Iterator[Grown]:
    most = AURORA_READERS.most
    if tier["readers"] < 1:
        owner.reject("databases", tier["readers"], "1 reader or more")
    if (wanted := tier["readers"] * times) > most:
        owner.reject(
            "databases",
            wanted,
            f"at most {AURORA_READERS} in '{name}': give it fewer `times`, and cache more",
        )
    yield Grown(name, "database", Size(tier["readers"], most), Size(wanted, most), lead, tier)


def _cache(owner: Component, name: str, tier: Mapping[str, Any], times: int, lead: int) -> Iterator[Grown]:
    shards, nodes = tier["shards"], 1 + tier.get("replicas", 2)
    if shards < 1:
        owner.reject("caches", shards, "1 shard or more")
    if (wanted := shards * times) * nodes > REDIS_NODES.most:
        owner.reject("caches", wanted * nodes, f"at most {REDIS_NODES} in '{name}': give it fewer `times`")
    yield Grown(name, "cache", Size(shards, shards), Size(wanted, wanted), lead, tier)


def _code(owner: Component, name: str, tier: Mapping[str, Any], times: int, lead: int) -> Iterator[Grown]:
    ready = tier["ready"]
    if ready < 1:
        owner.reject("functions", ready, "1 copy or more kept ready")
    yield Grown(name, "function", Size(ready, 2 * ready), Size(ready * times, 2 * ready * times), lead, tier)


SIZES = {"fleets": _fleet, "tables": _table, "databases": _database, "caches": _cache, "functions": _code}
