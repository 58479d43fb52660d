"""What a warehouse cannot be."""

import re
from collections.abc import Mapping
from typing import Any

from components.component import ArgumentError, Component
from components.state.sizes import redshift_limits, redshift_nodes

NODE_TYPE = "ra3.xlplus"
FOLLOWING = ("ra3.xlplus", "ra3.4xlarge", "ra3.16xlarge")
"""Types that databases flow into: https://docs.aws.amazon.com/redshift/latest/mgmt/zero-etl.reqs-lims.html"""
ZONES = 3
"""Of a warehouse that is in two of them, so that there is another when one is lost."""
IDENTIFIER = re.compile(r"(?=.{1,63}$)[a-z]([a-z0-9]|-(?=[a-z0-9]))*")
"""A cluster's, and an integration's:
https://docs.aws.amazon.com/redshift/latest/APIReference/API_CreateCluster.html"""
DATABASE = re.compile(r"[a-z_][a-z0-9_]{0,63}")


def check(owner: Component, args: Mapping[str, Any], called: str) -> None:
    zones, standby, nodes = args["zones"], args.get("standby", True), args.get("nodes", 2)
    named = [called, *(f"{called}-{source}".lower() for source in args.get("sources", {}))]
    if wrong := [name for name in named if not IDENTIFIER.fullmatch(name)]:
        wanted = "letters, digits and single hyphens, so that '<stack>-<name>-<source>' has 63 at most"
        owner.reject("name", wrong[0], wanted)
    least = ZONES if standby else 2
    if len(set(zones)) < max(least, len(zones)) or len(args["subnet_ids"]) != len(zones):
        owner.reject("zones", list(zones), f"{least} or more different zones, each with a subnet")
    if nodes < (2 if standby else 1):
        owner.reject("nodes", nodes, "at least 2 in each zone of a standby, and 1 otherwise")
    if not DATABASE.fullmatch(database := args.get("database", "analytics")):
        owner.reject("database", database, "letters, digits and underscores")
    if not 1 <= (days := args.get("snapshot_days", 14)) <= 35:
        owner.reject("snapshot_days", days, "1 to 35")
    _check_size(owner, args, nodes)


def _check_size(owner: Component, args: Mapping[str, Any], nodes: int) -> None:
    kind = args.get("node_type", NODE_TYPE)
    try:
        limit, _ = redshift_limits(kind)
        wanted = redshift_nodes(args.get("terabytes", 0), kind)
    except ArgumentError as error:
        owner.reject("terabytes" if "terabytes" in args else "node_type", kind, f"possible: {error}")
    if nodes > limit.most:
        owner.reject("nodes", nodes, f"at most {limit}")
    if nodes < wanted:
        owner.reject("nodes", nodes, f"at least {wanted}, so that {args['terabytes']:g} TB fit")
    if args.get("sources") and kind not in FOLLOWING:
        owner.reject("node_type", kind, f"one of {', '.join(FOLLOWING)} where there are sources")
