"""CloudFront and WAF."""

import pulumi_aws as aws
import pytest

from components.edge.cdn_edge import CdnEdge
from fourplane.errors import Mistake
from tests.sandbox.machines import REGION

SEEN = {"cloudwatch_metrics_enabled": True, "metric_name": "it", "sampled_requests_enabled": True}
BEHAVIOUR = {
    "viewer_protocol_policy": "redirect-to-https",
    "allowed_methods": ["GET", "HEAD"],
    "cached_methods": ["GET", "HEAD"],
    "cache_policy_id": "658327ea-f89d-4fab-a63d-7e88639e58f6",
}


def distribution(**more: object) -> aws.cloudfront.Distribution:
    balancer = {"http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only"}
    control = aws.cloudfront.OriginAccessControl(
        "it", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
    )
    code = "function handler(event) { return event.request }"
    function = aws.cloudfront.Function("it", runtime="cloudfront-js-2.0", code=code)
    origins = [
        {
            "origin_id": "balancer",
            "domain_name": "lb.example.com",
            "custom_origin_config": {**balancer, "origin_ssl_protocols": ["TLSv1.2"]},
            "custom_headers": [{"name": "X-Origin", "value": "1"}],
        },
        {"origin_id": "bucket", "domain_name": "b.s3.amazonaws.com", "origin_access_control_id": control.id},
        {
            "origin_id": "inside",
            "domain_name": "in.example.com",
            "vpc_origin_config": {"vpc_origin_id": "vo_1"},
        },
    ]
    members = [{"origin_id": "balancer"}, {"origin_id": "bucket"}]
    associations = [{"event_type": "viewer-request", "function_arn": function.arn}]
    return aws.cloudfront.Distribution(
        "it",
        **{
            "enabled": True,
            "http_version": "http2and3",
            "origins": origins,
            "origin_groups": [
                {"origin_id": "both", "failover_criteria": {"status_codes": [500, 502]}, "members": members}
            ],
            "default_cache_behavior": {
                **BEHAVIOUR,
                "target_origin_id": "both",
                "function_associations": associations,
            },
            "ordered_cache_behaviors": [
                {**BEHAVIOUR, "target_origin_id": "inside", "path_pattern": "/api/*"}
            ],
            "restrictions": {"geo_restriction": {"restriction_type": "whitelist", "locations": ["CH", "DE"]}},
            "viewer_certificate": {"cloudfront_default_certificate": True},
            "custom_error_responses": [{"error_code": 404, "response_code": 200, "response_page_path": "/"}],
            "tags": {"Tier": "edge"},
            **more,
        },
    )


def config(cloud, graph) -> dict:
    id = graph.one("aws:cloudfront/distribution:Distribution").id
    return cloud.client("cloudfront", REGION).get_distribution_config(Id=id)["DistributionConfig"]


def test_a_distribution_keeps_its_origins_of_every_kind(deploy, cloud):
    graph = deploy(distribution)
    balancer, bucket, inside = config(cloud, graph)["Origins"]["Items"]
    assert balancer["CustomOriginConfig"]["OriginSslProtocols"]["Items"] == ["TLSv1.2"]
    assert balancer["CustomHeaders"]["Items"] == [{"HeaderName": "X-Origin", "HeaderValue": "1"}]
    control = graph.one("aws:cloudfront/originAccessControl:OriginAccessControl")
    assert bucket["OriginAccessControlId"] == control.id
    assert inside["VpcOriginConfig"]["VpcOriginId"] == "vo_1"


def test_a_distribution_fails_over_between_origins(deploy, cloud):
    found = config(cloud, deploy(distribution))
    group = found["OriginGroups"]["Items"][0]
    assert found["DefaultCacheBehavior"]["TargetOriginId"] == group["Id"] == "both"
    assert group["FailoverCriteria"]["StatusCodes"]["Items"] == [500, 502]
    assert [m["OriginId"] for m in group["Members"]["Items"]] == ["balancer", "bucket"]


def test_a_distribution_keeps_behaviours_restrictions_and_errors(deploy, cloud):
    found = config(cloud, deploy(distribution))
    assert found["CacheBehaviors"]["Items"][0]["PathPattern"] == "/api/*"
    assert found["DefaultCacheBehavior"]["FunctionAssociations"]["Quantity"] == 1
    assert found["DefaultCacheBehavior"]["AllowedMethods"]["CachedMethods"]["Items"] == ["GET", "HEAD"]
    assert found["Restrictions"]["GeoRestriction"]["Items"] == ["CH", "DE"]
    assert found["CustomErrorResponses"]["Items"][0]["ResponseCode"] == "200"
    assert found["HttpVersion"] == "http2and3"


def test_a_distribution_gives_its_name_and_cloudfronts_zone(deploy, cloud):
    made = deploy(distribution).one("aws:cloudfront/distribution:Distribution")
    found = cloud.client("cloudfront", REGION).get_distribution(Id=made.id)["Distribution"]
    assert made.outputs["domainName"] == found["DomainName"] and made.outputs["arn"] == found["ARN"]
    assert made.outputs["hostedZoneId"] == "Z2FDTNDATAQYW2"


def test_rejects_a_certificate_that_cloudfront_cannot_use(deploy):
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    with pytest.raises(Mistake, match="certificates of us-east-1 only"):
        deploy(lambda: distribution(viewer_certificate={"acm_certificate_arn": arn}))


