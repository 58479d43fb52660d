import json

import pytest

from components.edge.content_edge import ContentEdge, read_by
from components.state.private_bucket import PrivateBucket, share

EDGE = {"near": "us-east-1", "origin_domain_name": "films.s3.us-east-1.amazonaws.com"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def edge(**args):
    return lambda: ContentEdge("us", {**EDGE, **args})


def distribution(graph):
    return graph.one("aws:cloudfront/distribution:Distribution").inputs


def test_all_of_a_part_of_the_world_fetches_through_one_place_in_it(preview):
    (origin,) = distribution(preview(edge(near="eu-west-1")))["origins"]
    assert origin["originShield"] == {"enabled": True, "originShieldRegion": "eu-west-1"}


@pytest.mark.parametrize(
    ("near", "price_class"),
    [("us-east-1", "PriceClass_100"), ("ap-northeast-1", "PriceClass_200"), ("sa-east-1", "PriceClass_All")],
)
def test_the_cheapest_price_class_that_serves_there_is_taken(preview, near, price_class):
    assert distribution(preview(edge(near=near)))["priceClass"] == price_class


def test_a_copy_of_the_origin_is_asked_where_the_first_fails(preview):
    inputs = distribution(preview(edge(spare_origin_domain_name="spare.s3.eu-west-1.amazonaws.com")))
    (group,) = inputs["originGroups"]
    assert [member["originId"] for member in group["members"]] == ["films", "spare"]
    assert inputs["defaultCacheBehavior"]["targetOriginId"] == "both" == group["originId"]


def test_players_reports_are_taken_at_the_edge(preview):
    (beacon,) = distribution(preview(edge(beacon_function_arn="arn:f")))["orderedCacheBehaviors"]
    assert beacon["pathPattern"] == "/beacon"
    assert beacon["functionAssociations"] == [{"eventType": "viewer-request", "functionArn": "arn:f"}]


def test_a_host_of_its_own_speaks_tls_1_2_or_better(preview):
    inputs = distribution(preview(edge(host="us.example.com", certificate_arn=CERTIFICATE)))
    assert inputs["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"
    assert inputs["aliases"] == ["us.example.com"]


def test_a_bucket_is_read_by_the_edges_that_are_named_and_by_nobody_else(preview):
    graph = preview(lambda: share(PrivateBucket("films", {"shared": True}), read_by(edge()())))
    statements = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])["Statement"]
    (reading,) = (one for one in statements if one["Effect"] == "Allow")
    arn = graph.one("aws:cloudfront/distribution:Distribution").outputs["arn"]
    assert reading["Condition"] == {"StringEquals": {"AWS:SourceArn": [arn]}}
    assert (reading["Action"], reading["Principal"]) == (
        "s3:GetObject",
        {"Service": "cloudfront.amazonaws.com"},
    )


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"near": "eu-north-1"}, "near must be a region with an Origin Shield"),
        ({"host": "a.example.com"}, "host must be given together with certificate_arn"),
        ({"price_class": "PriceClass_1"}, "price_class must be one of PriceClass_100"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(edge(**args))
