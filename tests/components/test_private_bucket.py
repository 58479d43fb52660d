import json

from components.control.log_archive import LogArchive
from components.state.private_bucket import PrivateBucket

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"


def bucket(**args):
    return lambda: PrivateBucket("b", args)


def test_is_closed_to_the_public(preview):
    block = preview(bucket()).one("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    closed = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[key] is True for key in closed)


def test_refuses_plain_http(preview):
    graph = preview(bucket())
    statement = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])["Statement"][0]
    assert statement["Effect"] == "Deny" and statement["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"}
    }
    arn = graph.one("aws:s3/bucket:Bucket").outputs["arn"]
    assert statement["Resource"] == [arn, f"{arn}/*"]


def test_keeps_old_versions_and_is_protected(preview):
    graph = preview(bucket())
    versioning = graph.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}
    assert (
        graph.one("aws:s3/bucket:Bucket").protect
        and not graph.one("aws:s3/bucket:Bucket").inputs["forceDestroy"]
    )


def test_is_encrypted_with_the_given_key(preview):
    kind = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    rule = preview(bucket(key_arn=KEY)).one(kind).inputs["rules"][0]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": KEY}


def test_logs_come_only_from_this_account_s_services(preview):
    graph = preview(lambda: LogArchive("logs", {}))
    statements = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])["Statement"][1:]
    assert {s["Principal"]["Service"] for s in statements} == {
        "delivery.logs.amazonaws.com",
        "logdelivery.elasticloadbalancing.amazonaws.com",
        "logging.s3.amazonaws.com",
    }
    assert all(s["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}} for s in statements)


def test_a_network_load_balancer_may_look_whose_the_bucket_is_and_write_its_logs(preview):
    graph = preview(lambda: LogArchive("logs", {}))
    statements = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])["Statement"][1:]
    told = {
        s["Action"]: s["Resource"] for s in statements if s["Principal"]["Service"].startswith("delivery")
    }
    assert told["s3:PutObject"] == f"{told['s3:GetBucketAcl']}/balancers/*"
