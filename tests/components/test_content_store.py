import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.content_store import ContentStore

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
REPLICA_KEY = "arn:aws:kms:eu-west-1:123456789012:key/r"
COPIED = {"replica_region": "eu-west-1"}
KEYS = {"key_arn": KEY, "replica_key_arn": REPLICA_KEY}
BUCKET = "aws:s3/bucket:Bucket"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def store(**args):
    return lambda: ContentStore("films", args)


def arrow(**args):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
        app = AutoScalingService("app", {**place, "image": "a/b:1", "port": 80})
        connect(app, ContentStore("films", args))

    return program


def statements(graph, name):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


def test_it_is_one_protected_bucket_that_keeps_versions(preview):
    graph = preview(store())
    assert [one.protect for one in graph.all(BUCKET)] == [True]
    versioning = graph.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_what_nobody_reads_becomes_cheaper(preview):
    graph = preview(store(tier_after_days=7))
    rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    tiers = {rule["id"]: rule.get("transitions") for rule in rules}
    assert tiers["tiering"] == [{"days": 7, "storageClass": "INTELLIGENT_TIERING"}]
    assert "expiry" not in tiers


def test_everything_is_copied_to_another_region_within_15_minutes(preview):
    graph = preview(store(**COPIED))
    assert graph.one(BUCKET, "films-replica").region == "eu-west-1"
    (rule,) = graph.one(REPLICATION).inputs["rules"]
    assert rule["destination"] == {
        "bucket": graph.one(BUCKET, "films-replica").outputs["arn"],
        "metrics": {"status": "Enabled", "eventThreshold": {"minutes": 15}},
        "replicationTime": {"status": "Enabled", "time": {"minutes": 15}},
    }
    assert rule["deleteMarkerReplication"] == {"status": "Enabled"} and rule["filter"] == {"prefix": ""}


def test_copies_are_encrypted_with_their_region_s_key(preview):
    graph = preview(store(**COPIED, **KEYS))
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    used = {
        one.name: one.inputs["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
        for one in graph.all(kind)
    }
    assert used == {"films": KEY, "films-replica": REPLICA_KEY}
    (rule,) = graph.one(REPLICATION).inputs["rules"]
    assert rule["destination"]["encryptionConfiguration"] == {"replicaKmsKeyId": REPLICA_KEY}
    assert rule["sourceSelectionCriteria"] == {"sseKmsEncryptedObjects": {"status": "Enabled"}}


def test_copying_waits_until_both_buckets_keep_versions(preview):
    graph = preview(store(**COPIED))
    waits = {*graph.one(REPLICATION).dependencies}
    assert {one.urn for one in graph.all("aws:s3/bucketVersioning:BucketVersioning")} <= waits


def test_the_copier_reads_here_and_writes_there_alone(preview):
    graph = preview(store(**COPIED, **KEYS))
    here, there = (graph.one(BUCKET, name).outputs["arn"] for name in ("films", "films-replica"))
    allowed = statements(graph, "films-replica")
    assert {sid: one["Resource"] for sid, one in allowed.items()} == {
        "Bucket": here,
        "Versions": f"{here}/*",
        "Copies": f"{there}/*",
        "Key": KEY,
        "ReplicaKey": REPLICA_KEY,
    }
    assert allowed["ReplicaKey"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:aws:s3:arn": [there, f"{there}/*"]},
    }
    assert not any("*" in action for one in allowed.values() for action in one["Action"])


def test_a_client_reads_and_lists_and_nothing_else(preview):
    graph = preview(arrow(key_arn=KEY))
    arn = graph.one(BUCKET).outputs["arn"]
    allowed = statements(graph, "app-to-films")
    assert {sid: (one["Action"], one["Resource"]) for sid, one in allowed.items()} == {
        "Objects": (["s3:GetObject"], f"{arn}/*"),
        "Names": ("s3:ListBucket", arn),
        "Key": (["kms:Decrypt"], KEY),
    }
    told = graph.one("aws:ssm/parameter:Parameter", "app-to-films").inputs["insecureValue"]
    assert told == graph.one(BUCKET).outputs["bucket"]


def test_a_client_of_a_writable_store_writes_too(preview):
    allowed = statements(preview(arrow(key_arn=KEY, writable=True)), "app-to-films")
    assert (
        "s3:PutObject" in allowed["Objects"]["Action"]
        and "s3:DeleteObject" not in allowed["Objects"]["Action"]
    )
    assert allowed["Key"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_a_disposable_store_goes_with_its_stack(preview):
    buckets = preview(store(**COPIED, disposable=True)).all(BUCKET)
    assert all(one.inputs["forceDestroy"] and not one.protect for one in buckets)


def test_access_logs_stay_in_their_region(preview):
    graph = preview(store(**COPIED, log_bucket="logs"))
    assert graph.one("aws:s3/bucketLogging:BucketLogging").name == "films"


def test_a_shared_store_leaves_both_policies_to_its_user(preview):
    assert not preview(store(**COPIED, shared=True)).all("aws:s3/bucketPolicy:BucketPolicy")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"tier_after_days": -1}, "tier_after_days must be at least 0"),
        ({**COPIED, "region": "eu-west-1"}, "replica_region must be another region than its own"),
        ({**COPIED, "key_arn": KEY}, "replica_key_arn must be a key of eu-west-1"),
        ({**COPIED, "replica_key_arn": REPLICA_KEY}, "replica_key_arn must be left out"),
        ({"replica_key_arn": REPLICA_KEY}, "replica_key_arn must be left out"),
    ],
)
def test_rejects_a_copy_that_cannot_be(preview, args, said):
    with pytest.raises(Exception, match=said):
        preview(store(**args))
