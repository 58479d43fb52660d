"""What a table cannot be."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.component import Component
from components.state.sizes import DYNAMO_INDEXES, DYNAMO_READS, DYNAMO_WRITES

TYPES = ("S", "N", "B")
WARM_READS, WARM_WRITES = 12000, 4000
"""What a table that is paid by the request is made with:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html"""


def check(owner: Component, args: Mapping[str, Any]) -> dict[str, str]:
    """The attributes of all keys, by name, with their types. Rejects what cannot be."""
    types: dict[str, str] = {}
    for argument, pair in _keys(args):
        if len(pair) != 2 or not pair[0] or pair[1] not in TYPES:
            owner.reject(argument, pair, f"a name and one of {', '.join(TYPES)}, such as ('cart', 'S')")
        if types.setdefault(pair[0], pair[1]) != pair[1]:
            owner.reject(argument, pair, f"of the type that '{pair[0]}' has elsewhere, {types[pair[0]]}")
    if len(indexes := args.get("indexes", {})) > DYNAMO_INDEXES.most:
        owner.reject("indexes", len(indexes), f"so many that there are at most {DYNAMO_INDEXES}")
    _check_load(owner, args)
    _check_regions(owner, args)
    return types


def _keys(args: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    keys = {"key": args["key"]} | {f"indexes['{n}']": how for n, how in args.get("indexes", {}).items()}
    for argument, key in keys.items():
        yield from ((argument, tuple(key[part])) for part in ("partition", "sort") if part in key)


def _check_load(owner: Component, args: Mapping[str, Any]) -> None:
    if ("reads" in args) != ("writes" in args):
        given, other = ("reads", "writes") if "reads" in args else ("writes", "reads")
        owner.reject(other, None, f"given where {given} is: a table is paid by the hour for both or neither")
    for argument in ("reads", "writes"):
        units = args.get(argument, {"minimum": 1, "maximum": 1})
        if not 1 <= units["minimum"] <= units["maximum"]:
            owner.reject(argument, dict(units), "1 or more at least, and no less at most")
        if not 20 <= (percent := units.get("percent", 70)) <= 90:
            owner.reject(f"{argument}['percent']", percent, "20 to 90")
    for argument, least in (("warm_reads", WARM_READS), ("warm_writes", WARM_WRITES)):
        if (units := args.get(argument, least)) < least:
            owner.reject(argument, units, f"at least {least}, which a table is made with")
    for argument, limit in (("busiest_reads", DYNAMO_READS), ("busiest_writes", DYNAMO_WRITES)):
        if (units := args.get(argument, 0)) > limit.most:
            wanted = f"at most {limit}: one value is in one partition; part it over several values"
            owner.reject(argument, units, wanted)


def _check_regions(owner: Component, args: Mapping[str, Any]) -> None:
    replicas, keys = list(args.get("replicas", ())), args.get("replica_key_arns", {})
    if len(set(replicas)) < len(replicas) or args.get("region") in replicas:
        owner.reject("replicas", replicas, "different regions, and none the table's own")
    wanted = set(replicas) if "key_arn" in args else set[str]()
    if keys.keys() != wanted:
        needed = ", ".join(sorted(wanted)) or "no region, where key_arn is not given"
        owner.reject("replica_key_arns", sorted(keys), f"one key for each of {needed}")
