import json

import pulumi
import pytest

from components.access import connect
from components.edge.cdn_edge import CdnEdge
from components.provider import provider
from components.region import Region
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1"
EDGE = {"origin_arn": BALANCER, "origin_dns_name": "a.elb.amazonaws.com"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def edge(**args):
    return lambda: CdnEdge("edge", {**EDGE, **args})


def distribution(graph):
    return graph.one("aws:cloudfront/distribution:Distribution").inputs


def test_viewers_get_https_http3_and_compression(preview):
    inputs = distribution(preview(edge()))
    behaviours = [inputs["defaultCacheBehavior"], *inputs["orderedCacheBehaviors"]]
    assert inputs["httpVersion"] == "http2and3"
    assert all(b["viewerProtocolPolicy"] == "redirect-to-https" and b["compress"] for b in behaviours)


def test_every_answer_carries_security_headers(preview):
    graph = preview(edge())
    headers = graph.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy")
    inputs = distribution(graph)
    behaviours = [inputs["defaultCacheBehavior"], *inputs["orderedCacheBehaviors"]]
    assert all(b["responseHeadersPolicyId"] == headers.id for b in behaviours)
    assert (
        headers.inputs["securityHeadersConfig"]["strictTransportSecurity"]["accessControlMaxAgeSec"]
        == 31536000
    )


def test_pages_get_scripts_and_make_calls_only_where_they_are_told_to(preview):
    def policy(graph):
        headers = graph.one("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy").inputs
        return headers["securityHeadersConfig"]["contentSecurityPolicy"]["contentSecurityPolicy"]

    own = "default-src 'self'; frame-ancestors 'none'"
    assert policy(preview(edge())) == own
    more = {"script_sources": ["https://cdn.test/a@1/"], "connect_sources": ["https://b"]}
    told = policy(preview(edge(**more)))
    assert told == f"{own}; script-src 'self' https://cdn.test/a@1/; connect-src 'self' https://b"


@pytest.mark.parametrize(
    "source", ["https://cdn.test/", "https://cdn.test/a", "http://cdn.test/a/", "https://*/a/"]
)
def test_rejects_scripts_from_anywhere_on_a_host(preview, source):
    with pytest.raises(Exception, match="script_sources must be folders such as"):
        preview(edge(script_sources=[source]))


def test_only_this_distribution_reads_the_content(preview):
    graph = preview(edge())
    policy = json.loads(graph.one("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"])
    reading = next(s for s in policy["Statement"] if s["Action"] == "s3:GetObject")
    arn = graph.one("aws:cloudfront/distribution:Distribution").outputs["arn"]
    assert reading["Condition"] == {"StringEquals": {"AWS:SourceArn": arn}}
    assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}


def test_the_api_origin_is_private_and_only_cloudfront_reaches_it(preview):
    def program():
        fleet = AutoScalingService("a", {**PLACE, "image": "a:1", "port": 80})
        connect(
            CdnEdge("edge", {"origin_arn": fleet.load_balancer_arn, "origin_dns_name": fleet.dns_name}), fleet
        )

    graph = preview(program)
    origin = graph.one("aws:cloudfront/vpcOrigin:VpcOrigin")
    api = next(o for o in distribution(graph)["origins"] if o["originId"] == "api")
    assert api["vpcOriginConfig"]["vpcOriginId"] == origin.id
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "edge-to-a").inputs
    assert rule["prefixListId"] and "cidrIpv4" not in rule


PUBLIC = {"origin_dns_name": "origin.example.com"}
SITE = {"aliases": ["example.com"], "certificate_arn": CERTIFICATE, "zone_id": "Z1"}


def public(**args):
    return lambda: CdnEdge("edge", {**PUBLIC, **SITE, **args})


def api(graph):
    return next(o for o in distribution(graph)["origins"] if o["originId"] == "api")


