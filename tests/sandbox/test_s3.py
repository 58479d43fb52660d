"""Buckets, their settings, and what is in them."""

import pulumi
import pulumi_aws as aws
import pytest

from fourplane.errors import Failure
from tests.sandbox.machines import REGION


def put(setting, **more: object):
    """A program that makes a bucket with one setting."""

    def program():
        bucket = aws.s3.Bucket("it")
        setting("it", bucket=bucket.id, **more)

    return program


def name(graph) -> str:
    return graph.one("aws:s3/bucket:Bucket").id


def test_a_bucket_lives_in_its_region_under_a_lower_case_name(deploy, cloud):
    graph = deploy(lambda: aws.s3.Bucket("MyData", region="eu-west-1", tags={"Tier": "state"}))
    s3 = cloud.client("s3", "eu-west-1")
    assert s3.get_bucket_location(Bucket=name(graph))["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_tagging(Bucket=name(graph))["TagSet"] == [{"Key": "Tier", "Value": "state"}]
    made = graph.one("aws:s3/bucket:Bucket").outputs
    assert made["bucketRegionalDomainName"] == f"{name(graph)}.s3.eu-west-1.amazonaws.com"
    assert name(graph).startswith("mydata-")


def test_a_bucket_is_closed_to_the_public(deploy, cloud):
    graph = deploy(put(aws.s3.BucketPublicAccessBlock, block_public_acls=True, block_public_policy=True))
    found = cloud.client("s3", REGION).get_public_access_block(Bucket=name(graph))[
        "PublicAccessBlockConfiguration"
    ]
    assert found["BlockPublicAcls"] and found["BlockPublicPolicy"] and not found["IgnorePublicAcls"]


def test_a_bucket_keeps_versions(deploy, cloud):
    graph = deploy(put(aws.s3.BucketVersioning, versioning_configuration={"status": "Enabled"}))
    assert cloud.client("s3", REGION).get_bucket_versioning(Bucket=name(graph))["Status"] == "Enabled"


def test_a_bucket_is_encrypted_with_a_key(deploy, cloud):
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": "alias/it"}
    rule = {"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}
    graph = deploy(put(aws.s3.BucketServerSideEncryptionConfiguration, rules=[rule]))
    found = cloud.client("s3", REGION).get_bucket_encryption(Bucket=name(graph))
    kept = found["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert (
        kept["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == "alias/it"
        and kept["BucketKeyEnabled"]
    )


def test_a_bucket_lets_old_things_go(deploy, cloud):
    rule = {
        "id": "old",
        "status": "Enabled",
        "filter": {"prefix": "logs/"},
        "expiration": {"days": 30},
        "transitions": [{"days": 10, "storage_class": "GLACIER"}],
        "abort_incomplete_multipart_upload": {"days_after_initiation": 3},
    }
    graph = deploy(put(aws.s3.BucketLifecycleConfiguration, rules=[rule]))
    kept = cloud.client("s3", REGION).get_bucket_lifecycle_configuration(Bucket=name(graph))["Rules"][0]
    assert kept["Expiration"]["Days"] == 30 and kept["Filter"] == {"Prefix": "logs/"}
    assert kept["Transitions"][0]["StorageClass"] == "GLACIER"


def logging(*, allowed):
    def program():
        logs = aws.s3.Bucket("logs")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "logging.s3.amazonaws.com"},
            "Action": "s3:PutObject",
            "Resource": pulumi.Output.format("{}/s3/*", logs.arn),
        }
        closed = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": logs.arn}
        document = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [closed, statement]})
        ready = [aws.s3.BucketPolicy("logs", bucket=logs.id, policy=document)] if allowed else []
        options = pulumi.ResourceOptions(depends_on=ready)
        one = aws.s3.Bucket("it")
        aws.s3.BucketLogging("it", bucket=one.id, target_bucket=logs.id, target_prefix="s3/", opts=options)

    return program


