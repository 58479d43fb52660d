"""Kinesis: streams and who reads them; and Firehose, which the provider keeps in this module."""

from typing import Any

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates
from fourplane.sandbox.shapes import fit_member, given, validate

S3: dict[str, str | None] = {
    "bufferingInterval": None,
    "bufferingSize": None,
    "cloudwatchLoggingOptions": "cloudWatchLoggingOptions",
    "kmsKeyArn": None,
}
MEGABYTES, SECONDS = 5, 300
"""The provider's own, where the program says nothing."""
LEAST_HOURS = 24


@creates("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
def firehose(new: New) -> Made:
    if (kind := new["destination"]) != "extended_s3":
        raise Failure(f"the sandbox's Firehose writes to S3 alone, not to '{kind}'")
    client, name = new.client("firehose"), new.name_within(64)
    request = given(
        DeliveryStreamName=name,
        DeliveryStreamType=_type(new),
        MSKSourceConfiguration=_kafka(new),
        ExtendedS3DestinationConfiguration=_bucket(new),
        Tags=new.tag_list,
    )
    validate(client, "create_delivery_stream", request)
    made = client.create_delivery_stream(**request)
    return made["DeliveryStreamARN"], {
        "arn": made["DeliveryStreamARN"],
        "name": name,
        "versionId": "1",
        "destinationId": "destinationId-000000000001",
    }


def _type(new: New) -> str:
    if new.get("mskSourceConfiguration"):
        return "MSKAsSource"
    return "KinesisStreamAsSource" if new.get("kinesisSourceConfiguration") else "DirectPut"


def _kafka(new: New) -> dict[str, Any]:
    """A cluster that is there, and lets Firehose make a link to it."""
    source = new.first("mskSourceConfiguration")
    if not source:
        return {}
    arn, login = source["mskClusterArn"], source["authenticationConfiguration"]
    kafka = new.client("kafka")
    kafka.describe_cluster(ClusterArn=arn)
    if login["connectivity"] == "PRIVATE":
        allowed = kafka.get_cluster_policy(ClusterArn=arn).get("Policy") or ""
        if "kafka:CreateVpcConnection" not in allowed:
            raise Failure("CreateDeliveryStream refused: the cluster's policy lets Firehose make no link")
    return given(
        MSKClusterARN=arn,
        TopicName=source["topicName"],
        AuthenticationConfiguration={"RoleARN": login["roleArn"], "Connectivity": login["connectivity"]},
        ReadFromTimestamp=source.get("readFromTimestamp"),
    )


def _bucket(new: New) -> dict[str, Any]:
    asked = new.first("extendedS3Configuration")
    made = fit_member(
        new.client("firehose"), "create_delivery_stream", "ExtendedS3DestinationConfiguration", asked, S3
    )
    made["BufferingHints"] = {
        "SizeInMBs": int(asked.get("bufferingSize", MEGABYTES)),
        "IntervalInSeconds": int(asked.get("bufferingInterval", SECONDS)),
    }
    if key := asked.get("kmsKeyArn"):
        made["EncryptionConfiguration"] = {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}
    return made


@creates("aws:kinesis/stream:Stream")
def stream(new: New) -> Made:
    client, name = new.client("kinesis"), new.name_within(128)
    mode = new.first("streamModeDetails").get("streamMode", "PROVISIONED")
    shards = new.get("shardCount")
    if (mode == "PROVISIONED") != bool(shards):
        raise Mistake("'shardCount' is for a stream whose mode is PROVISIONED, and is required there")
    request = given(
        StreamName=name,
        ShardCount=int(shards) if shards else None,
        StreamModeDetails={"StreamMode": mode},
        Tags=new.tags,
    )
    validate(client, "create_stream", request)
    client.create_stream(**request)
    hours = int(new.get("retentionPeriod", LEAST_HOURS))
    if hours > LEAST_HOURS:
        client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    if new.get("encryptionType") == "KMS":
        client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=new["kmsKeyId"])
    found = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    arn = found["StreamARN"]
    return arn, {"arn": arn, "name": name, "shardCount": int(shards or 0), "retentionPeriod": hours}


@creates("aws:kinesis/streamConsumer:StreamConsumer")
def stream_consumer(new: New) -> Made:
    client, name = new.client("kinesis"), new.name_within(128)
    request = given(StreamARN=new["streamArn"], ConsumerName=name, Tags=new.tags)
    validate(client, "register_stream_consumer", request)
    made = client.register_stream_consumer(**request)["Consumer"]
    return made["ConsumerARN"], {"arn": made["ConsumerARN"], "name": name}
