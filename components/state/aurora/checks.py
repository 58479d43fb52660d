"""What a cluster of Aurora MySQL cannot be."""

import re
from collections.abc import Mapping
from typing import Any

from components.component import Component

IDENTIFIER = re.compile(r"(?=.{1,63}$)[a-z]([a-z0-9]|-(?=[a-z0-9]))*")
"""A cluster's: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html"""
INSTANCE_CLASS = re.compile(r"db\.[a-z][a-z0-9-]*\.[a-z0-9]+")
ENGINE_VERSION = re.compile(r"8\.0\.mysql_aurora\.3\.\d+\.\d+")
CLASS = "db.r7g.large"
VERSION = "8.0.mysql_aurora.3.10.3"
"""A long-term release: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.release-calendars.html"""
MOST_REPLICAS = 15
"""https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Replication.html"""


def check(owner: Component, args: Mapping[str, Any], identifier: str) -> None:
    zones, replicas = args["zones"], args.get("replicas", 1)
    if not IDENTIFIER.fullmatch(identifier):
        wanted = "letters, digits and single hyphens, so that '<stack>-<name>' is a cluster's, of at most 63"
        owner.reject("name", owner.name, wanted)
    if len(set(zones)) < 2 or len(set(zones)) < len(zones):
        owner.reject("zones", list(zones), "two or more different zones, so that one can be lost")
    if len(args["subnet_ids"]) != len(zones):
        owner.reject("subnet_ids", len(args["subnet_ids"]), f"as many as zones, {len(zones)}")
    if not 0 <= replicas <= MOST_REPLICAS:
        owner.reject("replicas", replicas, f"1 to {MOST_REPLICAS}")
    if replicas == 0 and not args.get("disposable", False):
        wanted = "at least 1, so that a zone can be lost; a cluster that is disposable may have none"
        owner.reject("replicas", replicas, wanted)
    if not INSTANCE_CLASS.fullmatch(value := args.get("instance_class", CLASS)):
        owner.reject("instance_class", value, f"a provisioned class, such as '{CLASS}'")
    if not ENGINE_VERSION.fullmatch(value := args.get("engine_version", VERSION)):
        owner.reject("engine_version", value, f"an Aurora MySQL 3 release, such as '{VERSION}'")
    if not 1 <= (days := args.get("rotation_days", 7)) <= 1000:
        owner.reject("rotation_days", days, "1 to 1000")
    if not 14 <= (days := args.get("backup_retention_days", 14)) <= 35:
        owner.reject("backup_retention_days", days, "14 to 35")
    _check_regions(owner, args)


def _check_regions(owner: Component, args: Mapping[str, Any]) -> None:
    several = "replicated_to" in args or "primary" in args
    if several and args.get("instance_class", CLASS).startswith("db.t"):
        # https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.configuration.requirements.html
        owner.reject("instance_class", args["instance_class"], f"larger over two regions, such as '{CLASS}'")
    if "primary" in args:
        for argument in ("replicated_to", "database", "rotation_days"):
            if argument in args:
                owner.reject(
                    argument, args[argument], "left out where primary is given, which has it already"
                )
        if "key_arn" not in args:
            owner.reject("key_arn", None, "a key of its region, where primary is given")
    if "replicated_to" in args and not args["replicated_to"]:
        owner.reject("replicated_to", {}, "one region or more, each with its key")
    if "writes" in args and not several:
        owner.reject("writes", args["writes"], "left out in one region: its writer is always here")