def test_policies_that_moto_lacks_are_checked_and_simulated(deploy):
    def program():
        aws.cloudfront.OriginRequestPolicy(
            "it",
            cookies_config={"cookie_behavior": "all"},
            headers_config={"header_behavior": "whitelist", "headers": {"items": ["Host"]}},
            query_strings_config={"query_string_behavior": "all"},
        )

    made = deploy(program).one("aws:cloudfront/originRequestPolicy:OriginRequestPolicy")
    assert made.simulated and len(made.id) == 36


def test_rejects_a_policy_that_cloudfront_would_refuse(deploy):
    def program():
        aws.cloudfront.OriginRequestPolicy(
            "it",
            cookies_config={"cookie_behavior": "some"},
            headers_config={"header_behavior": "none"},
            query_strings_config={"query_string_behavior": "all"},
        )

    with pytest.raises(Mistake, match="CookieBehavior must be one of none, whitelist"):
        deploy(program)


def firewall(**more: object) -> aws.wafv2.WebAcl:
    managed = {"vendor_name": "AWS", "name": "AWSManagedRulesCommonRuleSet"}
    health = {
        "search_string": "/health",
        "positional_constraint": "EXACTLY",
        "field_to_match": {"uri_path": {}},
        "text_transformations": [{"priority": 0, "type": "NONE"}],
    }
    limit = {
        "limit": 2000,
        "aggregate_key_type": "IP",
        "scope_down_statement": {"not_statement": {"statement": {"byte_match_statement": health}}},
    }
    slow = {"response_code": 429, "custom_response_body_key": "slow"}
    return aws.wafv2.WebAcl(
        "it",
        default_action={"allow": {}},
        visibility_config=SEEN,
        custom_response_bodies=[{"key": "slow", "content": "later", "content_type": "TEXT_PLAIN"}],
        rules=[
            {
                "name": "common",
                "priority": 0,
                "override_action": {"none": {}},
                "statement": {"managed_rule_group_statement": managed},
                "visibility_config": SEEN,
            },
            {
                "name": "limit",
                "priority": 1,
                "action": {"block": {"custom_response": slow}},
                "statement": {"rate_based_statement": limit},
                "visibility_config": SEEN,
            },
        ],
        **more,
    )


def test_a_web_acl_keeps_its_rules_and_lives_where_cloudfront_looks(deploy, cloud):
    made = deploy(lambda: firewall(scope="CLOUDFRONT", region="us-east-1")).one("aws:wafv2/webAcl:WebAcl")
    name = made.outputs["name"]
    found = cloud.client("wafv2", "us-east-1").get_web_acl(Name=name, Id=made.id, Scope="CLOUDFRONT")[
        "WebACL"
    ]
    common, limit = found["Rules"]
    assert common["OverrideAction"] == {"None": {}}
    down = limit["Statement"]["RateBasedStatement"]["ScopeDownStatement"]["NotStatement"]["Statement"]
    assert down["ByteMatchStatement"]["SearchString"] == b"/health"
    assert limit["Action"]["Block"]["CustomResponse"]["ResponseCode"] == 429
    assert found["CustomResponseBodies"]["slow"]["Content"] == "later"


def test_a_web_acl_protects_a_balancer_and_logs(deploy, cloud):
    def program():
        from tests.sandbox.test_lb import front

        acl = firewall(scope="REGIONAL")
        aws.wafv2.WebAclAssociation("it", web_acl_arn=acl.arn, resource_arn=front()[0].arn)
        logs = aws.cloudwatch.LogGroup("it", name="aws-waf-logs-it")
        hidden = [{"single_header": {"name": "authorization"}}]
        aws.wafv2.WebAclLoggingConfiguration(
            "it", resource_arn=acl.arn, log_destination_configs=[logs.arn], redacted_fields=hidden
        )

    graph = deploy(program)
    acl = graph.one("aws:wafv2/webAcl:WebAcl").outputs["arn"]
    waf = cloud.client("wafv2", REGION)
    balancer = graph.one("aws:lb/loadBalancer:LoadBalancer").id
    assert waf.get_web_acl_for_resource(ResourceArn=balancer)["WebACL"]["ARN"] == acl
    logging = waf.get_logging_configuration(ResourceArn=acl)["LoggingConfiguration"]
    assert logging["RedactedFields"] == [{"SingleHeader": {"Name": "authorization"}}]


def test_rejects_that_writes_fail_over(deploy):
    every = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    behaviour = {**BEHAVIOUR, "allowed_methods": every, "target_origin_id": "both"}
    with pytest.raises(Mistake, match="AllowedMethods cannot include POST"):
        deploy(lambda: distribution(default_cache_behavior=behaviour))


def test_an_edge_with_all_that_it_may_have_is_taken(deploy, cloud):
    args = {"origin_dns_name": "origin.example.com", "stale_seconds": 3600, "disposable": True}
    images = {"bucket_domain_name": "pictures.s3.us-east-1.amazonaws.com"}
    graph = deploy(lambda: CdnEdge("edge", {**args, "fallback": {"paths": ["/a/*"]}, "images": images}))
    id = graph.one("aws:cloudfront/distribution:Distribution", "edge").id
    found = cloud.client("cloudfront", REGION).get_distribution(Id=id)["Distribution"]["DistributionConfig"]
    paths = {one["PathPattern"]: one["TargetOriginId"] for one in found["CacheBehaviors"]["Items"]}
    assert paths == {"/images/*": "images", "/a/*": "reads-or-fallback", "/api/*": "api"}
    bucket = graph.one("fourplane:index:PrivateBucket", "edge-fallback-pages").outputs["bucket"]
    page = cloud.client("s3", REGION).get_object(Bucket=bucket, Key="unavailable.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
