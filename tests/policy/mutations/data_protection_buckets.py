"""What guards the world's bucket, and what breaks each rule about what is in it."""

from tests.policy.world import Made, Ref, change

BUCKET = "aws:s3/bucket:Bucket"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
PUBLIC_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
FILES = {"bucket": Ref(BUCKET, "files", "id")}

WORLD = [
    Made(VERSIONING, "files", {**FILES, "versioningConfiguration": {"status": "Enabled"}}),
    Made(PUBLIC_ACCESS, "files", {**FILES, **dict.fromkeys(BLOCKS, True)}),
    Made(OWNERSHIP, "files", {**FILES, "rule": {"objectOwnership": "BucketOwnerEnforced"}}),
]

MUTATIONS = {
    "each_bucket_keeps_versions": change(
        VERSIONING, "files", "versioningConfiguration.status", "Suspended", blame=(BUCKET, "files")
    ),
    "no_bucket_can_be_made_public": change(
        PUBLIC_ACCESS, "files", "restrictPublicBuckets", False, blame=(BUCKET, "files")
    ),
    "what_is_in_a_bucket_is_its_owners": change(OWNERSHIP, "files", "rule.objectOwnership", "ObjectWriter"),
    "a_lifecycle_ends_unfinished_uploads": change(
        LIFECYCLE, "files", "rules.0.abortIncompleteMultipartUpload", None
    ),
    "an_old_version_is_kept_for_days": change(
        LIFECYCLE, "files", "rules.0.noncurrentVersionExpiration.noncurrentDays", 1
    ),
}
