"""Between the provider's shape of a resource and the shape of the AWS call that makes it."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.validate import ParamValidator

from fourplane.errors import Failure, Mistake


def pascal(value: Any, rename: Mapping[str, str] | None = None) -> Any:
    """Keys in the API's case, "cidrBlock" as "CidrBlock", all the way down."""
    rename = rename or {}
    if isinstance(value, dict):
        return {
            rename.get(k, k[:1].upper() + k[1:]): pascal(v, rename) for k, v in value.items() if v is not None
        }
    return [pascal(v, rename) for v in value] if isinstance(value, list) else value


def camel(value: Any) -> Any:
    """Keys of an answer in the provider's case, "CidrBlock" as "cidrBlock"."""
    if isinstance(value, dict):
        return {
            re.sub("^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]", lambda m: m[0].lower(), k): camel(v)
            for k, v in value.items()
        }
    return [camel(v) for v in value] if isinstance(value, list) else value


def given(**request: Any) -> dict[str, Any]:
    """A request without what was not given: None, and empty texts, lists and mappings."""
    return {key: value for key, value in request.items() if value is not None and value not in ("", [], {})}


def validate(client: Any, operation: str, request: dict[str, Any]) -> None:
    """Check a request against botocore's model of the call: types, required members, ranges, enumerations."""
    shape = _request(client, operation)
    report = ParamValidator().validate(request, shape)
    problems = (
        [report.generate_report()] if report.has_errors() else _outside_enumerations(request, shape, "")
    )
    if problems:
        name, told = client.meta.method_to_api_mapping[operation], " ".join("; ".join(problems).split())
        raise Mistake(f"{name} would refuse it: {told}")


def _outside_enumerations(value: Any, shape: Any, path: str) -> list[str]:
    """botocore leaves enumerations to the service; there is none here."""
    if shape.type_name == "structure" and isinstance(value, dict):
        inner = [(value[k], shape.members[k], f"{path}.{k}") for k in value if k in shape.members]
    elif shape.type_name == "list" and isinstance(value, list):
        inner = [(v, shape.member, f"{path}[{i}]") for i, v in enumerate(value)]
    elif shape.type_name == "map" and isinstance(value, dict):
        inner = [(v, shape.value, f"{path}.{k}") for k, v in value.items()]
    else:
        allowed: list[str] = getattr(shape, "enum", None) or []
        wrong = allowed and isinstance(value, str) and value not in allowed
        return [f"{path.lstrip('.')} must be one of {', '.join(allowed)}, got '{value}'"] if wrong else []
    return [problem for item in inner for problem in _outside_enumerations(*item)]


def fit(
    client: Any, operation: str, value: dict[str, Any], rename: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """The request of a call, made from the provider's shape of a resource along botocore's model of the call.

    Names are matched without case and number ("subnetMappings", "subnetMapping"); blocks become lists and
    lists {Quantity, Items} where the call wants them; mappings become [{Key, Value}]; texts and numbers take
    the call's type. `rename`: the call's name for a property that is called otherwise ("block.property" for
    one inside a block alone), or None for an input that does not belong to this call. What fits nowhere is a
    Failure: nothing is dropped unsaid.
    """
    shape = _request(client, operation)
    return _structure(value, shape, rename or {}, "")


def fit_member(
    client: Any,
    operation: str,
    path: str,
    value: dict[str, Any],
    rename: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """One part of a call's request, "LaunchTemplateData" or "BlockDeviceMappings.Ebs" (see fit)."""
    shape = _request(client, operation)
    for step in path.split("."):
        shape = shape.members[step]
        shape = shape.member if shape.type_name == "list" else shape
    return _structure(value, shape, rename or {}, "")


def _request(client: Any, operation: str) -> Any:
    """The shape of a call's request."""
    model, names = client.meta.service_model, client.meta.method_to_api_mapping
    if operation not in names:
        raise LookupError(f"{model.service_name} has no operation {operation}")
    return model.operation_model(names[operation]).input_shape


def _fitted(value: Any, shape: Any, rename: Mapping[str, str | None], name: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(value, shape, rename, name)
    if kind == "list":
        return [_fitted(v, shape.member, rename, name) for v in _items(value, shape)]
    if kind == "map":
        return {k: _fitted(v, shape.value, rename, name) for k, v in value.items()}
    return _scalar(value, kind)


def _scalar(value: Any, kind: str) -> Any:
    if kind == "string":
        return str(value).lower() if isinstance(value, bool) else str(value)
    if kind == "blob":
        return value.encode() if isinstance(value, str) else value
    if kind == "boolean":
        return value == "true" if isinstance(value, str) else value
    number = {"integer": int, "long": int, "float": float, "double": float}.get(kind)
    return number(value) if number else value


def _items(value: Any, shape: Any) -> list[Any]:
    """What stands for a list: a list, one block, or a mapping where the call has a list of pairs."""
    if not isinstance(value, dict):
        return value if isinstance(value, list) else [value]
    pair = next(
        (p for p in (("Key", "Value"), ("Name", "Value")) if set(p) <= _members(shape.member).keys()), None
    )
    if pair is None or {word.lower() for word in pair} <= {key.lower() for key in value}:
        return [value]
    return [dict(zip(pair, item, strict=True)) for item in value.items()]


def _structure(value: Any, shape: Any, rename: Mapping[str, str | None], name: str) -> dict[str, Any]:
    members = _members(shape)
    if {"Quantity", "Items"} <= members.keys() and (
        isinstance(value, list) or value.keys() <= {"items", "quantity"}
    ):
        items = value if isinstance(value, list) else value.get("items", [])
        return {
            "Quantity": len(items),
            "Items": [_fitted(v, members["Items"].member, rename, name) for v in items],
        }
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return {member: _fitted(value, inner, rename, name) for member, inner in members.items()}
    made: dict[str, Any] = {}
    for key, inner in value.items():
        everywhere = rename.get(key, key) or (key if name else None)
        wanted = rename.get(f"{name}.{key}", everywhere)
        if wanted is None or inner is None:
            continue
        member = _member(wanted, members)
        if member is None:
            raise Failure(
                f"the sandbox has no place for '{key}' in {shape.name}; add it to the creator's `rename`"
            )
        made[member] = _fitted(inner, members[member], rename, key)
    return made


def _members(shape: Any) -> Mapping[str, Any]:
    return shape.members if shape.type_name == "structure" else {}


def _member(wanted: str, members: Mapping[str, Any]) -> str | None:
    """The member that a property means: the same word, or its singular or plural."""
    known = {m.lower(): m for m in members}
    word = wanted.lower()
    stem = word.removesuffix("s")
    forms = (
        word,
        f"{word}s",
        stem,
        f"{word}list",
        f"{stem}list",
        word.removesuffix("es"),
        re.sub("ies$", "y", word),
    )
    return next((known[form] for form in (*forms, re.sub("y$", "ies", word)) if form in known), None)
