"""What the world keeps, and what breaks each rule about its end."""

from tests.policy.world import Made, Ref, change, remove

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
BACKUP_PLAN = "aws:backup/plan:Plan"
TAGS = {"owner": "shop", "stack": "shop-prod"}

LEFTOVERS = {
    "id": "leftovers",
    "status": "Enabled",
    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
    "noncurrentVersionExpiration": {"noncurrentDays": 30},
}

WORLD = [
    Made(
        LIFECYCLE,
        "files",
        {
            "bucket": Ref(BUCKET, "files", "id"),
            "rules": [LEFTOVERS, {"id": "old", "status": "Enabled", "expiration": {"days": 400}}],
        },
    ),
    Made(BUCKET_LOGGING, "others", {"bucket": "others", "targetBucket": Ref(BUCKET, "files", "id")}),
    Made(
        REPOSITORY,
        "shop",
        {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [
                {"encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:123456789012:key/images"}
            ],
            "tags": TAGS,
        },
    ),
    Made(REPOSITORY_LIFECYCLE, "shop", {"repository": Ref(REPOSITORY, "shop", "name")}),
    Made(
        BACKUP_PLAN,
        "daily",
        {
            "rules": [
                {"ruleName": "daily", "targetVaultName": "safe", "lifecycle": {"deleteAfter": 35}},
            ],
            "tags": TAGS,
        },
    ),
]

MUTATIONS = {
    "each_bucket_has_a_lifecycle": remove(LIFECYCLE, "files", blame=(BUCKET, "files")),
    "old_versions_are_dropped_one_day": change(
        LIFECYCLE, "files", "rules.0.noncurrentVersionExpiration", None, blame=(VERSIONING, "files")
    ),
    "a_bucket_of_logs_forgets": change(
        LIFECYCLE, "files", "rules.1.expiration", None, blame=(BUCKET, "files")
    ),
    "each_repository_drops_old_images": remove(REPOSITORY_LIFECYCLE, "shop", blame=(REPOSITORY, "shop")),
    "each_backup_ends": change(BACKUP_PLAN, "daily", "rules.0.lifecycle.deleteAfter", None),
}
