"""Items that are found by their keys, however many there are: Amazon DynamoDB."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.keeping import Keeping
from components.policies import use_key
from components.state.dynamo.alarms import alarms
from components.state.dynamo.capacity import follow_load
from components.state.dynamo.checks import check

ON_ITEMS = (
    "BatchGetItem",
    "BatchWriteItem",
    "ConditionCheckItem",
    "DeleteItem",
    "GetItem",
    "PutItem",
    "Query",
    "UpdateItem",
)
"""What reads and writes items by their keys, transactions too, which have no actions of their own:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html"""
OF_CHANGES = ("DescribeStream", "GetRecords", "GetShardIterator")
KEPT_DAYS = 35


class Key(TypedDict):
    """The attributes that items are found by, each with its type: ("cart", "S") for text, "N" for a number,
    "B" for bytes."""

    partition: Sequence[str]
    """What spreads items over machines: the more values, the better."""
    sort: NotRequired[Sequence[str]]
    """What orders the items of one partition value. Default: there is one of each."""


class Index(Key):
    """Other attributes that items are found by, some moments after they were written."""

    attributes: NotRequired[Sequence[str]]
    """What of an item is kept there besides the keys. Default: all of it."""


class Capacity(TypedDict):
    """Units a second that follow the load: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html."""

    minimum: int
    """Units that are always there."""
    maximum: int
    """Units that there are at most."""
    percent: NotRequired[int]
    """What of them the load uses, 20 to 90. Default 70."""


class DynamoTableArgs(Keeping):
    key: Key
    """How items are found: {"partition": ("cart", "S"), "sort": ("line", "S")}. It never changes."""
    indexes: NotRequired[Mapping[str, Index]]
    """Other ways to find them, by name. Default: none."""
    ttl: NotRequired[str]
    """Attribute with the second since 1970 after which an item goes, within days. Default: none."""
    stream: NotRequired[bool]
    """Whether what changes can be read for a day, before and after. Default False; True with `replicas`."""
    replicas: NotRequired[Sequence[str]]
    """Other regions that have all items within about a second, and may write them: of two writes to one item
    the later wins. Default: none."""
    replica_key_arns: NotRequired[Mapping[str, pulumi.Input[str]]]
    """The key of each such region, where `key_arn` is given. Default: none."""
    reads: NotRequired[Capacity]
    """Read units that are paid by the hour, together with `writes`, for a load that is known. Default: each
    request is paid, and any load is taken up to twice the last peak, and up to what is warm."""
    writes: NotRequired[Capacity]
    """Write units that are paid by the hour, together with `reads`."""
    warm_reads: NotRequired[int]
    """Read units a second that the table takes at once, 12000 or more, before a peak. It never falls; paid
    once. Default: what it was made with."""
    warm_writes: NotRequired[int]
    """Write units a second that it takes at once, 4000 or more."""
    busiest_reads: NotRequired[int]
    """Read units a second of the one partition value that is asked for most, to check that it can be served.
    Default: unknown."""
    busiest_writes: NotRequired[int]
    """Write units a second of the one partition value that is written most. Default: unknown."""
    alarm_actions: NotRequired[Sequence[pulumi.Input[str]]]
    """ARNs of topics that are told when requests are refused, or a region is behind. Default: none."""


class DynamoTable(Store):
    """A table over three zones, encrypted, that can be restored to any second of the last 35 days.

    An arrow lets its client read and write items by their keys, and its indexes by query; nobody scans it.
    Over several regions it is one table, of the same name in each.
    """

    service = "dynamodb"
    table_name: pulumi.Output[str]
    arn: pulumi.Output[str]
    stream_arn: pulumi.Output[str]
    """Of what changes; empty without `stream`."""
    alarm_arns: pulumi.Output[Mapping[str, str]]
    """Of its alarms, by what is wrong: "refused", and "behind-<region>" for each replica."""

    def __init__(self, name: str, args: DynamoTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        types = check(self, args)
        indexes = args.get("indexes", {})
        by_hour = "reads" in args and "writes" in args
        table = aws.dynamodb.Table(
            name,
            attributes=[{"name": attribute, "type": type} for attribute, type in types.items()],
            hash_key=args["key"]["partition"][0],
            range_key=args["key"]["sort"][0] if "sort" in args["key"] else None,
            billing_mode="PROVISIONED" if by_hour else "PAY_PER_REQUEST",
            read_capacity=args["reads"]["minimum"] if "reads" in args else None,
            write_capacity=args["writes"]["minimum"] if "writes" in args else None,
            warm_throughput=_warm(args),
            global_secondary_indexes=[_index(index, how, args) for index, how in indexes.items()],
            ttl={"enabled": True, "attribute_name": args["ttl"]} if "ttl" in args else None,
            server_side_encryption={"enabled": True, "kms_key_arn": args.get("key_arn")},
            point_in_time_recovery={"enabled": True, "recovery_period_in_days": KEPT_DAYS},
            deletion_protection_enabled=not args.get("disposable", False),
            stream_enabled=True if self._changes(args) else None,
            # Global tables take no other: both images tell who wrote last.
            stream_view_type="NEW_AND_OLD_IMAGES" if self._changes(args) else None,
            replicas=[_replica(region, args) for region in args.get("replicas", ())],
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=not args.get("disposable", False),
                ignore_changes=["readCapacity", "writeCapacity", "globalSecondaryIndexes"]
                if by_hour
                else None,
            ),
        )
        if "reads" in args and "writes" in args:
            follow_load(self, table.name, list(indexes), {"Read": args["reads"], "Write": args["writes"]})

        self._key_arn, self._has_indexes = args.get("key_arn"), bool(indexes)
        self.table_name = self.address = table.name
        self.arn = table.arn
        self.stream_arn = table.stream_arn.apply(lambda arn: arn or "")
        self.alarm_arns = alarms(self, table.name, args)
        self.register_outputs(
            {
                "table_name": self.table_name,
                "address": self.address,
                "arn": self.arn,
                "stream_arn": self.stream_arn,
                "alarm_arns": self.alarm_arns,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading and writing its items by their keys, and asking its indexes."""
        items = [f"dynamodb:{action}" for action in ON_ITEMS]
        statements = [{"Sid": "Items", "Effect": "Allow", "Action": items, "Resource": self.arn}]
        if self._has_indexes:
            of_indexes: Any = pulumi.Output.format("{}/index/*", self.arn)
            asking = {"Sid": "Indexes", "Effect": "Allow", "Action": "dynamodb:Query", "Resource": of_indexes}
            statements.append(asking)
        return [*statements, *self._key_use()]

    def changes(self) -> Sequence[Mapping[str, Any]]:
        """The statements of whoever reads what changes: a function that its stream calls."""
        named = [f"dynamodb:{action}" for action in OF_CHANGES]
        reading = {"Sid": "Changes", "Effect": "Allow", "Action": named, "Resource": self.stream_arn}
        # It can be narrowed to the table's streams, and to no single one.
        listed = pulumi.Output.format("{}/stream/*", self.arn)
        listing = {
            "Sid": "Streams",
            "Effect": "Allow",
            "Action": "dynamodb:ListStreams",
            "Resource": listed,
        }
        return [reading, listing, *self._key_use()]

    def _key_use(self) -> list[dict[str, Any]]:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html"""
        if self._key_arn is None:
            return []
        return [use_key(self._key_arn, "dynamodb", self.arn, "Decrypt", "DescribeKey")]

    @staticmethod
    def _changes(args: DynamoTableArgs) -> bool:
        return args.get("stream", False) or bool(args.get("replicas"))


def _index(name: str, how: Index, args: DynamoTableArgs) -> Any:
    attributes = how.get("attributes")
    kept = "ALL" if attributes is None else "INCLUDE" if attributes else "KEYS_ONLY"
    return {
        "name": name,
        "hash_key": how["partition"][0],
        "range_key": how["sort"][0] if "sort" in how else None,
        "projection_type": kept,
        "non_key_attributes": list(attributes) if attributes else None,
        "read_capacity": args["reads"]["minimum"] if "reads" in args else None,
        "write_capacity": args["writes"]["minimum"] if "writes" in args else None,
        "warm_throughput": _warm(args),
    }


def _warm(args: DynamoTableArgs) -> Any:
    if "warm_reads" not in args and "warm_writes" not in args:
        return None
    return {
        "read_units_per_second": args.get("warm_reads"),
        "write_units_per_second": args.get("warm_writes"),
    }


def _replica(region: str, args: DynamoTableArgs) -> Any:
    return {
        "region_name": region,
        "kms_key_arn": args.get("replica_key_arns", {}).get(region),
        "point_in_time_recovery": True,
        "deletion_protection_enabled": not args.get("disposable", False),
        "propagate_tags": True,
    }
