"""What a component's machines run, read from its image: "Kong 3.9", "Java 21", "C++"."""

import base64
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from fourplane.graph import Graph, Resource
from fourplane.reach.directory import texts

IMAGE_BUILT_HERE = "fourplane:index:ServiceImage"
REPOSITORY = "aws:ecr/repository:Repository"
LANGUAGES = {
    ".java": "Java", ".scala": "Scala", ".go": "Go", ".py": "Python", ".cc": "C++", ".rs": "Rust",
    ".erl": "Erlang", ".js": "JavaScript", ".mjs": "JavaScript", ".ts": "TypeScript",
}  # fmt: skip
NAMES = {
    "amazoncorretto": "Java", "eclipse-temurin": "Java", "ecs": "ejabberd", "golang": "Go", "node": "Node.js",
    "nginx-unprivileged": "nginx", "nginx": "nginx", "ejabberd": "ejabberd",
}  # fmt: skip
"""Images whose name is not what people say; of all others it is, with a capital."""
SCALA = re.compile(r"scala(\d+\.\d+)")
VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")
GZIP = b"\x1f\x8b"
SERVERS = ("ejabberd", "haproxy", "nginx")
"""Programs that machines without an image of a container install by themselves."""
DIGEST = re.compile(r"[0-9a-f]{12,}")


def software(graph: Graph, component: Resource) -> str:
    """What runs in it; "" where nothing says so. Parts of a component are asked after it."""
    for one in _family(graph, component):
        image = one.inputs.get("image")
        if isinstance(image, str) and image:
            return of_image(graph, image)
    return ""


def of_image(graph: Graph, image: str) -> str:
    """What an image holds: by its name and tag, or by the sources that one of our own is built from."""
    name, _, tag = image.rsplit("/", 1)[-1].partition(":")
    if scala := SCALA.search(tag):
        return f"Scala {scala[1]}"
    if not tag or DIGEST.fullmatch(tag.partition("@")[0]):
        built = (one for one in graph.all(IMAGE_BUILT_HERE) if name in _repositories(graph, one))
        return next((told for one in built if (told := language(_sources(one.inputs)))), name)
    known = NAMES.get(name, name.capitalize())
    version = VERSION.match(tag)
    return f"{known} {version[1]}" if version else known


def _repositories(graph: Graph, image: Resource) -> set[str]:
    """The last words of the addresses that an image of ours may have, previewed or deployed."""
    own = [one for one in graph.children(image.urn) if one.type == REPOSITORY]
    return {image.name, *(str(one.inputs.get("name")) for one in own)}


def on_machine(user_data: str) -> str:
    """The server that a machine's cloud-config installs as it boots; "" where it installs none of those."""
    try:
        raw = base64.b64decode(user_data, validate=True)
        told = yaml.safe_load(gzip.decompress(raw) if raw.startswith(GZIP) else raw)
    except (ValueError, OSError, yaml.YAMLError):
        return ""
    known: dict[str, Any] = told if isinstance(told, dict) else {}
    installed = set(texts([known.get("packages"), known.get("runcmd")]))
    return next((one for one in SERVERS if one in installed), "")


def language(names: Iterable[str]) -> str:
    """The language that most of some files are written in."""
    told = Counter(known for name in names if (known := LANGUAGES.get(Path(name).suffix)))
    return min(told, key=lambda one: (-told[one], one), default="")


def _sources(inputs: Mapping[str, Any]) -> Iterator[str]:
    files, folder = inputs.get("files"), inputs.get("folder")
    if isinstance(files, dict):
        yield from files
    if isinstance(folder, str) and Path(folder).is_dir():
        yield from sorted(path.name for path in Path(folder).rglob("*"))


def _family(graph: Graph, component: Resource) -> Iterator[Resource]:
    level = [component]
    while level:
        yield from level
        level = [child for one in level for child in graph.children(one.urn) if not child.custom]
