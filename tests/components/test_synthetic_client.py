import io
import json
import zipfile

import pytest

from components.edge.synthetic_client import VISIT, SyntheticClient
from fourplane.sandbox import assets

CANARY = "aws:synthetics/canary:Canary"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"


def client(**args):
    return lambda: SyntheticClient("phone", {"host": "example.com", "paths": ["/api/users"], **args})


def statements(graph):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_it_calls_the_site_at_its_paths(preview):
    run = preview(client()).one(CANARY).inputs["runConfig"]
    assert run["environmentVariables"] == {"SITE": "example.com", "PATHS": '["/api/users"]'}


@pytest.mark.parametrize(("minutes", "expression"), [(1, "rate(1 minute)"), (60, "rate(60 minutes)")])
def test_it_comes_as_often_as_it_is_told_and_is_missed_when_it_does_not(preview, minutes, expression):
    graph = preview(client(every_minutes=minutes))
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs
    assert graph.one(CANARY).inputs["schedule"]["expression"] == expression
    assert alarm["period"] == 60 * minutes and alarm["treatMissingData"] == "breaching"


def test_it_runs_the_script_that_is_tested(preview):
    graph = preview(client())
    archive = zipfile.ZipFile(
        io.BytesIO(assets.zipped(graph.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["source"]))
    )
    assert archive.read("python/visit.py") == VISIT.read_bytes()
    assert graph.one(CANARY).inputs["handler"] == "visit.handler"


def test_what_it_saw_is_encrypted_and_goes_and_the_script_stays(preview):
    graph = preview(client(key_arn=KEY))
    kept = graph.one(CANARY).inputs["artifactConfig"]["s3Encryption"]
    rules = graph.one("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").inputs["rules"]
    assert kept == {"encryptionMode": "SSE_KMS", "kmsKeyArn": KEY}
    assert {rule["id"]: rule["filter"] for rule in rules}["expiry"] == {"prefix": "visits/"}


def test_it_may_write_its_visits_its_log_and_its_result_and_nothing_else(preview):
    allowed = statements(preview(client(key_arn=KEY)))
    assert allowed["Visits"]["Resource"].endswith("/visits/*")
    assert allowed["Log"]["Resource"].endswith("log-group:/aws/lambda/cwsyn-dev-phone-*")
    assert "cloudwatch:namespace" in allowed["Result"]["Condition"]["StringEquals"]
    assert {sid for sid, one in allowed.items() if one["Resource"] == "*"} == {"Buckets", "Result"}


def test_its_log_is_not_kept_for_ever(preview):
    graph = preview(client(log_retention_days=30, key_arn=KEY))
    group = graph.one("aws:cloudwatch/logGroup:LogGroup").inputs
    assert group["retentionInDays"] == 30 and group["kmsKeyId"] == KEY
    assert "logs:CreateLogGroup" not in statements(graph)["Log"]["Action"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"paths": []}, r"SyntheticClient 'phone': paths must be one path or more.*got \[\]"),
        ({"paths": ["api"]}, "each beginning with '/'"),
        ({"every_minutes": 0}, "every_minutes must be 1 to 60, got 0"),
        ({"every_minutes": 61}, "every_minutes must be 1 to 60, got 61"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(client(**args))


@pytest.mark.parametrize("name", ["a-phone-with-a-long-name", "Phone"])
def test_rejects_a_name_that_no_canary_can_have(preview, name):
    with pytest.raises(Exception, match="at most 21 of a-z, 0-9"):
        preview(lambda: SyntheticClient(name, {"host": "example.com", "paths": ["/"]}))
