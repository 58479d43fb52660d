"""What is kept: objects, images, packages, backups, file systems, and the streams that carry it there."""

from fourplane.cost.meters import HOURS, Meter, entries, first, meter

STARTS_WITH = 4
"""Shards of a stream on demand."""
RETENTION_HOURS = 24


@meter("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
def bucket(m: Meter) -> None:
    m.used("s3.gb", "bucket_gigabytes")
    m.used("s3.thousand_writes", "bucket_writes_thousands")
    m.used("s3.thousand_reads", "bucket_reads_thousands")


@meter("aws:s3/bucketMetric:BucketMetric")
def bucket_metric(m: Meter) -> None:
    m.used("cloudwatch.metric", "bucket_metrics")


@meter("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
def replication(m: Meter) -> None:
    """What lies in the copy is counted at its own bucket."""
    m.used("transfer.region_gb", "replicated_gigabytes")
    rules = entries(m.values.get("rules"))
    clocked = [first(first(one.get("destination")).get("replicationTime")).get("status") for one in rules]
    if "Enabled" in clocked:
        m.used("s3.timed_replication_gb", "replicated_gigabytes")


@meter("aws:ecr/repository:Repository")
def images(m: Meter) -> None:
    m.used("ecr.gb", "image_gigabytes")


@meter("aws:codeartifact/repository:Repository")
def packages(m: Meter) -> None:
    m.used("codeartifact.gb", "package_gigabytes")
    m.used("codeartifact.thousand_requests", "package_requests_thousands")


@meter("aws:backup/vault:Vault")
def backups(m: Meter) -> None:
    m.used("backup.gb", "backup_gigabytes")


@meter("aws:backup/plan:Plan")
def backup_plan(m: Meter) -> None:
    """What is kept is counted at its vault; a copy abroad pays for its way."""
    copies = [one for rule in entries(m.values.get("rules")) for one in entries(rule.get("copyActions"))]
    if copies:
        m.used("transfer.region_gb", "backup_gigabytes", len(copies))
    m.free = "" if copies else "what it keeps is counted at its vault"


@meter("aws:dlm/lifecyclePolicy:LifecyclePolicy")
def snapshots(m: Meter) -> None:
    """Only what changed since the last one is kept anew."""
    m.used("ebs.snapshot_gb", "snapshot_gigabytes")


@meter("aws:efs/fileSystem:FileSystem")
def files(m: Meter) -> None:
    m.used("efs.gb", "file_gigabytes")


@meter("aws:datasync/task:Task")
def sync(m: Meter) -> None:
    m.used("datasync.gb", "synced_gigabytes")


@meter("aws:kinesis/stream:Stream")
def stream(m: Meter) -> None:
    if first(m.values.get("streamModeDetails")).get("streamMode") == "ON_DEMAND":
        m.hours("kinesis.on_demand_hour")
        m.used("kinesis.on_demand_in_gb", "stream_gigabytes")
        m.used("kinesis.on_demand_out_gb", "stream_gigabytes")
        return
    shards = m.number("shardCount", STARTS_WITH)
    m.hours("kinesis.shard_hour", shards)
    m.used("kinesis.million_puts", "stream_puts_millions")
    if m.number("retentionPeriod", RETENTION_HOURS) > RETENTION_HOURS:
        m.hours("kinesis.extended_shard_hour", shards)


@meter("aws:kinesis/streamConsumer:StreamConsumer")
def reader(m: Meter) -> None:
    """A way of its own into every shard of its stream."""
    arn = m.values.get("streamArn")
    streams = m.ground.all("aws:kinesis/stream:Stream")
    shards = [
        int(values.get("shardCount") or STARTS_WITH) for _, values in streams if values.get("arn") == arn
    ]
    m.charge("kinesis.reader_shard_hour", HOURS * sum(shards or [STARTS_WITH]))
    m.used("kinesis.reader_gb", "stream_gigabytes")


@meter("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")
def delivery(m: Meter) -> None:
    source = "firehose.kafka_gb" if m.values.get("mskSourceConfiguration") else "firehose.gb"
    m.used(source, "delivered_event_gigabytes")
    target = first(m.values.get("extendedS3Configuration"))
    if first(target.get("dataFormatConversionConfiguration")).get("enabled"):
        m.used("firehose.converted_gb", "delivered_event_gigabytes")
    if first(target.get("dynamicPartitioningConfiguration")).get("enabled"):
        m.used("firehose.partitioned_gb", "delivered_event_gigabytes")
