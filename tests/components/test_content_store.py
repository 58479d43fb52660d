import json

import pulumi
import pulumi_aws as aws
import pytest

from components.access import connect
from components.region import Region
from components.service.auto_scaling_service import AutoScalingService
from components.state.content_store import ContentStore, mirror

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
REPLICA_KEY = "arn:aws:kms:eu-west-1:123456789012:key/r"
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


def mirrored(here=None, there=None):
    def program():
        provider = aws.Provider("eu", region="eu-west-1")
        region = Region("eu", {}, pulumi.ResourceOptions(providers=[provider]))
        mirror(ContentStore("films", here or {}), ContentStore("films", there or {}, region.child))

    return program


def by_region(graph, type):
    return {r.region: r for r in graph.all(type)}


def test_two_stores_of_two_regions_are_kept_the_same(preview):
    graph = preview(mirrored())
    buckets, copying = by_region(graph, BUCKET), by_region(graph, REPLICATION)
    rules = {region: one.inputs["rules"][0] for region, one in copying.items()}
    assert {region: rule["destination"]["bucket"] for region, rule in rules.items()} == {
        "us-east-1": buckets["eu-west-1"].outputs["arn"],
        "eu-west-1": buckets["us-east-1"].outputs["arn"],
    }
    for rule in rules.values():
        assert rule["destination"]["replicationTime"]["time"] == {"minutes": 15}
        assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
        assert rule["sourceSelectionCriteria"]["replicaModifications"] == {"status": "Enabled"}


def test_each_side_of_a_mirror_is_encrypted_with_its_own_key(preview):
    graph = preview(mirrored({"key_arn": KEY}, {"key_arn": REPLICA_KEY}))
    rules = {region: one.inputs["rules"][0] for region, one in by_region(graph, REPLICATION).items()}
    used = {
        region: rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"]
        for region, rule in rules.items()
    }
    assert used == {"us-east-1": REPLICA_KEY, "eu-west-1": KEY}


def test_each_side_of_a_mirror_reads_its_own_and_writes_the_other_alone(preview):
    graph = preview(mirrored({"key_arn": KEY}, {"key_arn": REPLICA_KEY}))
    home, far = (by_region(graph, BUCKET)[r].outputs["arn"] for r in ("us-east-1", "eu-west-1"))
    found = [json.loads(r.inputs["policy"])["Statement"] for r in graph.all("aws:iam/rolePolicy:RolePolicy")]
    resources = [{one["Sid"]: one["Resource"] for one in statements} for statements in found]
    ends = [(one["Versions"], one["Copies"], one["Key"], one["ReplicaKey"]) for one in resources]
    assert sorted(ends) == sorted(
        [(f"{home}/*", f"{far}/*", KEY, REPLICA_KEY), (f"{far}/*", f"{home}/*", REPLICA_KEY, KEY)]
    )


def test_a_mirror_waits_until_both_buckets_keep_versions(preview):
    graph = preview(mirrored())
    versioned = {one.urn for one in graph.all("aws:s3/bucketVersioning:BucketVersioning")}
    assert all(versioned <= {*one.dependencies} for one in graph.all(REPLICATION))


def test_rejects_a_mirror_that_would_leave_one_side_without_the_key(preview):
    with pytest.raises(Exception, match="mirror: 'films' and 'films' must both have a key_arn, or neither"):
        preview(mirrored({"key_arn": KEY}))


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
    buckets = preview(store(disposable=True)).all(BUCKET)
    assert all(one.inputs["forceDestroy"] and not one.protect for one in buckets)


def test_a_shared_store_leaves_its_policy_to_its_user(preview):
    assert not preview(store(shared=True)).all("aws:s3/bucketPolicy:BucketPolicy")


def test_rejects_days_that_are_none(preview):
    with pytest.raises(Exception, match="tier_after_days must be at least 0, got -1"):
        preview(store(tier_after_days=-1))
