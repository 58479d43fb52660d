"""Whoever gets hold of a disk or a wire learns nothing."""

from collections.abc import Iterator
from typing import Any

from policy.documents import Statement, statements
from policy.flags import on
from policy.resource import Resource, Stack, at, texts
from policy.rule import HIGH, MEDIUM, Complaints, rule

QUEUE = "aws:sqs/queue:Queue"
TOPIC = "aws:sns/topic:Topic"
VOLUME = "aws:ebs/volume:Volume"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
MACHINES = ("aws:ec2/instance:Instance", "aws:ec2/launchConfiguration:LaunchConfiguration")
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
STREAM = "aws:kinesis/stream:Stream"
DELIVERY = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"


@rule(
    QUEUE,
    severity=MEDIUM,
    frameworks=("FSBP SQS.1", "CKV_AWS_27", "AwsSolutions-SQS2"),
    mend="set sqsManagedSseEnabled to true, or kmsMasterKeyId to a key of your own",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/sqs-controls.html#sqs-1",
    remediate=lambda queue: {"sqsManagedSseEnabled": True},
)
def a_queue_is_encrypted(queue: Resource) -> Complaints:
    """Messages wait on disks that are not yours alone."""
    if not queue["sqsManagedSseEnabled"] and not queue["kmsMasterKeyId"]:
        yield "is not encrypted at rest"


@rule(
    TOPIC,
    severity=MEDIUM,
    frameworks=("CKV_AWS_26", "AwsSolutions-SNS2", "WA SEC08-BP02"),
    mend="set kmsMasterKeyId to a key of your own, whose policy lets the services publish that do: "
    "alarms cannot use alias/aws/sns",
    url="https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
)
def a_topic_is_encrypted(topic: Resource) -> Complaints:
    """What is being delivered is kept on disks until the last subscriber has it."""
    if not topic["kmsMasterKeyId"]:
        yield "is not encrypted at rest"


