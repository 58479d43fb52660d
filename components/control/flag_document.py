"""Flags as AppConfig keeps them, and what they may not be."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

KEY = re.compile(r"[a-z][a-zA-Z0-9_-]{0,63}")
"""Names of flags and attributes:
https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-type-reference-feature-flags.html."""
MOST_ATTRIBUTES = 25


class Attribute(TypedDict):
    """A value that goes with a flag: one of `number`, `text` and `switch`."""

    number: NotRequired[float]
    """A number."""
    least: NotRequired[int]
    """The least that the number may be changed to. Default: any."""
    most: NotRequired[int]
    """The most that the number may be changed to. Default: any."""
    text: NotRequired[str]
    """A text of 1024 characters at most."""
    one_of: NotRequired[Sequence[str]]
    """The texts that it may be changed to. Default: any."""
    switch: NotRequired[bool]
    """On or off."""


class Flag(TypedDict):
    """What can be turned on and off."""

    description: str
    """What it does, in words for whoever turns it."""
    enabled: NotRequired[bool]
    """Whether it is on. Default False."""
    attributes: NotRequired[Mapping[str, Attribute]]
    """Values that programs see while it is on, by name. Default: none."""


def flaw(name: str, flag: Flag) -> tuple[object, str] | None:
    """What of a flag cannot be, and what must be in its place; None where all can."""
    attributes = flag.get("attributes", {})
    for key in (name, *attributes):
        if not KEY.fullmatch(key) or key == "enabled":
            return key, "named by a small letter and 63 more letters, digits, _ and -"
    if len(attributes) > MOST_ATTRIBUTES:
        return len(attributes), f"flags of {MOST_ATTRIBUTES} attributes at most"
    for key, value in attributes.items():
        if fault := _fault(value):
            return {name: {key: dict(value)}}, f"flags whose attributes are each {fault}"
    return None


def document(flags: Mapping[str, Flag]) -> dict[str, Any]:
    """Flags as AppConfig keeps them: what each may be, and what it is."""
    return {
        "version": "1",
        "flags": {
            name: {
                "name": name,
                "description": flag["description"],
                "attributes": {
                    key: {"constraints": _constraints(one)} for key, one in flag.get("attributes", {}).items()
                },
            }
            for name, flag in flags.items()
        },
        "values": {
            name: {
                "enabled": flag.get("enabled", False),
                **{key: _value(one) for key, one in flag.get("attributes", {}).items()},
            }
            for name, flag in flags.items()
        },
    }


def _value(attribute: Attribute) -> float | str | bool:
    values: Mapping[str, Any] = {**attribute}
    return next(values[key] for key in ("number", "text", "switch") if key in values)


def _constraints(attribute: Attribute) -> dict[str, Any]:
    """What AppConfig refuses a change by."""
    kind = next(
        theirs
        for ours, theirs in (("number", "number"), ("text", "string"), ("switch", "boolean"))
        if ours in attribute
    )
    limits = {"minimum": attribute.get("least"), "maximum": attribute.get("most")}
    said: dict[str, Any] = {key: limit for key, limit in limits.items() if limit is not None}
    if "one_of" in attribute:
        said["enum"] = list(attribute["one_of"])
    return {"type": kind, "required": True, **said}


def _fault(attribute: Attribute) -> str:
    """What is wrong with an attribute, in words; "" where nothing is."""
    kinds = attribute.keys() & {"number", "text", "switch"}
    if len(kinds) != 1:
        return "one of number, text and switch"
    if "number" not in kinds and attribute.keys() & {"least", "most"}:
        return "a number where least or most is given"
    if "text" not in kinds and "one_of" in attribute:
        return "a text where one_of is given"
    if "number" in attribute:
        least, most = attribute.get("least", attribute["number"]), attribute.get("most", attribute["number"])
        return "" if least <= attribute["number"] <= most else "a number from least to most"
    if "text" in attribute and attribute["text"] not in attribute.get("one_of", [attribute["text"]]):
        return "a text of one_of"
    return ""
