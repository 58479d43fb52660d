"""What a distribution answers when its origin does not."""

import json
import subprocess

import pytest

from components.edge.cdn_edge import CdnEdge
from components.edge.static_fallback import FOLDER, StaticFallback
from components.state.content_store import ContentStore
from components.state.private_bucket import share

BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1"
PRIVATE = {"origin_arn": BALANCER, "origin_dns_name": "a.elb.amazonaws.com"}
PATHS = ["/products/*", "/api/catalog/*"]
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
READ_ONLY = ["GET", "HEAD", "OPTIONS"]


def edge(**args):
    return lambda: CdnEdge("edge", {**PRIVATE, "fallback": {"paths": PATHS}, **args})


def parts(graph, name="edge"):
    """The inputs of a distribution, its origins and its behaviours by path."""
    inputs = graph.one(DISTRIBUTION, name).inputs
    origins = {one["originId"]: one for one in inputs["origins"]}
    return inputs, origins, {one["pathPattern"]: one for one in inputs["orderedCacheBehaviors"]}


def test_reads_go_to_what_stands_in_when_the_balancer_fails(preview):
    graph = preview(edge())
    inputs, origins, behaviours = parts(graph)
    (group,) = inputs["originGroups"]
    assert [one["originId"] for one in group["members"]] == ["reads", "fallback"]
    assert group["failoverCriteria"]["statusCodes"] == [500, 502, 503, 504]
    assert [behaviours[path]["targetOriginId"] for path in PATHS] == [group["originId"]] * 2
    assert origins["fallback"]["domainName"] == graph.one(DISTRIBUTION, "edge-fallback").outputs["domainName"]
    # While a viewer waits: 3 s to connect and 5 s for an answer, once.
    assert (origins["reads"]["connectionAttempts"], origins["reads"]["connectionTimeout"]) == (1, 3)
    assert origins["reads"]["vpcOriginConfig"]["originReadTimeout"] == 5
    assert origins["reads"]["domainName"] == origins["api"]["domainName"]


def test_only_what_cloudfront_fails_over_goes_there_and_it_goes_first(preview):
    _, _, behaviours = parts(preview(edge()))
    assert [behaviours[path]["allowedMethods"] for path in PATHS] == [READ_ONLY] * 2
    assert "POST" in behaviours["/api/*"]["allowedMethods"] and list(behaviours) == [*PATHS, "/api/*"]
    assert behaviours["/api/*"]["targetOriginId"] == "api"


def test_what_is_written_within_what_is_read_goes_to_the_balancer(preview):
    _, _, behaviours = parts(preview(edge(api_paths=["/api/*", "/api/catalog/events"], stale_seconds=60)))
    assert list(behaviours) == ["/api/catalog/events", *PATHS, "/api/*"]
    written = behaviours["/api/catalog/events"]
    assert written["targetOriginId"] == "api" and "POST" in written["allowedMethods"]


def test_the_second_origin_is_asked_by_its_own_name(preview):
    _, _, behaviours = parts(preview(edge()))
    all_but_host = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert [behaviours[path]["originRequestPolicyId"] for path in PATHS] == [all_but_host] * 2


def test_a_public_origin_gets_the_secret_and_its_stand_in_does_not(preview):
    secret = {"origin_secret": "s" * 32}
    public = {"origin_dns_name": "origin.example.com", "fallback": {"paths": PATHS}, **secret}
    _, origins, _ = parts(preview(lambda: CdnEdge("edge", public)))
    assert origins["reads"]["customHeaders"] == [{"name": "x-origin-secret", "value": "s" * 32}]
    assert "customHeaders" not in origins["fallback"]
    assert origins["reads"]["customOriginConfig"]["originReadTimeout"] == 5
    assert origins["api"]["customOriginConfig"]["originReadTimeout"] == 30


def test_what_was_read_is_served_stale_rather_than_an_error(preview):
    graph = preview(edge(stale_seconds=3600))
    policy = graph.one("aws:cloudfront/cachePolicy:CachePolicy")
    assert (policy.inputs["minTtl"], policy.inputs["defaultTtl"], policy.inputs["maxTtl"]) == (0, 30, 3600)
    _, _, behaviours = parts(graph)
    assert [behaviours[path]["cachePolicyId"] for path in PATHS] == [policy.id] * 2
    told = graph.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy", "edge-reads").inputs
    (said,) = told["customHeadersConfig"]["items"]
    assert said["value"] == "public, max-age=30, stale-while-revalidate=30, stale-if-error=3600"
    assert not said["override"] and told["securityHeadersConfig"]["contentSecurityPolicy"]


