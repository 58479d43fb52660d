"""What a Kafka cluster cannot be."""

import re
from collections.abc import Mapping
from typing import Any

from components.component import ArgumentError, Component
from components.state.sizes import KAFKA_BROKERS, KAFKA_STORAGE, partitions_of_broker

COPIES, IN_SYNC, ZONES = 3, 2, 3
"""As server.properties has them. With as many in sync as there are copies, the loss of one would stop writes:
https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html"""
TYPE = "kafka.m7g.large"
SMALL = "kafka.t3."
VERSION = "3.9.x.kraft"
"""https://docs.aws.amazon.com/msk/latest/developerguide/supported-kafka-versions.html"""
KAFKA_VERSION = re.compile(r"(3\.(7|8|9)|4\.\d+)\.x\.kraft")
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,63}")
TOPIC = re.compile(r"(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}")


def check(owner: Component, args: Mapping[str, Any], called: str) -> None:
    zones, type = args["zones"], args.get("instance_type", TYPE)
    if not NAME.fullmatch(called):
        owner.reject(
            "name", owner.name, "letters, digits and hyphens, so that '<stack>-<name>' is a cluster's"
        )
    if len(zones) != ZONES or len(set(zones)) != ZONES:
        wanted = (
            "three different zones, one for each copy: MSK takes no more, and with fewer none can be lost"
        )
        owner.reject("zones", list(zones), wanted)
    if len(args["subnet_ids"]) != len(zones):
        owner.reject("subnet_ids", len(args["subnet_ids"]), f"as many as zones, {len(zones)}")
    if not KAFKA_VERSION.fullmatch(value := args.get("kafka_version", VERSION)):
        owner.reject("kafka_version", value, f"one of 3.7 or later that runs on KRaft, such as '{VERSION}'")
    if not args["topics"]:
        owner.reject("topics", {}, "one or more, for nobody else makes any")
    for topic, how in args["topics"].items():
        if not TOPIC.fullmatch(topic):
            owner.reject("topics", topic, "named in letters, digits, dots, hyphens and underscores")
        if how.get("partitions", 3) < 1 or how.get("retention_hours", 168) < 1:
            owner.reject(f"topics['{topic}']", how, "1 or more partitions, kept for 1 hour or more")
    if args.get("private_links", False) and type.startswith(SMALL):
        wanted = f"larger where private_links is True, such as '{TYPE}'; PrivateLink leads to no t3 broker"
        owner.reject("instance_type", type, wanted)
    if args.get("private_links", False) and not args.get("cidr_blocks"):
        owner.reject("cidr_blocks", None, "those of the subnets where private_links is True")
    _check_size(owner, args, type)


def _check_size(owner: Component, args: Mapping[str, Any], type: str) -> None:
    per_zone = args.get("brokers_per_zone", 1)
    brokers = ZONES * per_zone
    if not 1 <= brokers <= KAFKA_BROKERS.most:
        most = KAFKA_BROKERS.most // ZONES
        owner.reject("brokers_per_zone", per_zone, f"1 to {most}, so that there are at most {KAFKA_BROKERS}")
    try:
        limit = partitions_of_broker(type)
    except ArgumentError as error:
        owner.reject("instance_type", type, f"a Standard broker's: {error}")
    partitions = sum(how.get("partitions", 3) for how in args["topics"].values())
    if partitions * COPIES > limit.most * brokers:
        most = limit.most * brokers // COPIES
        wanted = (
            f"at most {most} partitions together with {brokers} brokers, so that there are at most {limit}"
        )
        owner.reject("topics", partitions, wanted)
    first = args.get("storage_gib", 100)
    most = args.get("most_storage_gib", KAFKA_STORAGE.most)
    if not 1 <= first <= KAFKA_STORAGE.most:
        owner.reject("storage_gib", first, f"1 to {KAFKA_STORAGE}")
    if not first <= most <= KAFKA_STORAGE.most:
        owner.reject("most_storage_gib", most, f"{first} to {KAFKA_STORAGE}")
