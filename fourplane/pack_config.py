"""What a policy pack is told: its rules' levels and parameters, of a file as for --policy-pack-config."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jsonschema
from google.protobuf import json_format

from fourplane.errors import Mistake

LEVELS = ("advisory", "mandatory", "disabled", "remediate")
STRICTEST = "prod"


def file_of(folder: Path, stack: str) -> Path | None:
    """The file of a stack's environment, its name's last word; prod's where it has none of its own."""
    environment = stack.rpartition("-")[2]
    for name in (environment, STRICTEST):
        if (path := folder / "environments" / f"{name}.json").is_file():
            return path
    return None


def read(path: Path | None, info: Any) -> dict[str, dict[str, Any]]:
    """Level and parameters of every rule: its own defaults, under what the file says of all and of it."""
    config = {policy.name: _defaults(policy) for policy in info.policies}
    given = _mapping(path) if path else {}
    if "all" in given:
        level = _level(f"{path}: all", given["all"])
        for one in config.values():
            one["enforcementLevel"] = level
    for name, value in given.items():
        if name == "all":
            continue
        if name not in config:
            near = get_close_matches(name, config, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise Mistake(f"{path}: no rule '{name}' in the pack{hint}")
        where = f"{path}: {name}"
        more = dict(value) if isinstance(value, dict) else {"enforcementLevel": value}
        if "enforcementLevel" in more:
            more["enforcementLevel"] = _level(where, more["enforcementLevel"])
        config[name] |= more
    for policy in info.policies:
        _check(f"{path}: {policy.name}", policy, config[policy.name])
    return config


def _defaults(policy: Any) -> dict[str, Any]:
    declared = _schema(policy)
    level = LEVELS[(0, 1, 2, 3)[policy.enforcementLevel]]
    return {
        "enforcementLevel": level,
        **{key: one["default"] for key, one in declared.items() if "default" in one},
    }


def _schema(policy: Any) -> dict[str, Any]:
    return (
        json_format.MessageToDict(policy.configSchema.properties) if policy.HasField("configSchema") else {}
    )


def _check(where: str, policy: Any, config: Mapping[str, Any]) -> None:
    declared = _schema(policy)
    for key, value in config.items():
        if key == "enforcementLevel":
            continue
        if key not in declared:
            known = ", ".join(declared) or "none"
            raise Mistake(f"{where}: no parameter '{key}'; known: {known}")
        try:
            jsonschema.validate(value, declared[key])
        except jsonschema.ValidationError as error:
            raise Mistake(f"{where}: {key}: {error.message}") from None


def _level(where: str, value: Any) -> str:
    level = value.get("enforcementLevel") if isinstance(value, dict) else value
    if level not in LEVELS:
        raise Mistake(f"{where}: the level must be {', '.join(LEVELS)}, got {level!r}")
    return level


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise Mistake(f"{path}: not JSON: {error}") from None
    if not isinstance(content, dict):
        raise Mistake(f"{path}: must hold an object of rules, got {type(content).__name__}")
    return content
