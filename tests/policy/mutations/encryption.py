"""Disks, buckets and queues of the world, and what breaks each rule about their encryption."""

from tests.policy.world import Json, Made, Ref, add, change, remove

VOLUME = "aws:ebs/volume:Volume"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INSTANCE = "aws:ec2/instance:Instance"
FILE_SYSTEM = "aws:efs/fileSystem:FileSystem"
STREAM = "aws:kinesis/stream:Stream"
DELIVERY = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
TOPIC = "aws:sns/topic:Topic"
QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
TAGS = {"owner": "shop", "stack": "shop-prod"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/data"
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": {"AWS": "*"},
    "Action": "s3:*",
    "Resource": [Ref(BUCKET, "files")],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
OPEN_DISK = {"deviceName": "/dev/xvda", "ebs": {"volumeSize": 20, "encrypted": "false"}}
JUMP = {
    "instanceType": "t4g.nano",
    "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
    "monitoring": True,
    "iamInstanceProfile": "jump",
    "rootBlockDevice": {"encrypted": False},
    "tags": TAGS,
}

WORLD = [
    Made(VOLUME, "disk", {"encrypted": True, "type": "gp3", "tags": TAGS}, protect=True),
    Made(BUCKET, "files", {"tags": TAGS}, protect=True),
    Made(
        BUCKET_ENCRYPTION,
        "files",
        {
            "bucket": Ref(BUCKET, "files", "id"),
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
    ),
    Made(
        BUCKET_POLICY,
        "files",
        {
            "bucket": Ref(BUCKET, "files", "id"),
            "policy": Json({"Version": "2012-10-17", "Statement": [TLS_ONLY]}),
        },
    ),
    Made(FILE_SYSTEM, "shared", {"encrypted": True, "kmsKeyId": KEY, "tags": TAGS}, protect=True),
    Made(
        STREAM,
        "clicks",
        {"encryptionType": "KMS", "kmsKeyId": KEY, "retentionPeriod": 168, "shardCount": 2, "tags": TAGS},
        protect=True,
    ),
    Made(
        DELIVERY,
        "clicks",
        {"destination": "extended_s3", "serverSideEncryption": {"enabled": True}, "tags": TAGS},
    ),
]

MUTATIONS = {
    "a_queue_is_encrypted": change(QUEUE, "orders", "sqsManagedSseEnabled", False),
    "a_topic_is_encrypted": change(TOPIC, "alerts", "kmsMasterKeyId", None),
    "a_volume_is_encrypted": change(VOLUME, "disk", "encrypted", None),
    "each_bucket_says_how_it_is_encrypted": remove(BUCKET_ENCRYPTION, "files", blame=(BUCKET, "files")),
    "a_machine_starts_on_encrypted_disks": change(TEMPLATE, "web", "blockDeviceMappings", [OPEN_DISK]),
    "a_single_machine_has_encrypted_disks": add(Made(INSTANCE, "jump", JUMP)),
    "a_file_system_is_encrypted": change(FILE_SYSTEM, "shared", "encrypted", None),
    "a_stream_is_encrypted": change(STREAM, "clicks", "encryptionType", None),
    "what_is_put_into_a_delivery_stream_is_encrypted": change(
        DELIVERY, "clicks", "serverSideEncryption", None
    ),
    "each_bucket_refuses_plain_http": change(
        BUCKET_POLICY,
        "files",
        "policy",
        Json(
            {
                "Version": "2012-10-17",
                "Statement": [{**TLS_ONLY, "Condition": {}, "Action": "s3:PutObjectAcl"}],
            }
        ),
        blame=(BUCKET, "files"),
    ),
}
