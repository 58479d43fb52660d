"""The bytes of Pulumi's assets and archives."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pulumi

from fourplane.errors import Mistake

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say: the same files give the same archive


def content(asset: Any) -> bytes:
    """A file's or a text's bytes; an archive's are its zip."""
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _read(asset.path)
    if isinstance(asset, pulumi.Archive):
        return zipped(asset)
    raise Mistake(f"a {type(asset).__name__} cannot be fetched in the sandbox; give a file or a text")


def zipped(archive: Any) -> bytes:
    """An archive as the provider uploads it."""
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).is_file():
        return _read(archive.path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, data in sorted(_files(archive)):
            whole.writestr(zipfile.ZipInfo(name, EPOCH), data)
    return buffer.getvalue()


def _files(archive: Any) -> list[tuple[str, bytes]]:
    if isinstance(archive, pulumi.FileArchive):
        root = Path(archive.path)
        if not root.is_dir():
            raise Mistake(f"{root} does not exist")
        return [(str(f.relative_to(root)), f.read_bytes()) for f in root.rglob("*") if f.is_file()]
    if not isinstance(archive, pulumi.AssetArchive):
        raise Mistake(f"a {type(archive).__name__} cannot be fetched in the sandbox; give files or texts")
    found: list[tuple[str, bytes]] = []
    for name, part in archive.assets.items():
        inner = _files(part) if isinstance(part, pulumi.Archive) else [("", content(part))]
        found += [(f"{name}/{path}" if path else name, data) for path, data in inner]
    return found


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
