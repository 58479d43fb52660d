import json

import pytest

from components.edge.domain import Domain

KEY = "aws:kms/key:Key"
ZONE = "aws:route53/zone:Zone"


def domain(**args):
    return lambda: Domain("domain", {"domain": "shop.example.com", **args})


def test_its_answers_are_signed(preview):
    graph = preview(domain(region="eu-west-1"))
    key = graph.one(KEY)
    signing = graph.one("aws:route53/keySigningKey:KeySigningKey").inputs
    signed = graph.one("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec").inputs
    assert (key.region, key.inputs["customerMasterKeySpec"]) == ("us-east-1", "ECC_NIST_P256")
    assert signing["keyManagementServiceArn"] == key.outputs["arn"]
    assert signed["hostedZoneId"] == signing["hostedZoneId"] == graph.one(ZONE).id


def test_only_route_53_and_only_for_this_zone_signs_with_the_key(preview):
    graph = preview(domain())
    statements = {s["Sid"]: s for s in json.loads(graph.one(KEY).inputs["policy"])["Statement"]}
    assert statements["Sign"]["Condition"]["ArnEquals"] == {"aws:SourceArn": graph.one(ZONE).outputs["arn"]}
    assert not [action for s in statements.values() for action in s["Action"] if "*" in action]


def test_its_queries_are_logged(preview):
    graph = preview(domain(log_retention_days=30))
    group = graph.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["name"] == "/aws/route53/shop.example.com" and group.region == "us-east-1"
    assert group.inputs["retentionInDays"] == 30
    assert graph.one("aws:route53/queryLog:QueryLog").inputs["cloudwatchLogGroupArn"] == group.outputs["arn"]


def test_only_amazon_may_issue_its_certificates(preview):
    record = preview(domain()).one("aws:route53/record:Record", "domain-issuers").inputs
    assert (record["type"], record["records"]) == ("CAA", ['0 issue "amazon.com"'])


def test_its_certificate_is_where_cloudfront_looks(preview):
    assert preview(domain(region="eu-west-1")).one("aws:acm/certificate:Certificate").region == "us-east-1"


def test_the_zone_and_its_key_are_protected_unless_disposable(preview):
    kept, disposable = preview(domain()), preview(domain(disposable=True))
    assert all(kept.one(kind).protect for kind in (ZONE, KEY))
    assert not any(disposable.one(kind).protect for kind in (ZONE, KEY))


@pytest.mark.parametrize("name", ["", "example", "Shop.example.com", "shop.example.com.", "*.example.com"])
def test_rejects_what_is_no_domain(preview, name):
    with pytest.raises(Exception, match="Domain 'domain': domain must be a domain in lower case"):
        preview(domain(domain=name))
