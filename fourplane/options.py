"""The resource options that a graph keeps."""

from typing import Any

OPTIONS = (
    "aliases",
    "customTimeouts",
    "deleteBeforeReplace",
    "deletedWith",
    "ignoreChanges",
    "importId",
    "replaceOnChanges",
    "replace_with",
    "retainOnDelete",
    "additionalSecretOutputs",
)


def given(request: Any) -> dict[str, Any]:
    """The options of a registration that were given and have no place of their own in a Resource."""
    found: dict[str, Any] = {}
    for name in OPTIONS:
        value = getattr(request, name)
        if name == "aliases":
            value = [a.urn or a.spec.name or a.spec.type or a.spec.parentUrn for a in value]
        elif name == "customTimeouts":
            value = {k: getattr(value, k) for k in ("create", "update", "delete") if getattr(value, k)}
        elif not isinstance(value, (str, bool)):
            value = list(value)
        if value:
            found[name] = value
    return found
