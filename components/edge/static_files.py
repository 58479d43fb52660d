"""Files of a web site, in the bucket that a distribution serves."""

import hashlib
import mimetypes
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs

FIXED = re.compile(r"[.-][0-9a-f]{8,}\.[a-z0-9.]+$")
"""What bundlers name a file by its content: "app.3f2a91bc.js"."""
FOREVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"
"""It is kept, and asked for anew: an answer of 304 costs little, and no page runs with another's program."""
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Of a machine's own list nobody knows what is in it."""


class StaticFilesArgs(ComponentArgs):
    bucket: pulumi.Input[str]
    """Bucket that they are put into: CdnEdge.content_bucket."""
    folder: str
    """Folder on the machine that deploys: all of its files, but for hidden ones, keep their paths."""
    written: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Texts of more files, by path, such as a "config.json" of what the stack has made. Default: none."""
    key_arn: NotRequired[pulumi.Input[str]]
    """Key that the bucket is encrypted with. Default: S3's own."""


class StaticFiles(Component):
    """A folder as objects, each changed when its content is.

    What is named by its content is kept by browsers for ever; the rest is asked for each time, and sent only
    if it has changed.
    """

    paths: pulumi.Output[list[str]]

    def __init__(self, name: str, args: StaticFilesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        files, written = self._files(args["folder"]), args.get("written", {})
        if both := sorted(files.keys() & written.keys()):
            self.reject("written", both[0], "paths that the folder has no file at")

        for path, file in files.items():
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            self._put(path, args, source=pulumi.FileAsset(str(file)), source_hash=digest)
        for path, text in written.items():
            self._put(path, args, content=text)

        self.paths = pulumi.Output.from_input(sorted([*files, *written]))
        self.register_outputs({"paths": self.paths})

    def _files(self, folder: str) -> dict[str, Path]:
        root = Path(folder)
        if not root.is_dir():
            self.reject("folder", folder, "a folder")
        found = {
            file.relative_to(root).as_posix(): file for file in sorted(root.rglob("*")) if file.is_file()
        }
        found = {path: file for path, file in found.items() if not re.search(r"(^|/)\.", path)}
        return found or self.reject("folder", folder, "a folder with files in it")

    def _put(self, path: str, args: StaticFilesArgs, **content: Any) -> None:
        kind = TYPES.get(Path(path).suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
        aws.s3.BucketObject(
            f"{self.name}-{path}",
            bucket=args["bucket"],
            key=path,
            content_type=kind,
            cache_control=FOREVER if FIXED.search(path) else EACH_TIME,
            kms_key_id=args.get("key_arn"),
            opts=self.child,
            **content,
        )
