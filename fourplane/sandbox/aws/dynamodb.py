"""DynamoDB: tables, and their like in other regions."""

from typing import Any

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given, validate

INDEXES = ("globalSecondaryIndexes", "localSecondaryIndexes")
BY_HOUR = "PROVISIONED"


@creates("aws:dynamodb/table:Table")
def table(new: New) -> Made:
    name = new.name_within(255)
    _check_keys(new)
    request = _request(new, name)
    client = new.client("dynamodb")
    validate(client, "create_table", request)
    made: dict[str, Any] = client.create_table(**request)["TableDescription"]
    _settle(new, name, new.region)
    for replica in new.get("replicas", []):
        _replicate(new, name, request, replica)
    return name, {
        "arn": made["TableArn"],
        "name": name,
        "streamArn": made.get("LatestStreamArn", ""),
        "streamLabel": made.get("LatestStreamLabel", ""),
        "billingMode": request["BillingMode"],
    }


def _check_keys(new: New) -> None:
    """An attribute is declared for a key, and every key's is declared."""
    indexes = [one for kind in INDEXES for one in new.get(kind, [])]
    keys = [new.inputs, *indexes]
    used = {one[key] for one in keys for key in ("hashKey", "rangeKey") if one.get(key)}
    declared = {one["name"] for one in new["attributes"]}
    if used != declared:
        raise Mistake(f"'attributes' must be those of the keys, {sorted(used)}, got {sorted(declared)}")


def _request(new: New, name: str) -> dict[str, Any]:
    mode = new.get("billingMode", BY_HOUR)
    return given(
        TableName=name,
        AttributeDefinitions=[
            {"AttributeName": one["name"], "AttributeType": one["type"]} for one in new["attributes"]
        ],
        KeySchema=_key(new.inputs),
        BillingMode=mode,
        ProvisionedThroughput=_units(new.inputs) if mode == BY_HOUR else None,
        WarmThroughput=_warm(new.first("warmThroughput")),
        GlobalSecondaryIndexes=[_index(one, mode) for one in new.get("globalSecondaryIndexes", [])],
        LocalSecondaryIndexes=[
            _index({"hashKey": new["hashKey"], **one}, "") for one in new.get("localSecondaryIndexes", [])
        ],
        StreamSpecification=given(
            StreamEnabled=new.get("streamEnabled"), StreamViewType=new.get("streamViewType")
        ),
        SSESpecification=_encryption(new.first("serverSideEncryption")),
        DeletionProtectionEnabled=new.get("deletionProtectionEnabled", False),
        TableClass=new.get("tableClass"),
        Tags=new.tag_list,
    )


def _key(block: dict[str, Any]) -> list[dict[str, str]]:
    parts = (("hashKey", "HASH"), ("rangeKey", "RANGE"))
    return [{"AttributeName": block[key], "KeyType": kind} for key, kind in parts if block.get(key)]


def _units(block: dict[str, Any]) -> dict[str, int]:
    if not block.get("readCapacity") or not block.get("writeCapacity"):
        raise Mistake(f"'readCapacity' and 'writeCapacity' are required where billingMode is {BY_HOUR}")
    read, write = int(block["readCapacity"]), int(block["writeCapacity"])
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def _warm(block: dict[str, Any]) -> dict[str, int]:
    read, write = block.get("readUnitsPerSecond"), block.get("writeUnitsPerSecond")
    return given(
        ReadUnitsPerSecond=int(read) if read else None, WriteUnitsPerSecond=int(write) if write else None
    )


def _index(block: dict[str, Any], mode: str) -> dict[str, Any]:
    warm = block.get("warmThroughput") or {}
    return given(
        IndexName=block["name"],
        KeySchema=_key(block),
        Projection=given(
            ProjectionType=block["projectionType"], NonKeyAttributes=block.get("nonKeyAttributes")
        ),
        ProvisionedThroughput=_units(block) if mode == BY_HOUR else None,
        WarmThroughput=_warm(warm[0] if isinstance(warm, list) else warm),
    )


def _encryption(block: dict[str, Any]) -> dict[str, Any]:
    if not block.get("enabled"):
        return {}
    return given(Enabled=True, SSEType="KMS", KMSMasterKeyId=block.get("kmsKeyArn"))


def _settle(new: New, name: str, region: str) -> None:
    """What the provider asks for once the table is there."""
    client = new.client("dynamodb", region)
    if ttl := new.first("ttl"):
        asked = given(Enabled=ttl.get("enabled", False), AttributeName=ttl.get("attributeName"))
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=asked)
    if recovery := new.first("pointInTimeRecovery"):
        days = recovery.get("recoveryPeriodInDays")
        asked = given(
            PointInTimeRecoveryEnabled=recovery["enabled"], RecoveryPeriodInDays=int(days) if days else None
        )
        client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=asked)


def _replicate(new: New, name: str, request: dict[str, Any], replica: dict[str, Any]) -> None:
    """A table of the same name in another region. moto copies nothing from one to the other."""
    region, key = replica["regionName"], replica.get("kmsKeyArn")
    if region == new.region:
        raise Failure("UpdateTable refused: ValidationException: a table has no replica in its own region")
    if request.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
        raise Failure("UpdateTable refused: ValidationException: a replica needs a stream of both images")
    if ("KMSMasterKeyId" in request.get("SSESpecification", {})) != (key is not None):
        raise Failure(
            "UpdateTable refused: ValidationException: all replicas have keys of their own, or none"
        )
    if key is not None:
        request = {**request, "SSESpecification": {**request["SSESpecification"], "KMSMasterKeyId": key}}
    new.client("dynamodb", region).create_table(**request)
    _settle(new, name, region)
