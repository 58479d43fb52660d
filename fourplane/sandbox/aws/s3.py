"""S3: buckets and objects."""

import base64
import mimetypes
from typing import Any

import pulumi

from fourplane.errors import Failure
from fourplane.sandbox import assets, shapes
from fourplane.sandbox.aws import s3_settings
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.shapes import given

__all__ = ["s3_settings"]  # what the provider has as resources of their own

ZONES = {
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
    "ap-south-1": "Z11RGJOFQNVJUP",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-northeast-2": "Z3W03O7B5YMIYP",
    "ca-central-1": "Z1QDHH18159H29",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "eu-west-3": "Z3R1K369G5AVDG",
    "eu-north-1": "Z3BAZG2TWCNX0D",
    "sa-east-1": "Z7KQH4QJS55SO",
}
"""Hosted zones of S3's website endpoints: https://docs.aws.amazon.com/general/latest/gr/s3.html"""
APART = {
    "lifecycleRules": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "replicationConfiguration": "BucketReplicationConfig",
    "objectLockConfiguration": "BucketObjectLockConfiguration",
    "grants": "BucketAcl",
    "website": "BucketWebsiteConfiguration",
    "corsRules": "BucketCorsConfiguration",
    "requestPayer": "BucketRequestPaymentConfiguration",
    "accelerationStatus": "BucketAccelerateConfiguration",
}
"""Settings inside a bucket that the provider has deprecated, and the resource that stands for each."""


@creates("aws:s3/bucket:Bucket")
def bucket(new: New) -> Made:
    for key, resource in APART.items():
        if new.get(key):
            raise Failure(
                f"the sandbox has no '{key}' inside a bucket, which is deprecated; use aws.s3.{resource}"
            )
    s3 = new.client("s3")
    prefix = new.get("bucketPrefix")
    name = new.get("bucket") or (f"{prefix}{new.hash(26)}" if prefix else new.auto_name.lower())
    place = (
        {} if new.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": new.region}}
    )
    options = given(ACL=new.get("acl"), ObjectLockEnabledForBucket=new.get("objectLockEnabled"))
    s3.create_bucket(Bucket=name, **place, **options)
    if new.tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": new.tag_list})
    _inside(new, name)
    return name, {
        "arn": f"arn:aws:s3:::{name}",
        "bucket": name,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegion": new.region,
        "bucketRegionalDomainName": f"{name}.s3.{new.region}.amazonaws.com",
        **({"hostedZoneId": ZONES[new.region]} if new.region in ZONES else {}),
        "requestPayer": "BucketOwner",
    }


def _inside(new: New, name: str) -> None:
    """The settings that programs still put inside the bucket."""
    s3 = new.client("s3")
    if new.get("policy"):
        s3.put_bucket_policy(Bucket=name, Policy=document(new["policy"]))
    versioning = new.first("versioning")
    if versioning.get("enabled"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if new.get("serverSideEncryptionConfiguration"):
        config = {"rules": new.first("serverSideEncryptionConfiguration")["rule"]}
        rename: dict[str, str | None] = {"kmsMasterKeyId": "KMSMasterKeyID"}
        path = "ServerSideEncryptionConfiguration"
        fitted = shapes.fit_member(s3, "put_bucket_encryption", path, config, rename)
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration=fitted)


@creates("aws:s3/bucketPolicy:BucketPolicy")
def bucket_policy(new: New) -> Made:
    text = document(new["policy"])
    new.client("s3").put_bucket_policy(Bucket=new["bucket"], Policy=text)
    return new["bucket"], {"policy": text}


OBJECT = {
    "kmsKeyId": "SSEKMSKeyId",
    "websiteRedirect": "WebsiteRedirectLocation",
    "objectLockLegalHoldStatus": "ObjectLockLegalHoldStatus",
    **{
        key: None
        for key in [
            "content",
            "contentBase64",
            "source",
            "sourceHash",
            "etag",
            "forceDestroy",
            "tags",
            "key",
            "contentType",
            "overrideProvider",
        ]
    },
}


@creates("aws:s3/bucketObject:BucketObject")
@creates("aws:s3/bucketObjectv2:BucketObjectv2")
def bucket_object(new: New) -> Made:
    key = new.get("key") or new.resource.name
    kind = new.get("contentType") or mimetypes.guess_type(key)[0] or "application/octet-stream"
    tags = "&".join(f"{k}={v}" for k, v in new.tags.items())
    more = given(Key=key, ContentType=kind, Tagging=tags)
    made = new.client("s3").put_object(**new.fit("s3", "put_object", OBJECT, **more), Body=_body(new))
    return key, {
        "arn": f"arn:aws:s3:::{new['bucket']}/{key}",
        "contentType": kind,
        "etag": made["ETag"].strip('"'),
        "key": key,
        "serverSideEncryption": made.get("ServerSideEncryption", "AES256"),
        "storageClass": new.get("storageClass", "STANDARD"),
        "versionId": made.get("VersionId", ""),
    }


def _body(new: New) -> bytes:
    source: Any = new.get("source")
    if isinstance(source, pulumi.RemoteAsset):  # there is no internet here: the object holds its address
        new.resource.simulated = True
        return source.uri.encode()
    if source is not None:
        return assets.content(source)
    if "contentBase64" in new.inputs:
        return base64.b64decode(new["contentBase64"])
    return new.get("content", "").encode()