@rule(
    VOLUME,
    severity=HIGH,
    frameworks=("CKV_AWS_3", "AwsSolutions-EC26", "WA SEC08-BP02"),
    mend="set encrypted to true; a volume that exists is encrypted by way of a snapshot",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def a_volume_is_encrypted(volume: Resource) -> Complaints:
    """A snapshot or a discarded disk gives away everything that was ever written to it."""
    if not volume["encrypted"]:
        yield "is not encrypted"


def _encrypted(template: Resource) -> dict[str, Any]:
    mapped = template.many("blockDeviceMappings")
    return {
        "blockDeviceMappings": [
            {**one, "ebs": {**one["ebs"], "encrypted": "true"}} if _is_open(at(one, "ebs")) else one
            for one in mapped
        ]
    }


@rule(
    TEMPLATE,
    severity=HIGH,
    frameworks=("CKV_AWS_8", "WA SEC08-BP02"),
    mend="set ebs.encrypted to true in every entry of blockDeviceMappings",
    url="https://docs.aws.amazon.com/config/latest/developerguide/ec2-launch-templates-ebs-volume-encrypted.html",
    remediate=_encrypted,
)
def a_machine_starts_on_encrypted_disks(template: Resource) -> Complaints:
    """Root disks hold swap, logs and what programs cache, and outlive the machine in snapshots."""
    for one in template.many("blockDeviceMappings"):
        if _is_open(at(one, "ebs")):
            yield f"starts machines whose disk {one.get('deviceName')} is not encrypted"


@rule(
    MACHINES,
    severity=HIGH,
    frameworks=("CKV_AWS_8", "AwsSolutions-EC26"),
    mend="set encrypted to true in rootBlockDevice and in every entry of ebsBlockDevices",
    url="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
)
def a_single_machine_has_encrypted_disks(machine: Resource) -> Complaints:
    """An AMI's root disk is as open as the AMI, unless the machine says otherwise."""
    root = machine.many("rootBlockDevice") or ([] if machine["launchTemplate"] else [{}])
    for one in [*root, *machine.many("ebsBlockDevices")]:
        if _is_open(one):
            yield f"has a disk, {one.get('deviceName') or 'its root'}, that is not encrypted"


def _is_open(disk: Any) -> bool:
    """Whether it is a disk, neither encrypted nor made of a snapshot, whose encryption it would have."""
    return disk is not None and not at(disk, "snapshotId") and not on(at(disk, "encrypted"))


@rule(
    FILE_SYSTEM,
    severity=HIGH,
    frameworks=("FSBP EFS.1", "CIS 2.4.1", "CKV_AWS_42", "AwsSolutions-EFS1"),
    mend="set encrypted to true; a file system that exists is copied into an encrypted one",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/efs-controls.html#efs-1",
)
def a_file_system_is_encrypted(files: Resource) -> Complaints:
    """Files of many machines lie on disks that are not yours alone."""
    if not files["encrypted"]:
        yield "is not encrypted"


@rule(
    STREAM,
    severity=MEDIUM,
    frameworks=("FSBP Kinesis.1", "CKV_AWS_43", "AwsSolutions-KDS1"),
    mend="set encryptionType to KMS, and kmsKeyId to alias/aws/kinesis or a key of your own",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/kinesis-controls.html#kinesis-1",
    remediate=lambda stream: {"encryptionType": "KMS", "kmsKeyId": "alias/aws/kinesis"},
)
def a_stream_is_encrypted(stream: Resource) -> Complaints:
    """Records stay on disks for as long as the stream remembers them."""
    if stream["encryptionType"] != "KMS":
        yield "is not encrypted at rest"


@rule(
    DELIVERY,
    severity=MEDIUM,
    frameworks=("FSBP DataFirehose.1", "CKV_AWS_240", "AwsSolutions-KDF1"),
    mend="set serverSideEncryption.enabled to true",
    url="https://docs.aws.amazon.com/firehose/latest/dev/encryption.html",
    remediate=lambda delivery: {"serverSideEncryption": {"enabled": True}},
)
def what_is_put_into_a_delivery_stream_is_encrypted(delivery: Resource) -> Complaints:
    """Firehose buffers what it was given on disks; what it reads from a stream, that stream encrypts."""
    reads = delivery["kinesisSourceConfiguration"] or delivery["mskSourceConfiguration"]
    if not reads and not delivery["serverSideEncryption.enabled"]:
        yield "is not encrypted at rest"


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("CKV_AWS_19", "AwsSolutions-S3", "WA SEC08-BP02"),
    mend="add an aws.s3.BucketServerSideEncryptionConfiguration with AES256 or aws:kms",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html",
)
def each_bucket_says_how_it_is_encrypted(bucket: Resource, stack: Stack) -> Complaints:
    """AWS encrypts by default since 2023, but only what is declared says with whose key."""
    if not stack.users(bucket, "bucket", BUCKET_ENCRYPTION):
        yield "does not declare its encryption"


@rule(
    BUCKET,
    severity=MEDIUM,
    frameworks=("FSBP S3.5", "CIS 2.1.1", "CKV_AWS_379", "AwsSolutions-S10"),
    mend="add an aws.s3.BucketPolicy that denies everybody s3:* where aws:SecureTransport is false",
    url="https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html#s3-5",
)
def each_bucket_refuses_plain_http(bucket: Resource, stack: Stack) -> Complaints:
    """S3 answers over HTTP too, and whoever sits between reads or changes what is fetched."""
    if not any(map(_refuses_plain_http, _statements(bucket, stack))):
        yield "may be called without TLS"


def _statements(bucket: Resource, stack: Stack) -> Iterator[Statement]:
    for one in stack.users(bucket, "bucket", BUCKET_POLICY):
        yield from statements(one.document("policy"))


def _refuses_plain_http(one: Statement) -> bool:
    asked = str(at(one.conditions, "Bool.aws:SecureTransport") or "").lower()
    everybody = {"*", "AWS:*"} & set(texts(one.principals))
    return (
        one.effect == "Deny" and asked == "false" and bool(everybody) and bool({"*", "s3:*"} & {*one.actions})
    )
