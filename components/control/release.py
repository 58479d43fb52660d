"""A program's file, fetched once from the internet and kept in the account."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping
from components.state.private_bucket import PrivateBucket, PrivateBucketArgs

FETCH = Path(__file__).parent / "release" / "fetch-release.sh"


class Published(Keeping):
    """Where a program that its makers publish as one file is found."""

    release_url: str
    """The https address of the file of one version, which the engine fetches at deployment. An address that
    names no version may one day lead to another program."""
    release_sha256: NotRequired[str]
    """The file's SHA-256, 64 hexadecimal digits: a machine runs no other. Default: what the engine fetched is
    what runs."""


ADDRESS = ("release_url", "release_sha256")


def published(args: Mapping[str, Any]) -> Published:
    """What a component that runs a published program says of it, and of how it is kept."""
    keys = (*ADDRESS, "key_arn", "log_bucket", "disposable")
    found: Any = {key: value for key, value in args.items() if key in keys}
    return found


class Release(Component):
    """One file in a private bucket: machines need no way to the internet to start, and a replaced machine
    runs what the others do, even on a day when the makers' site is down."""

    bucket: pulumi.Output[str]
    key: pulumi.Output[str]

    def __init__(self, name: str, args: Published, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._sha256 = args.get("release_sha256", "")
        if not args["release_url"].startswith("https://") or args["release_url"].endswith("/"):
            self.reject("release_url", args["release_url"], "the https address of a file")
        if self._sha256 and not _is_sha256(self._sha256):
            self.reject("release_sha256", self._sha256, "64 hexadecimal digits in lower case")
        kept: Any = {key: value for key, value in args.items() if key not in ADDRESS}
        store = PrivateBucket(name, PrivateBucketArgs(**kept), self.child)
        file = aws.s3.BucketObjectv2(
            name,
            bucket=store.bucket,
            key=args["release_url"].rsplit("/", 1)[1],
            source=pulumi.RemoteAsset(args["release_url"]),
            opts=self.child,
        )

        self._key_arn, self._arn = args.get("key_arn"), store.arn
        self.bucket = store.bucket
        self.key = file.key
        self.register_outputs({"bucket": self.bucket, "key": self.key})

    def statements(self) -> list[dict[str, Any]]:
        """What a machine's role needs to fetch it."""
        reading: list[dict[str, Any]] = [
            {
                "Sid": "Release",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": pulumi.Output.format("{}/{}", self._arn, self.key),
            }
        ]
        if self._key_arn is None:
            return reading
        region = pulumi.Output.from_input(self._key_arn).apply(lambda arn: arn.split(":")[3])
        through = {"kms:ViaService": pulumi.Output.format("s3.{}.amazonaws.com", region)}
        key = {
            "Sid": "ReleaseKey",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": self._key_arn,
            "Condition": {"StringEquals": through},
        }
        return [*reading, key]

    def settings(self, path: str) -> pulumi.Output[str]:
        """The text of /etc/fourplane/release.env, by which fetch-release brings the file to a path."""
        return pulumi.Output.format(
            "BUCKET={}\nKEY={}\nSHA256={}\nFILE={}\n", self.bucket, self.key, self._sha256, path
        )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(digit in "0123456789abcdef" for digit in text)