def test_a_public_origin_is_called_with_tls_only(preview):
    graph = preview(public())
    assert graph.all("aws:cloudfront/vpcOrigin:VpcOrigin") == []
    settings = api(graph)["customOriginConfig"]
    assert (settings["originProtocolPolicy"], settings["originSslProtocols"]) == ("https-only", ["TLSv1.2"])


def test_a_public_origin_is_told_the_secret(preview):
    assert api(preview(public(origin_secret="s" * 32)))["customHeaders"] == [
        {"name": "x-origin-secret", "value": "s" * 32}
    ]


def test_its_own_name_leads_to_it_over_both_kinds_of_addresses(preview):
    graph = preview(public())
    made = graph.one("aws:cloudfront/distribution:Distribution").outputs
    records = [record.inputs for record in graph.all("aws:route53/record:Record")]
    assert {(r["name"], r["type"]) for r in records} == {("example.com", "A"), ("example.com", "AAAA")}
    assert {r["aliases"][0]["name"] for r in records} == {made["domainName"]}


def test_cloudfront_is_let_in_by_the_list_of_each_server_s_region(preview):
    def program():
        far = Region("far", {}, pulumi.ResourceOptions(providers=[provider("eu-west-1")]))
        fleet = {**PLACE, "image": "a:1", "port": 80}
        servers = [AutoScalingService("a", fleet), AutoScalingService("a", fleet, far.child)]
        connect(CdnEdge("edge", PUBLIC), *servers)

    rules = preview(program).all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    lists = {rule.region: rule.inputs["prefixListId"] for rule in rules if rule.name == "edge-to-a"}
    assert len(lists) == len(set(lists.values())) == 2 and "eu-west-1" in lists


def test_the_firewall_stands_before_everything_in_cloudfront_s_own_region(preview):
    graph = preview(edge(region="eu-west-1"))
    acl = graph.one("aws:wafv2/webAcl:WebAcl")
    assert distribution(graph)["webAclId"] == acl.outputs["arn"]
    assert acl.region == "us-east-1" and acl.inputs["scope"] == "CLOUDFRONT"
    kinds = [next(iter(rule["statement"])) for rule in acl.inputs["rules"]]
    assert kinds == ["managedRuleGroupStatement"] * 3 + ["rateBasedStatement"]


def test_a_site_with_its_own_name_speaks_tls_1_2_or_better(preview):
    inputs = distribution(preview(edge(aliases=["a.example.com"], certificate_arn=CERTIFICATE)))
    assert inputs["viewerCertificate"]["minimumProtocolVersion"] == "TLSv1.2_2021"


def test_access_is_logged_where_a_bucket_is_given(preview):
    inputs = distribution(preview(edge(log_bucket_domain_name="logs.s3.amazonaws.com")))
    assert inputs["loggingConfig"] == {
        "bucket": "logs.s3.amazonaws.com",
        "prefix": "cdn/edge/",
        "includeCookies": False,
    }


def test_the_content_is_protected_unless_it_is_disposable(preview):
    kept, disposable = preview(edge()), preview(edge(disposable=True))
    assert kept.one("aws:s3/bucket:Bucket").protect and not disposable.one("aws:s3/bucket:Bucket").protect


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"api_paths": []}, r"CdnEdge 'edge': api_paths must be one path pattern or more.*got \[\]"),
        ({"aliases": ["a.example.com"]}, "aliases must be given together with certificate_arn"),
        ({"zone_id": "Z1"}, "zone_id must be given together with aliases"),
        ({"price_class": "PriceClass_1"}, "price_class must be one of PriceClass_100.*got 'PriceClass_1'"),
        ({"requests_per_client": 1}, "requests_per_client must be at least 10"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(edge(**args))


def test_rejects_plain_http_to_a_public_origin_in_disguise(preview):
    with pytest.raises(Exception, match="origin_tls must be left out without origin_arn"):
        preview(public(origin_tls=True))
