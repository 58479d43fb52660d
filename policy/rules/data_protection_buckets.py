"""What is in a bucket is its owner's alone, and comes back when it was overwritten."""

from typing import Any

from policy.resource import Resource, Stack, at
from policy.rule import HIGH, LOW, MEDIUM, Complaints, rule

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
UNFINISHED_DAYS = 7


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("FSBP S3.14", "CKV_AWS_21"),
    mend="add an aws.s3.BucketVersioning with status Enabled, and a lifecycle for old versions",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-14",
)
def each_bucket_keeps_versions(bucket: Resource, stack: Stack) -> Complaints:
    """What was overwritten or deleted by mistake comes back only from a version."""
    found = stack.users(bucket, "bucket", VERSIONING)
    if not any(one["versioningConfiguration.status"] == "Enabled" for one in found):
        yield "keeps no versions"


@rule(
    BUCKET,
    severity=HIGH,
    frameworks=("FSBP S3.8", "CIS 2.1.4", "CKV2_AWS_6", "CKV_AWS_53", "CKV_AWS_56", "AwsSolutions-S2"),
    mend="add an aws.s3.BucketPublicAccessBlock with all four settings true",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-8",
)
def no_bucket_can_be_made_public(bucket: Resource, stack: Stack) -> Complaints:
    """One statement in a policy, years later, would open all of it to everybody."""
    found = stack.users(bucket, "bucket", PUBLIC_ACCESS)
    if missing := [key for key in BLOCKS if not any(one.given(key) for one in found)]:
        yield f"could be made public: {', '.join(missing)} not set"


@rule(
    OWNERSHIP,
    severity=MEDIUM,
    frameworks=("FSBP S3.12", "CKV2_AWS_65"),
    mend="set rule.objectOwnership to BucketOwnerEnforced; to BucketOwnerPreferred where CloudFront's "
    "standard logs are written, which need ACLs",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html",
)
def what_is_in_a_bucket_is_its_owners(controls: Resource) -> Complaints:
    """Objects that their writer owns can be read by whom the writer lets, and not by the bucket's owner."""
    if (owner := controls["rule.objectOwnership"]) == "ObjectWriter":
        yield f"leaves objects to whoever wrote them: {owner}"


def _ended(lifecycle: Resource) -> dict[str, Any]:
    end = {"daysAfterInitiation": UNFINISHED_DAYS}
    unfinished = {"id": "unfinished-uploads", "status": "Enabled", "filter": {"prefix": ""}}
    return {"rules": [*lifecycle.many("rules"), {**unfinished, "abortIncompleteMultipartUpload": end}]}


@rule(
    LIFECYCLE,
    severity=LOW,
    frameworks=("CKV_AWS_300",),
    mend="add a rule with abortIncompleteMultipartUpload.daysAfterInitiation",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html",
    themes=("cost",),
    remediate=_ended,
)
def a_lifecycle_ends_unfinished_uploads(lifecycle: Resource) -> Complaints:
    """Parts of uploads that broke off are in no listing, hold data, and are paid for as long as they lie."""
    rules = [one for one in lifecycle.many("rules") if one.get("status") == "Enabled"]
    if not any(at(one, "abortIncompleteMultipartUpload.daysAfterInitiation") for one in rules):
        yield "keeps uploads that were never finished"


@rule(
    LIFECYCLE,
    severity=MEDIUM,
    frameworks=("WA REL09-BP01",),
    mend="set noncurrentVersionExpiration.noncurrentDays to as many days or more",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html",
    parameters={"days": {"type": "integer", "minimum": 1, "default": 7}},
)
def an_old_version_is_kept_for_days(lifecycle: Resource, days: int) -> Complaints:
    """Versions that are gone before the mistake is noticed were kept for nothing."""
    for one in lifecycle.many("rules"):
        kept = at(one, "noncurrentVersionExpiration.noncurrentDays")
        if (
            kept is not None
            and kept < days
            and not at(one, "noncurrentVersionExpiration.newerNoncurrentVersions")
        ):
            yield f"drops old versions after {kept:g} days; {days:g} are asked for"
