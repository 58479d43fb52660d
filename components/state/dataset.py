"""Files that jobs write and others read: what was computed, and can be computed again."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi

from components.component import Component
from components.keeping import Keeping
from components.state.content.replication import key_statement
from components.state.entry import Entry
from components.state.exit import Exit
from components.state.private_bucket import PrivateBucket


class DatasetArgs(Keeping):
    expire_after_days: NotRequired[int]
    """Days until a file is deleted. Default: never."""
    expire_under: NotRequired[str]
    """Prefix of the files that `expire_after_days` is for. Default: all."""


class Dataset(Component):
    """A versioned, encrypted bucket with two ends.

    Who computes has an arrow to its `entry`, and may read, write and delete, as Spark does with what it has
    begun; who uses it has one to its `exit`, and may read: connect(job, features.entry),
    connect(function, features.exit).
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: DatasetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (days := args.get("expire_after_days", 1)) < 1:
            self.reject("expire_after_days", days, "at least 1")
        kept: Any = {key: value for key, value in args.items() if key != "region"}
        store = PrivateBucket(name, kept, self.child)

        self._key_arn = args.get("key_arn")
        self.bucket, self.arn = store.bucket, store.arn
        # Both have its name, so that an arrow to either is one to the dataset.
        self.entry = Entry(name, {"address": self.bucket, "statements": self._writing()}, self.child)
        self.exit = Exit(name, {"address": self.bucket, "statements": self._reading()}, self.child)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})

    def _reading(self) -> list[dict[str, Any]]:
        return self._may(["s3:GetObject"], "Decrypt")

    def _writing(self) -> list[dict[str, Any]]:
        files = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        return self._may(files, "Decrypt", "GenerateDataKey")

    def _may(self, files: Sequence[str], *of_key: str) -> list[dict[str, Any]]:
        allowed = [
            {
                "Sid": "Files",
                "Effect": "Allow",
                "Action": list(files),
                "Resource": pulumi.Output.format("{}/*", self.arn),
            },
            {"Sid": "Names", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": self.arn},
        ]
        if self._key_arn is None:
            return allowed
        uses = [f"kms:{action}" for action in of_key]
        return [*allowed, key_statement("Key", uses, self._key_arn, self.arn)]
