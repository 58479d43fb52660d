"""A resource's settings as people read them."""

import binascii
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from fourplane import wire
from fourplane.explain import unpacked
from fourplane.graph import Graph, Resource

DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one in C writes a page's settings in a tenth of the time."""
LONGEST = 1500
"""Letters of one setting that a page shows: what is shipped to machines is in the repository."""
PACKED = ("userData", "contentBase64")


def settings(graph: Graph, resources: Iterable[Resource]) -> dict[str, list[list[str]]]:
    """Each input's name and text, by the resource's URN; secrets are hidden before anything is cut."""
    whole = {one.urn: list(_texts(one)) for one in resources}
    masked: dict[str, list[list[str]]] = graph.masked(whole)
    return {urn: [[key, _cut(text)] for key, text in pairs] for urn, pairs in masked.items()}


def _texts(resource: Resource) -> Iterator[list[str]]:
    """Tags last: they are the same everywhere."""
    for key, value in sorted(resource.inputs.items(), key=lambda pair: pair[0] == "tags"):
        yield [key, _text(key, wire.printable(value))]


def _cut(text: str) -> str:
    left = len(text) - LONGEST
    return f"{text[:LONGEST]}\n… {left:,} more letters" if left > 0 else text


def _text(key: str, value: Any) -> str:
    if isinstance(value, str):
        value = _parsed(_opened(value) if key in PACKED else value)
    if isinstance(value, str):
        return _near(value)
    if isinstance(value, (bool, int, float)) or value is None:
        return json.dumps(value)
    return _near(yaml.dump(value, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=100).strip())


def _near(text: str) -> str:
    """Files of the project by their place in it: the page is the same wherever it is made."""
    return text.replace(f"{Path.cwd()}/", "")


def _opened(text: str) -> str:
    try:
        return unpacked(text)
    except (binascii.Error, OSError, EOFError, ValueError, zlib.error):
        return text


def _parsed(text: str) -> Any:
    """A document of JSON, such as a policy, as the mapping or list that it is."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
