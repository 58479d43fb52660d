"""Has FreeBSD's packages mirrored, unless the bucket has them, and waits until they are there."""

import os
from typing import Any

import boto3

from components.service.build.await_build import complete

LAST = "meta.conf"
"""What a mirror gets last."""


def handler(event: dict[str, str], context: Any) -> dict[str, str]:
    prefix = event["prefix"]
    complete(prefix, lambda: there(f"{prefix}/{LAST}"), context, why)
    return {"prefix": prefix}


def there(key: str) -> bool:
    found = boto3.client("s3").list_objects_v2(Bucket=os.environ["BUCKET"], Prefix=key, MaxKeys=1)
    return any(one["Key"] == key for one in found.get("Contents", []))


def why(build: str) -> str:
    """What a build noted of its failure; "" where it could not."""
    key = f"failures/{build}"
    if not there(key):
        return ""
    noted = boto3.client("s3").get_object(Bucket=os.environ["BUCKET"], Key=key)
    return noted["Body"].read().decode()
