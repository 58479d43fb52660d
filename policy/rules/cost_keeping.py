"""What is kept is kept as long as it is needed, and no longer."""

from policy.resource import Resource, Stack, at
from policy.rule import LOW, MEDIUM, Complaints, rule

BUCKET = "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
BACKUP_PLAN = "aws:backup/plan:Plan"
SNAPSHOTS = "aws:dlm/lifecyclePolicy:LifecyclePolicy"

LIFECYCLES = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html"


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("FSBP S3.13", "CKV2_AWS_61"),
    mend="add an aws.s3.BucketLifecycleConfiguration",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-13",
)
def each_bucket_has_a_lifecycle(bucket: Resource, stack: Stack) -> Complaints:
    """Old versions and uploads that were never finished are paid for, and nobody sees them."""
    if not stack.users(bucket, "bucket", LIFECYCLE):
        yield "keeps everything for ever"


@rule(
    VERSIONING,
    severity=MEDIUM,
    frameworks=("FSBP S3.10", "WA COST04-BP05"),
    mend="add a rule with noncurrentVersionExpiration to the bucket's lifecycle",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-10",
)
def old_versions_are_dropped_one_day(versioning: Resource, stack: Stack) -> Complaints:
    """Whatever is written every hour is otherwise kept nine thousand times a year."""
    buckets = [one for one in stack.all(BUCKET) if stack.uses(versioning, "bucket", one)]
    lifecycles = [one for bucket in buckets for one in stack.users(bucket, "bucket", LIFECYCLE)]
    ends = ("noncurrentVersionExpiration", "noncurrentVersionTransitions")
    dropped = any(at(one, end) for lifecycle in lifecycles for one in _rules(lifecycle) for end in ends)
    if lifecycles and versioning["versioningConfiguration.status"] == "Enabled" and not dropped:
        yield "keeps every version for ever"


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("WA COST04-BP05",),
    mend="add a rule with expiration, or transitions to a cheaper class, to the bucket's lifecycle",
    url=LIFECYCLES,
)
def a_bucket_of_logs_forgets(bucket: Resource, stack: Stack) -> Complaints:
    """Logs are written every minute and read hardly ever: within a year they cost more than the site."""
    lifecycles = stack.users(bucket, "bucket", LIFECYCLE)
    forgets = any(
        at(one, end) for lc in lifecycles for one in _rules(lc) for end in ("expiration", "transitions")
    )
    if lifecycles and stack.users(bucket, "targetBucket", BUCKET_LOGGING) and not forgets:
        yield "keeps its logs for ever, in the dearest class"


@rule(
    REPOSITORY,
    severity=LOW,
    frameworks=("FSBP ECR.3",),
    mend="add an aws.ecr.LifecyclePolicy that keeps the last few images",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html#ecr-3",
)
def each_repository_drops_old_images(repository: Resource, stack: Stack) -> Complaints:
    """Every build leaves an image behind that nobody will start again."""
    if not stack.users(repository, "repository", REPOSITORY_LIFECYCLE):
        yield "keeps every image for ever"


@rule(
    (BACKUP_PLAN, SNAPSHOTS),
    severity=LOW,
    frameworks=("WA COST04-BP05",),
    mend="set lifecycle.deleteAfter on the plan's rule, retainRule on the schedule of snapshots",
    url="https://docs.aws.amazon.com/aws-backup/latest/devguide/plan-options-and-configuration.html",
)
def each_backup_ends(plan: Resource) -> Complaints:
    """A backup without an end is kept, and paid for, after what it is of is long gone."""
    rules, end = plan.many("rules"), "lifecycle.deleteAfter"
    if plan.type == SNAPSHOTS:
        rules, end = plan.many("policyDetails.schedules"), "retainRule"
    for one in rules:
        if not at(one, end):
            yield f"keeps what '{one.get('ruleName') or one.get('name')}' makes for ever"


def _rules(lifecycle: Resource) -> list[object]:
    return [one for one in lifecycle.many("rules") if at(one, "status") == "Enabled"]
