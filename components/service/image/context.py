"""What an image is built from."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi

from components.component import Component

NOT_SOURCE = frozenset({".DS_Store", ".git", "__pycache__"})
"""What a machine leaves in a folder by itself."""


def context(owner: Component, args: Mapping[str, Any]) -> dict[str, bytes]:
    """Each file by its path in the image's context. Rejects one without a Dockerfile."""
    if ("folder" in args) == ("files" in args):
        owner.reject("folder", args.get("folder"), "given where there are no files, and only there")
    if "files" in args:
        files = {at: text.encode() for at, text in args["files"].items()}
    else:
        folder = Path(args["folder"])
        found = ((path.relative_to(folder), path) for path in folder.rglob("*") if path.is_file())
        files = {at.as_posix(): path.read_bytes() for at, path in found if NOT_SOURCE.isdisjoint(at.parts)}
    if "Dockerfile" not in files:
        owner.reject("folder" if "folder" in args else "files", sorted(files), "with a 'Dockerfile'")
    return dict(sorted(files.items()))


def archive(args: Mapping[str, Any], files: Mapping[str, bytes]) -> pulumi.AssetArchive:
    """The same as Pulumi uploads it."""
    if "files" in args:
        return pulumi.AssetArchive({at: pulumi.StringAsset(args["files"][at]) for at in files})
    return pulumi.AssetArchive({at: pulumi.FileAsset(str(Path(args["folder"]) / at)) for at in files})


def digest(files: Mapping[str, bytes], *how: str) -> str:
    """What becomes another when the image may: of paths and contents, and of `how` it is built; not of dates,
    owners or modes, which differ from machine to machine."""
    whole = hashlib.sha256()
    for at, content in {**files, **{f"\n{number}": text.encode() for number, text in enumerate(how)}}.items():
        whole.update(f"{at}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return whole.hexdigest()[:32]