def test_a_bucket_logs_to_another_whose_policy_says_so(deploy, cloud):
    graph = deploy(logging(allowed=True))
    source = graph.one("aws:s3/bucket:Bucket", "it").id
    found = cloud.client("s3", REGION).get_bucket_logging(Bucket=source)["LoggingEnabled"]
    assert found["TargetBucket"] == graph.one("aws:s3/bucket:Bucket", "logs").id


def test_a_bucket_may_not_log_to_another_before_its_policy_says_so(deploy, cloud):
    with pytest.raises(Failure, match="PutBucketLogging refused: InvalidTargetBucketForLogging"):
        deploy(logging(allowed=False))


def test_a_bucket_is_copied_to_another_region(deploy, cloud):
    def program():
        versions = {"status": "Enabled"}
        here, there = aws.s3.Bucket("here"), aws.s3.Bucket("there", region="us-west-2")
        ready = [
            aws.s3.BucketVersioning("here", bucket=here.id, versioning_configuration=versions),
            aws.s3.BucketVersioning(
                "there", bucket=there.id, region="us-west-2", versioning_configuration=versions
            ),
        ]
        role = aws.iam.Role("it", assume_role_policy={"Version": "2012-10-17", "Statement": []})
        rule = {
            "id": "all",
            "status": "Enabled",
            "priority": 1,
            "filter": {},
            "destination": {"bucket": there.arn},
        }
        marker = {"delete_marker_replication": {"status": "Enabled"}}
        aws.s3.BucketReplicationConfig(
            "it",
            bucket=here.id,
            role=role.arn,
            rules=[{**rule, **marker}],
            opts=pulumi.ResourceOptions(depends_on=ready),
        )

    graph = deploy(program)
    source = graph.one("aws:s3/bucket:Bucket", "here").id
    found = cloud.client("s3", REGION).get_bucket_replication(Bucket=source)["ReplicationConfiguration"]
    assert (
        found["Rules"][0]["Destination"]["Bucket"]
        == graph.one("aws:s3/bucket:Bucket", "there").outputs["arn"]
    )


def test_a_bucket_tells_a_queue_about_new_objects(deploy, cloud):
    def program():
        queue = {
            "queue_arn": aws.sqs.Queue("it").arn,
            "events": ["s3:ObjectCreated:*"],
            "filter_suffix": ".jpg",
        }
        aws.s3.BucketNotification("it", bucket=aws.s3.Bucket("it").id, queues=[queue])

    graph = deploy(program)
    found = cloud.client("s3", REGION).get_bucket_notification_configuration(Bucket=name(graph))
    queue = found["QueueConfigurations"][0]
    assert queue["QueueArn"] == graph.one("aws:sqs/queue:Queue").outputs["arn"]
    assert queue["Filter"]["Key"]["FilterRules"] == [{"Name": "suffix", "Value": ".jpg"}]


@pytest.mark.parametrize(
    "given",
    [{"content": "hello"}, {"content_base64": "aGVsbG8="}, {"source": pulumi.StringAsset("hello")}],
)
def test_an_object_holds_what_it_is_given(deploy, cloud, given):
    graph = deploy(put(aws.s3.BucketObjectv2, key="a.txt", **given))
    found = cloud.client("s3", REGION).get_object(Bucket=name(graph), Key="a.txt")
    assert found["Body"].read() == b"hello" and found["ContentType"] == "text/plain"


def test_rejects_a_deprecated_setting_and_names_the_resource_to_use(deploy):
    with pytest.raises(Failure, match=r"use aws\.s3\.BucketLogging"):
        deploy(lambda: aws.s3.Bucket("it", logging={"target_bucket": "logs"}))


def test_request_metrics_of_a_bucket_are_checked_and_simulated(deploy):
    def program():
        bucket = aws.s3.Bucket("it")
        aws.s3.BucketMetric("all", bucket=bucket.bucket, name="everything")
        aws.s3.BucketMetric("some", bucket=bucket.bucket, filter={"prefix": "a/", "tags": {"k": "v"}})

    graph = deploy(program)
    every, some = graph.all("aws:s3/bucketMetric:BucketMetric")
    assert every.id == f"{graph.one('aws:s3/bucket:Bucket').id}:everything"
    assert every.simulated and some.simulated
