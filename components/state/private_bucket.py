"""Objects that nobody sees unless asked."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping


class PrivateBucketArgs(Keeping):
    expire_after_days: NotRequired[int]
    """Days until an object is deleted. Default: never."""
    expire_under: NotRequired[str]
    """Prefix of the objects that `expire_after_days` is for. Default: all."""
    tier_after_days: NotRequired[int]
    """Days until an object moves to S3 Intelligent-Tiering, which makes what nobody reads cheaper, and is
    read as fast as before. Default: never."""
    statements: NotRequired[Sequence[Mapping[str, Any]]]
    """More statements of the bucket's policy; a Resource is a path in the bucket, such as "logs/*", and ""
    the bucket itself."""
    shared: NotRequired[bool]
    """Whether share() will say who else may use it, for a user that stands on the bucket itself, as a
    distribution does. Default False: nobody, but for `statements`."""
    takes_access_logs: NotRequired[bool]
    """Whether CloudFront may write its logs here, which needs an access control list. Default False."""


class PrivateBucket(Component):
    """A versioned, encrypted bucket that is closed to the public and to plain HTTP."""

    bucket: pulumi.Output[str]
    arn: pulumi.Output[str]
    bucket_domain_name: pulumi.Output[str]
    bucket_regional_domain_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        disposable = args.get("disposable", False)
        store = aws.s3.Bucket(
            name,
            force_destroy=disposable,
            opts=pulumi.ResourceOptions.merge(self.child, pulumi.ResourceOptions(protect=not disposable)),
        )
        closed = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=store.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self.child,
        )
        ownership = "BucketOwnerPreferred" if args.get("takes_access_logs") else "BucketOwnerEnforced"
        owned = aws.s3.BucketOwnershipControls(
            name, bucket=store.bucket, rule={"object_ownership": ownership}, opts=self.child
        )
        aws.s3.BucketVersioning(
            name, bucket=store.bucket, versioning_configuration={"status": "Enabled"}, opts=self.child
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            name, bucket=store.bucket, rules=[_encryption(args.get("key_arn"))], opts=self.child
        )
        aws.s3.BucketLifecycleConfiguration(
            name, bucket=store.bucket, rules=_lifecycle(args), opts=self.child
        )
        if "log_bucket" in args:
            aws.s3.BucketLogging(
                name,
                bucket=store.bucket,
                target_bucket=args["log_bucket"],
                target_prefix=f"buckets/{name}/",
                opts=self.child,
            )

        self._store, self._closed = store, closed
        settled = [owned] if args.get("shared", False) else [owned, share(self, *args.get("statements", ()))]
        self.bucket = _once(settled, store.bucket)
        self.arn = store.arn
        self.bucket_domain_name = _once(settled, store.bucket_domain_name)
        self.bucket_regional_domain_name = _once(settled, store.bucket_regional_domain_name)
        self.register_outputs(
            {
                "bucket": self.bucket,
                "arn": self.arn,
                "bucket_domain_name": self.bucket_domain_name,
                "bucket_regional_domain_name": self.bucket_regional_domain_name,
            }
        )


def share(bucket: PrivateBucket, *statements: Mapping[str, Any]) -> aws.s3.BucketPolicy:
    """Write the bucket's policy: TLS only, and these statements, whose Resource is a path such as
    "logs/*"."""
    return aws.s3.BucketPolicy(
        bucket.name,
        bucket=bucket._store.bucket,
        policy=_policy(bucket._store.arn, statements),
        opts=pulumi.ResourceOptions.merge(bucket.child, pulumi.ResourceOptions(depends_on=[bucket._closed])),
    )


def _once(settled: Sequence[pulumi.CustomResource], value: pulumi.Output[str]) -> pulumi.Output[str]:
    """A value that is there only when these are: who writes logs to a bucket is refused before its policy
    stands."""
    return pulumi.Output.all(value, *(resource.id for resource in settled)).apply(lambda known: known[0])


def _encryption(key_arn: pulumi.Input[str] | None) -> Any:
    if key_arn is None:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key_arn}
    return {"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}


def _lifecycle(args: PrivateBucketArgs) -> Any:
    """Old versions go after 30 days and broken uploads after 7; what is current only where the user says
    so."""
    rules: list[dict[str, Any]] = [
        {
            "id": "leftovers",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": 30},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        }
    ]
    current: dict[str, Any] = {"status": "Enabled", "filter": {"prefix": ""}}
    if "expire_after_days" in args:
        aged = {"filter": {"prefix": args.get("expire_under", "")}}
        rules.append({**current, **aged, "id": "expiry", "expiration": {"days": args["expire_after_days"]}})
    if "tier_after_days" in args:
        tier = {"days": args["tier_after_days"], "storage_class": "INTELLIGENT_TIERING"}
        rules.append({**current, "id": "tiering", "transitions": [tier]})
    return rules


def _policy(arn: pulumi.Output[str], statements: Sequence[Mapping[str, Any]]) -> pulumi.Output[str]:
    def document(values: Mapping[str, Any]) -> str:
        arn = values["arn"]
        tls = {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        own = [{**s, "Resource": f"{arn}/{s['Resource']}".removesuffix("/")} for s in values["statements"]]
        return json.dumps({"Version": "2012-10-17", "Statement": [tls, *own]})

    return pulumi.Output.all(arn=arn, statements=statements).apply(document)
