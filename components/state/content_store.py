"""Content that many read: a bucket, and its copy in another region."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.access import Store
from components.keeping import Keeping
from components.policies import policy, trust
from components.state.private_bucket import PrivateBucket, PrivateBucketArgs

COPY_MINUTES = 15
"""S3 promises 99.9 % of copies in it, and takes no other number:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""


class ContentStoreArgs(Keeping):
    writable: NotRequired[bool]
    """Whether its clients may add and replace objects too. Default False: they read."""
    tier_after_days: NotRequired[int]
    """Days until an object moves to S3 Intelligent-Tiering, which makes what nobody reads cheaper, and is
    read as fast as before. Default 30."""
    replica_region: NotRequired[str]
    """Another region, where a copy of each object is within 15 minutes. Objects older than the replication
    are not copied. Default: there is no copy."""
    replica_key_arn: NotRequired[pulumi.Input[str]]
    """KMS key of `replica_region` that the copies are encrypted with. Required where both `key_arn` and
    `replica_region` are given."""
    shared: NotRequired[bool]
    """Whether share(store.original, …), and share(store.replica, …) where there is a copy, will say who else
    may use them, such as a distribution. Default False: nobody."""


class ContentStore(Store):
    """A versioned, encrypted bucket that only what an arrow leads from can read, and of which a region may be
    lost.

    Deletions are copied too, as markers: each bucket keeps old versions for 30 days. An arrow leads to the
    original. `log_bucket` takes the original's access logs: S3 writes them within a region only.
    """

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    bucket_regional_domain_name: pulumi.Output[str]

    def __init__(self, name: str, args: ContentStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._check(args)

        self.original = PrivateBucket(name, _original(args), self.child)
        self.replica = None
        if "replica_region" in args:
            self.replica = PrivateBucket(f"{name}-replica", _replica(args), self.child)
            self._replicate(self.original, self.replica, args)

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
        return [objects, names, _key("Key", uses, self._key_arn, self.arn)]

    def _check(self, args: ContentStoreArgs) -> None:
        if (days := args.get("tier_after_days", 30)) < 0:
            self.reject("tier_after_days", days, "at least 0")
        region = args.get("replica_region")
        if region is not None and region == self._region:
            self.reject("replica_region", region, "another region than its own, so that one can be lost")
        both = "key_arn" in args and region is not None
        if both and "replica_key_arn" not in args:
            self.reject("replica_key_arn", None, f"a key of {region}, so that the copy is encrypted too")
        if not both and "replica_key_arn" in args:
            self.reject("replica_key_arn", "one", "left out unless both key_arn and replica_region are given")

    def _replicate(self, original: PrivateBucket, replica: PrivateBucket, args: ContentStoreArgs) -> None:
        name = f"{self.name}-replica"
        role = aws.iam.Role(name, assume_role_policy=trust("s3.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(
            name, role=role.name, policy=policy(_copying(original, replica, args)), opts=self.child
        )
        destination: aws.s3.BucketReplicationConfigRuleDestinationArgsDict = {
            "bucket": replica.arn,
            "metrics": {"status": "Enabled", "event_threshold": {"minutes": COPY_MINUTES}},
            "replication_time": {"status": "Enabled", "time": {"minutes": COPY_MINUTES}},
        }
        rule: aws.s3.BucketReplicationConfigRuleArgsDict = {
            "id": "everything",
            "status": "Enabled",
            "priority": 0,
            "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Enabled"},
            "destination": destination,
        }
        if "replica_key_arn" in args:
            destination["encryption_configuration"] = {"replica_kms_key_id": args["replica_key_arn"]}
            rule["source_selection_criteria"] = {"sse_kms_encrypted_objects": {"status": "Enabled"}}
        aws.s3.BucketReplicationConfig(
            name,
            bucket=original.bucket,
            role=role.arn,
            rules=[rule],
            # S3 refuses it before both buckets keep versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[original, replica, allowed]),
        )


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


def _replica(args: ContentStoreArgs) -> PrivateBucketArgs:
    made = _original(args)
    made.pop("key_arn", None)
    made.pop("log_bucket", None)
    made["region"] = args.get("replica_region", "")
    if "replica_key_arn" in args:
        made["key_arn"] = args["replica_key_arn"]
    return made


def _copying(original: PrivateBucket, replica: PrivateBucket, args: ContentStoreArgs) -> list[dict[str, Any]]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html"""
    versions = [f"s3:GetObjectVersion{what}" for what in ("Acl", "ForReplication", "Tagging")]
    allowed: list[dict[str, Any]] = [
        {
            "Sid": "Bucket",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": original.arn,
        },
        {
            "Sid": "Versions",
            "Effect": "Allow",
            "Action": versions,
            "Resource": pulumi.Output.format("{}/*", original.arn),
        },
        {
            "Sid": "Copies",
            "Effect": "Allow",
            "Action": ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"],
            "Resource": pulumi.Output.format("{}/*", replica.arn),
        },
    ]
    if "key_arn" in args and "replica_key_arn" in args:
        allowed.append(_key("Key", ["kms:Decrypt"], args["key_arn"], original.arn))
        uses = ["kms:Encrypt", "kms:GenerateDataKey"]
        allowed.append(_key("ReplicaKey", uses, args["replica_key_arn"], replica.arn))
    return allowed


def _key(sid: str, uses: list[str], key_arn: pulumi.Input[str], bucket: pulumi.Output[str]) -> dict[str, Any]:
    """A key, for one bucket's objects alone. S3 says whose: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html"""
    region = pulumi.Output.from_input(key_arn).apply(lambda arn: arn.split(":")[3])
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": uses,
        "Resource": key_arn,
        "Condition": {
            "StringEquals": {"kms:ViaService": pulumi.Output.format("s3.{}.amazonaws.com", region)},
            # The bucket's own key, or an object's where its writer asked for none of the bucket's.
            "StringLike": {
                "kms:EncryptionContext:aws:s3:arn": [bucket, pulumi.Output.format("{}/*", bucket)],
            },
        },
    }