def test_what_is_kept_for_all_holds_nothing_of_one_viewer(preview):
    graph = preview(edge(stale_seconds=3600))
    key = graph.one("aws:cloudfront/cachePolicy:CachePolicy").inputs[
        "parametersInCacheKeyAndForwardedToOrigin"
    ]
    assert key["cookiesConfig"]["cookieBehavior"] == key["headersConfig"]["headerBehavior"] == "none"
    _, _, behaviours = parts(graph)
    assert all("originRequestPolicyId" not in behaviours[path] for path in PATHS)


def test_images_come_from_their_bucket_alone_and_are_kept_long(preview):
    def program():
        store = ContentStore("pictures", {"shared": True})
        images = {"bucket_domain_name": store.bucket_regional_domain_name}
        share(store.original, CdnEdge("edge", {**PRIVATE, "images": images}).reads())

    graph = preview(program)
    _, origins, behaviours = parts(graph)
    assert origins["images"]["originAccessControlId"] == origins["content"]["originAccessControlId"]
    assert behaviours["/images/*"]["targetOriginId"] == "images" and next(iter(behaviours)) == "/images/*"
    policy = graph.one("aws:cloudfront/cachePolicy:CachePolicy").inputs
    assert policy["defaultTtl"] == 30 * 86400
    reading = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy", "pictures").inputs["policy"])
    arn = graph.one(DISTRIBUTION, "edge").outputs["arn"]
    assert reading["Statement"][1]["Condition"] == {"StringEquals": {"AWS:SourceArn": arn}}


def test_without_them_nothing_is_there_of_them(preview):
    graph = preview(lambda: CdnEdge("edge", PRIVATE))
    inputs, origins, behaviours = parts(graph)
    assert "originGroups" not in inputs and origins.keys() == {"content", "api"}
    assert behaviours.keys() == {"/api/*"} and len(graph.all(DISTRIBUTION)) == 1
    assert graph.all("aws:cloudfront/cachePolicy:CachePolicy") == []


def test_every_path_is_answered_and_said_to_be_away(preview):
    graph = preview(lambda: StaticFallback("away", {}))
    inputs, _, behaviours = parts(graph, "away")
    (missing,) = inputs["customErrorResponses"]
    assert (missing["errorCode"], missing["responseCode"]) == (403, 503)
    assert missing["responsePagePath"] == "/unavailable.html"
    assert [one.inputs["key"] for one in graph.all("aws:s3/bucketObject:BucketObject")] == [
        "unavailable.html"
    ]
    assert "POST" in behaviours["/api/*"]["allowedMethods"]
    told = graph.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs
    assert told["customHeadersConfig"]["items"][0]["header"] == "Retry-After"


def test_programs_are_told_in_json_when_to_come_again(program):
    code = (FOLDER / "unavailable.js").read_text() + "console.log(JSON.stringify(handler({request: {}})))"
    done = subprocess.run([program("node", "nodejs"), "-e", code], capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert answer["statusCode"] == 503 and answer["headers"]["retry-after"] == {"value": "30"}
    assert json.loads(answer["body"])["retry_after_seconds"] == 30


def test_pages_of_one_s_own_stand_in_for_what_they_are_called(preview, tmp_path):
    pages = tmp_path / "pages"
    (pages / "products").mkdir(parents=True)
    (pages / "products/1").write_text("<h1>one</h1>")
    (pages / "unavailable.html").write_text("<h1>sorry</h1>")
    graph = preview(edge(fallback={"paths": PATHS, "pages": str(pages)}))
    keys = {one.inputs["key"] for one in graph.all("aws:s3/bucketObject:BucketObject")}
    assert keys == {"products/1", "unavailable.html"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"fallback": {"paths": []}}, r"fallback\['paths'\] must be one path pattern or more"),
        ({"fallback": {"paths": ["/a"], "pages": "/"}}, "pages must be a folder with unavailable.html"),
        ({"stale_seconds": 0}, "stale_seconds must be at least 1"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(edge(**args))


def test_rejects_to_keep_answers_of_no_path(preview):
    with pytest.raises(Exception, match="stale_seconds must be given together with fallback"):
        preview(lambda: CdnEdge("edge", {**PRIVATE, "stale_seconds": 60}))
