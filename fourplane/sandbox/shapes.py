"""Between the provider's shape of a resource and the shape of the AWS call that makes it."""

import re
from collections.abc import Mapping
from typing import Any

from botocore import xform_name
from botocore.validate import ParamValidator

from fourplane.errors import Mistake


def pascal(value: Any, rename: Mapping[str, str] | None = None) -> Any:
    """Keys in the API's case, "cidrBlock" as "CidrBlock", all the way down; `rename` for those that differ more."""
    rename = rename or {}
    if isinstance(value, dict):
        return {rename.get(k, k[:1].upper() + k[1:]): pascal(v, rename) for k, v in value.items() if v is not None}
    return [pascal(v, rename) for v in value] if isinstance(value, list) else value


def camel(value: Any) -> Any:
    """Keys of an answer in the provider's case, "CidrBlock" as "cidrBlock"."""
    if isinstance(value, dict):
        return {re.sub("^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]", lambda m: m[0].lower(), k): camel(v) for k, v in value.items()}
    return [camel(v) for v in value] if isinstance(value, list) else value


def given(**request: Any) -> dict[str, Any]:
    """A request without what was not given: None, and empty texts, lists and mappings."""
    return {key: value for key, value in request.items() if value is not None and value not in ("", [], {})}


def validate(client: Any, operation: str, request: dict[str, Any]) -> None:
    """Check a request against botocore's model of the call: types, required members, ranges, enumerations."""
    model = client.meta.service_model
    names = {xform_name(name): name for name in model.operation_names}
    if operation not in names:
        raise LookupError(f"{model.service_name} has no operation {operation}")
    shape = model.operation_model(names[operation]).input_shape
    report = ParamValidator().validate(request, shape)
    problems = [report.generate_report()] if report.has_errors() else _outside_enumerations(request, shape, "")
    if problems:
        raise Mistake(f"{names[operation]} would refuse it: {' '.join('; '.join(problems).split())}")


def _outside_enumerations(value: Any, shape: Any, path: str) -> list[str]:
    """botocore leaves enumerations to the service; there is none here."""
    if shape.type_name == "structure" and isinstance(value, dict):
        inner = [(value[k], shape.members[k], f"{path}.{k}") for k in value if k in shape.members]
    elif shape.type_name == "list" and isinstance(value, list):
        inner = [(v, shape.member, f"{path}[{i}]") for i, v in enumerate(value)]
    elif shape.type_name == "map" and isinstance(value, dict):
        inner = [(v, shape.value, f"{path}.{k}") for k, v in value.items()]
    else:
        allowed = getattr(shape, "enum", None)
        wrong = allowed and isinstance(value, str) and value not in allowed
        return [f"{path.lstrip('.')} must be one of {', '.join(allowed)}, got '{value}'"] if wrong else []
    return [problem for item in inner for problem in _outside_enumerations(*item)]
