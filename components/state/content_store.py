"""Content that many read: a bucket, and its mirror in another region."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi

from components.access import Store
from components.component import ArgumentError
from components.keeping import Keeping
from components.state.content.replication import Side, key_statement, replicate
from components.state.private_bucket import PrivateBucket, PrivateBucketArgs


class ContentStoreArgs(Keeping):
    writable: NotRequired[bool]
    """Whether its clients may add and replace objects too. Default False: they read."""
    tier_after_days: NotRequired[int]
    """Days until an object moves to S3 Intelligent-Tiering, which makes what nobody reads cheaper, and is
    read as fast as before. Default 30."""
    shared: NotRequired[bool]
    """Whether share(store.original, …) will say who else may use it, such as a distribution. Default False:
    nobody."""


class ContentStore(Store):
    """A versioned, encrypted bucket that only what an arrow leads from can read.

    Where two regions serve, each has a store of its own, and mirror(here, there) keeps them the same.
    Deletions are copied too, as markers: each bucket keeps old versions for 30 days.
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    bucket_regional_domain_name: pulumi.Output[str]

    def __init__(self, name: str, args: ContentStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (days := args.get("tier_after_days", 30)) < 0:
            self.reject("tier_after_days", days, "at least 0")

        self.original = PrivateBucket(name, _original(args), self.child)
        self._key_arn, self._writable = args.get("key_arn"), args.get("writable", False)
        self.bucket = self.original.bucket
        self.arn = self.original.arn
        self.address = self.bucket
        self.bucket_regional_domain_name = self.original.bucket_regional_domain_name
        self.register_outputs(
            {
                "bucket": self.bucket,
                "arn": self.arn,
                "address": self.address,
                "bucket_regional_domain_name": self.bucket_regional_domain_name,
            }
        )

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Reading its objects and listing them; writing where it is writable; the key for either."""
        writes = ["s3:AbortMultipartUpload", "s3:PutObject"] if self._writable else []
        objects = {
            "Sid": "Objects",
            "Effect": "Allow",
            "Action": ["s3:GetObject", *writes],
            "Resource": pulumi.Output.format("{}/*", self.arn),
        }
        names = {"Sid": "Names", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": self.arn}
        if self._key_arn is None:
            return [objects, names]
        # A part of an upload is decrypted before the whole is put together.
        uses = ["kms:Decrypt", *(["kms:GenerateDataKey"] if self._writable else [])]
        return [objects, names, key_statement("Key", uses, self._key_arn, self.arn)]

    def side(self) -> Side:
        """What its like in another region needs to know of it: `mirror`."""
        return Side(self.original, self._key_arn)


def mirror(one: ContentStore, other: ContentStore) -> None:
    """Keep two stores, each in its own region, the same: what is written, replaced or deleted in either is so
    in the other within 15 minutes.

    Each keeps what it has if the other's region is lost, and brings it up to date afterwards. Objects that
    are older than the mirror are not copied. Two writes of one name at the same time leave both versions in
    both, the later one current. Raises ArgumentError where one has a key and the other has none.
    """
    if (one._key_arn is None) != (other._key_arn is None):
        raise ArgumentError(f"mirror: '{one.name}' and '{other.name}' must both have a key_arn, or neither")
    for here, there in ((one, other), (other, one)):
        replicate(here, f"{here.name}-mirror", here.side(), there.side())


def _original(args: ContentStoreArgs) -> PrivateBucketArgs:
    made: PrivateBucketArgs = {
        "tier_after_days": args.get("tier_after_days", 30),
        "disposable": args.get("disposable", False),
        "shared": args.get("shared", False),
    }
    if "key_arn" in args:
        made["key_arn"] = args["key_arn"]
    if "log_bucket" in args:
        made["log_bucket"] = args["log_bucket"]
    return made
