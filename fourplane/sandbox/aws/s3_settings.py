"""S3: the settings of a bucket that are resources of their own."""

from typing import Any

from fourplane.sandbox import shapes
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import given


def _put(
    new: New, operation: str, member: str, rename: dict[str, str | None] | None = None, **inputs: Any
) -> Made:
    """Send a bucket's setting, fitted to the call's body; the resource's id is the bucket's name."""
    s3 = new.client("s3")
    names = {"region": None, "bucket": None, "expectedBucketOwner": None, **(rename or {})}
    body = shapes.fit_member(s3, operation, member, inputs or new.inputs, names)
    shapes.validate(s3, operation, {"Bucket": new["bucket"], member: body})
    getattr(s3, operation)(Bucket=new["bucket"], **{member: body})
    return new["bucket"], {}


@creates("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def public_access_block(new: New) -> Made:
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    chosen = {key: new.get(key, False) for key in keys}
    id, _ = _put(new, "put_public_access_block", "PublicAccessBlockConfiguration", None, **chosen)
    return id, chosen


@creates("aws:s3/bucketVersioning:BucketVersioning")
def versioning(new: New) -> Made:
    config = {k: v for k, v in new.first("versioningConfiguration").items() if v != "Disabled"}
    if not config.get("status"):
        return new["bucket"], {}
    return _put(new, "put_bucket_versioning", "VersioningConfiguration", {"mfaDelete": "MFADelete"}, **config)


@creates("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")
def encryption(new: New) -> Made:
    return _put(new, "put_bucket_encryption", "ServerSideEncryptionConfiguration")


@creates("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def lifecycle(new: New) -> Made:
    rules = [{"filter": {"prefix": ""}, **rule} for rule in new.get("rules", [])]
    id, _ = _put(new, "put_bucket_lifecycle_configuration", "LifecycleConfiguration", None, rules=rules)
    smallest = new.get("transitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    return id, {"transitionDefaultMinimumObjectSize": smallest}


@creates("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership(new: New) -> Made:
    return _put(new, "put_bucket_ownership_controls", "OwnershipControls")


@creates("aws:s3/bucketLogging:BucketLogging")
def logging(new: New) -> Made:
    config = {
        key: value
        for key, value in new.inputs.items()
        if key not in ("bucket", "region", "expectedBucketOwner")
    }
    return _put(new, "put_bucket_logging", "BucketLoggingStatus", None, loggingEnabled=config)


@creates("aws:s3/bucketNotification:BucketNotification")
def notification(new: New) -> Made:
    kinds = {
        "lambdaFunctions": ("LambdaFunctionConfigurations", "LambdaFunctionArn", "lambdaFunctionArn"),
        "queues": ("QueueConfigurations", "QueueArn", "queueArn"),
        "topics": ("TopicConfigurations", "TopicArn", "topicArn"),
    }
    config: dict[str, Any] = {
        name: [{member: target[arn], **_when(target)} for target in new[key]]
        for key, (name, member, arn) in kinds.items()
        if new.get(key)
    }
    if new.get("eventbridge"):
        config["EventBridgeConfiguration"] = {}
    new.client("s3").put_bucket_notification_configuration(
        Bucket=new["bucket"], NotificationConfiguration=config
    )
    return new["bucket"], {}


def _when(target: dict[str, Any]) -> dict[str, Any]:
    names = {"prefix": target.get("filterPrefix"), "suffix": target.get("filterSuffix")}
    rules = [{"Name": name, "Value": value} for name, value in names.items() if value]
    only = {"Key": {"FilterRules": rules}} if rules else None
    return given(Id=target.get("id"), Events=target["events"], Filter=only)


@creates("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
def replication(new: New) -> Made:
    return _put(new, "put_bucket_replication", "ReplicationConfiguration", {"token": None})


@creates("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
def cors(new: New) -> Made:
    return _put(new, "put_bucket_cors", "CORSConfiguration")


@creates("aws:s3/bucketAccelerateConfiguration:BucketAccelerateConfiguration")
def acceleration(new: New) -> Made:
    return _put(new, "put_bucket_accelerate_configuration", "AccelerateConfiguration")


@creates("aws:s3/bucketAcl:BucketAcl")
def acl(new: New) -> Made:
    if not new.get("acl"):
        return _put(new, "put_bucket_acl", "AccessControlPolicy", None, **new.first("accessControlPolicy"))
    new.client("s3").put_bucket_acl(Bucket=new["bucket"], ACL=new["acl"])
    return f"{new['bucket']},{new['acl']}", {}


@creates("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration")
def website(new: New) -> Made:
    id, _ = _put(new, "put_bucket_website", "WebsiteConfiguration", {"routingRuleDetails": None})
    domain = f"s3-website-{new.region}.amazonaws.com"
    return id, {"websiteDomain": domain, "websiteEndpoint": f"{id}.{domain}"}


@creates("aws:s3/bucketMetric:BucketMetric")
def request_metrics(new: New) -> Made:
    """moto has no such call. Of several conditions all must be met; of one, the call wants itself."""
    only, id = new.first("filter"), new.name
    tags = [{"Key": key, "Value": value} for key, value in (only.get("tags") or {}).items()]
    every = given(Prefix=only.get("prefix"), AccessPointArn=only.get("accessPoint"), Tags=tags or None)
    alone = given(Prefix=only.get("prefix"), AccessPointArn=only.get("accessPoint"), Tag=(tags or [None])[0])
    chosen = {"And": every} if len(tags) > 1 or len(every) > 1 else alone
    configuration = given(Id=id, Filter=chosen or None)
    request = {"Bucket": new["bucket"], "Id": id, "MetricsConfiguration": configuration}
    new.simulate("s3", "put_bucket_metrics_configuration", request)
    return f"{new['bucket']}:{id}", {"name": id}
