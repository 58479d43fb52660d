"""Ways through CloudFront."""

import pulumi
import pulumi_aws as aws
import pytest

from components.edge.static_fallback import StaticFallback
from components.service.auto_scaling_service import AutoScalingService
from fourplane.reach import INTERNET
from tests.reach.documents import document

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
FLEET = {**PLACE, "image": "public.ecr.aws/a:1", "port": 8080}


def distribution(**origin):
    return aws.cloudfront.Distribution(
        "cdn",
        enabled=True,
        origins=[{"origin_id": "o", **origin}],
        default_cache_behavior={
            "target_origin_id": "o", "viewer_protocol_policy": "https-only",
            "allowed_methods": ["GET"], "cached_methods": ["GET"],
        },
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={"cloudfront_default_certificate": True},
    )  # fmt: skip


def bucket_origin():
    bucket = aws.s3.Bucket("content")
    control = aws.cloudfront.OriginAccessControl(
        "control", origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
    )
    cdn = distribution(domain_name=bucket.bucket_regional_domain_name, origin_access_control_id=control.id)
    statement = {
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": pulumi.Output.format("{}/*", bucket.arn),
        "Condition": {"StringEquals": {"AWS:SourceArn": cdn.arn}},
    }
    aws.s3.BucketPolicy("content", bucket=bucket.bucket, policy=document(statement))


@pytest.mark.parametrize("part", ["", "BucketPolicy content", "OriginAccessControl control"])
def test_a_distribution_reads_a_bucket_that_lets_it(ways, part):
    read = {"cdn -> content bucket origin s3:GetObject"}
    assert ways(bucket_origin, [part]) == {f"{INTERNET} -> cdn distribution https"} | (
        set() if part else read
    )


def balancer_origin():
    fleet = AutoScalingService("api", FLEET)
    origin = aws.cloudfront.VpcOrigin(
        "origin",
        vpc_origin_endpoint_config={
            "name": "origin", "arn": fleet.load_balancer_arn, "http_port": 80, "https_port": 443,
            "origin_protocol_policy": "http-only",
            "origin_ssl_protocols": {"items": ["TLSv1.2"], "quantity": 1},
        },
    )  # fmt: skip
    distribution(domain_name=fleet.dns_name, vpc_origin_config={"vpc_origin_id": origin.id})
    door = fleet.entrance().security_group_id
    aws.vpc.SecurityGroupIngressRule(
        "in", security_group_id=door, prefix_list_id="pl-1", ip_protocol="tcp", from_port=80, to_port=80
    )


@pytest.mark.parametrize(
    "part", ["", "VpcOrigin origin", "SecurityGroupIngressRule in", "Listener api-balancer"]
)
def test_a_distribution_calls_a_private_balancer_that_lets_it(ways, part):
    assert ("cdn -> api VPC origin tcp 80" in ways(balancer_origin, [part])) is not bool(part)


def test_a_distribution_asks_another_one(ways):
    def program():
        away = StaticFallback("away", {})
        distribution(
            domain_name=away.domain_name,
            custom_origin_config={
                "http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only",
                "origin_ssl_protocols": ["TLSv1.2"],
            },
        )  # fmt: skip

    assert "cdn -> away distribution origin https" in ways(program)
    assert f"{INTERNET} -> away distribution https" in ways(program)
