"""Property values between the Pulumi SDK's protobuf structures and plain Python, secrets and assets kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SIGNATURE = rpc._special_sig_key
UNKNOWN_TEXT = rpc.UNKNOWN
EXACT = 2**53  # beyond it a double no longer holds every whole number


@dataclass(frozen=True)
class Secret:
    """A value that is given to the cloud and never printed."""

    value: Any

    def __repr__(self) -> str:
        return "[secret]"


class Unknown:
    """What only a cloud could answer, and none was asked."""

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Reference:
    """A resource given as a value: what a provider sees of it is its id (a component has only its URN)."""

    urn: str
    id: str

    @property
    def plain(self) -> str:
        return self.id or self.urn


def read(struct: struct_pb2.Struct) -> dict[str, Any]:
    """A protobuf structure as plain values: whole numbers as ints, nulls left out as the engine does."""
    return {key: _value(v) for key, v in struct.fields.items() if v.WhichOneof("kind") != "null_value"}


def _value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value == UNKNOWN_TEXT else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) < EXACT else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        return [_value(v) for v in value.list_value.values]
    if kind == "struct_value":
        fields = read(value.struct_value)
        return _special(fields) if SIGNATURE in fields else fields
    return None


def _special(fields: dict[str, Any]) -> Any:
    signature = fields[SIGNATURE]
    if signature == rpc._special_secret_sig:
        return Secret(fields.get("value"))
    if signature == rpc._special_resource_sig:
        return Reference(fields["urn"], fields.get("id") or "")
    if signature == rpc._special_output_value_sig:
        value = fields.get("value", UNKNOWN)
        return Secret(value) if fields.get("secret") else value
    if signature == rpc._special_asset_sig:
        return _asset(fields)
    if signature == rpc._special_archive_sig:
        return _archive(fields)
    return fields


def _asset(fields: dict[str, Any]) -> pulumi.Asset:
    if "path" in fields:
        return pulumi.FileAsset(fields["path"])
    if "uri" in fields:
        return pulumi.RemoteAsset(fields["uri"])
    return pulumi.StringAsset(fields.get("text", ""))


def _archive(fields: dict[str, Any]) -> pulumi.Archive:
    if "path" in fields:
        return pulumi.FileArchive(fields["path"])
    if "uri" in fields:
        return pulumi.RemoteArchive(fields["uri"])
    return pulumi.AssetArchive(fields.get("assets", {}))


def write(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Plain values as a protobuf structure."""
    struct = struct_pb2.Struct()
    _fill(struct, values)
    return struct


def _fill(struct: struct_pb2.Struct, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if value is not None:
            _put(struct.fields[key], value)


def _put(slot: struct_pb2.Value, value: Any) -> None:
    if value is None:
        slot.null_value = struct_pb2.NULL_VALUE
    elif isinstance(value, bool):
        slot.bool_value = value
    elif isinstance(value, (int, float)):
        slot.number_value = value
    elif isinstance(value, str):
        slot.string_value = value
    elif isinstance(value, Mapping):
        slot.struct_value.SetInParent()
        _fill(slot.struct_value, value)
    elif isinstance(value, (list, tuple)):
        slot.list_value.SetInParent()
        for item in value:
            _put(slot.list_value.values.add(), item)
    elif value is UNKNOWN:
        slot.string_value = UNKNOWN_TEXT
    else:
        _fill(slot.struct_value, _signed(value))


def _signed(value: Any) -> dict[str, Any]:
    if isinstance(value, Secret):
        return {SIGNATURE: rpc._special_secret_sig, "value": value.value}
    if isinstance(value, Reference):
        return {SIGNATURE: rpc._special_resource_sig, "urn": value.urn, "id": value.id}
    if isinstance(value, pulumi.Asset):
        return {SIGNATURE: rpc._special_asset_sig, **_source(value, "text")}
    if isinstance(value, pulumi.Archive):
        return {SIGNATURE: rpc._special_archive_sig, **_source(value, "assets")}
    raise TypeError(f"no property value can be made of {type(value).__name__} {value!r}")


def _source(asset: Any, inline: str) -> dict[str, Any]:
    return {key: getattr(asset, key) for key in ("path", "uri", inline) if hasattr(asset, key)}


def plain(value: Any) -> Any:
    """The value that a provider is handed: secrets opened, references as ids."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Reference):
        return value.plain
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    return value


def printable(value: Any) -> Any:
    """The value as JSON may show it: secrets masked, assets described, unknowns named."""
    if isinstance(value, (Secret, Unknown)):
        return repr(value)
    if isinstance(value, Reference):
        return value.plain
    if isinstance(value, pulumi.AssetArchive):
        return {"archive": {k: printable(v) for k, v in value.assets.items()}}
    if isinstance(value, (pulumi.Asset, pulumi.Archive)):
        kind = "asset" if isinstance(value, pulumi.Asset) else "archive"
        return {kind: next((v for k in ("path", "uri", "text") if (v := getattr(value, k, None))), "")}
    if isinstance(value, dict):
        return {k: printable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [printable(v) for v in value]
    return value


def contains(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a value of this kind is anywhere inside."""
    if isinstance(value, kind):
        return True
    if isinstance(value, Secret):
        return contains(value.value, kind)
    if isinstance(value, dict):
        return any(contains(v, kind) for v in value.values())
    return isinstance(value, list) and any(contains(v, kind) for v in value)
