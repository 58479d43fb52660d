"""The programs of a region's nodes, in a bucket: they are more than user data holds."""

import base64
import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.machine import BootFile
from components.policies import use_key


class Programs(TypedDict):
    """Where nodes fetch their programs from: MnesiaDatabase.cluster says it."""

    programs_bucket: pulumi.Input[str]
    """Name of the bucket."""
    programs_arn: pulumi.Input[str]
    """Its ARN."""


def common(one: Mapping[str, BootFile], other: Mapping[str, BootFile]) -> dict[str, BootFile]:
    """The files that two nodes share, and so any two. Services are left out: a machine knows them when it
    starts."""
    services = ("/etc/systemd/", "/usr/local/etc/rc.d/")
    return {
        path: file for path, file in one.items() if other.get(path) == file and not path.startswith(services)
    }


def archive(files: Mapping[str, BootFile]) -> bytes:
    """Files as a tar, compressed: the same bytes for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, file in sorted(files.items()):
            data = file.text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(data), int(file.mode, 8)
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def publish(
    owner: Component, args: Mapping[str, Any], files: Mapping[str, BootFile]
) -> aws.s3.BucketObjectv2:
    """Put an owner's programs into the bucket of its `Programs`. Its key is another one for other files, so
    that machines which are replaced get what their user data was written with."""
    data = archive(files)
    return aws.s3.BucketObjectv2(
        owner.name,
        bucket=args["programs_bucket"],
        key=f"{owner.name}/{hashlib.sha256(data).hexdigest()[:16]}.tar.gz",
        content_base64=base64.b64encode(data).decode(),
        opts=owner.child,
    )


def fetch_statements(
    reader: Component, programs: Programs, key_arn: pulumi.Input[str] | None
) -> list[dict[str, Any]]:
    """What the role of a component's machines needs to fetch its programs. `key_arn`: that of the bucket."""
    reading: list[dict[str, Any]] = [
        {
            "Sid": "Programs",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.format("{}/{}/*", programs["programs_arn"], reader.name),
        }
    ]
    if key_arn is None:
        return reading
    return [*reading, {**use_key(key_arn, "s3", key_arn, "Decrypt"), "Sid": "ProgramsKey"}]
