"""What the installed Pulumi SDKs declare: resource types, and the properties of resources and functions."""

import contextlib
import functools
import importlib
import keyword
from difflib import get_close_matches
from typing import Any

import pulumi
from pulumi import _types
from pulumi.runtime import rpc

from fourplane.errors import Mistake

TEXT = (pulumi.Output[str], "pulumi.Output[str]", "pulumi.Output[_builtins.str]")
OWN = ("pulumi", "pulumi-python", "pulumi-nodejs", "fourplane")
OPEN = ("kubernetes",)
"""Packages that take types which their SDK does not list, such as custom resources."""


@functools.cache
def resource_class(type: str) -> Any:
    """The class that an installed SDK has for a resource type, or None."""
    package, module, _ = [*type.split(":"), "", ""][:3]
    _load(package)
    for known in rpc._RESOURCE_MODULES.get(f"{package}:{module}", []):
        info: Any = getattr(known, "mod_info", {})
        name = info.get("classes", {}).get(type)
        if name:
            return getattr(importlib.import_module(info["fqn"]), name)
    return None


@functools.cache
def texts(type: str) -> tuple[str, ...]:
    """The outputs of a resource type that are always there and are plain texts: what the cloud makes up."""
    declared = resource_class(type)
    if declared is None:
        return ()
    properties = {
        name: getter.fget.__annotations__.get("return") for _, name, getter in _types._py_properties(declared)
    }
    return tuple(name for name, kind in properties.items() if kind in TEXT)


@functools.cache
def results(token: str) -> dict[str, Any]:
    """The properties of a function's result and their types; {} for a function that no SDK has."""
    package, module, function = [*token.split(":"), "", ""][:3]
    place = f"pulumi_{package.replace('-', '_')}"
    module = module.split("/")[0].replace("-", "_").lower()
    if module and module != "index":
        place += f".{module}_" if keyword.iskeyword(module) else f".{module}"
    try:
        found = getattr(importlib.import_module(place), f"{function[:1].upper()}{function[1:]}Result", None)
    except ImportError:
        return {}
    return members(found)


def members(kind: Any) -> dict[str, Any]:
    """The properties of a nested type; {} for anything else."""
    return _types.output_type_types(kind) if isinstance(kind, type) and _types.is_output_type(kind) else {}


def check(type: str) -> None:
    """Raise Mistake for a resource type that no installed SDK has."""
    package = type.split(":")[0]
    if package in (*OWN, *OPEN) or resource_class(type):
        return
    known = _known(package)
    if not known:
        raise Mistake(f"no installed SDK has the type {type}; install pulumi-{package}")
    near = get_close_matches(type, known, n=1, cutoff=0.6)
    raise Mistake(f"no resource type {type}" + (f"; did you mean {near[0]}?" if near else ""))


@functools.cache
def _known(package: str) -> tuple[str, ...]:
    modules = [
        m for key, found in rpc._RESOURCE_MODULES.items() if key.startswith(f"{package}:") for m in found
    ]
    return tuple(sorted({type for m in modules for type in getattr(m, "mod_info", {}).get("classes", {})}))


@functools.cache
def _load(package: str) -> None:
    """An SDK lists its types when it is imported; a program that only names a type has not done so."""
    with contextlib.suppress(ImportError):
        importlib.import_module(f"pulumi_{package.replace('-', '_')}")
