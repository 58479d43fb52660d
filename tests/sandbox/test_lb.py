"""Load balancers and what they send where."""

import pulumi_aws as aws
import pytest

from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION, network

CERTIFICATE = "arn:aws:acm:{}:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def front(
    region: str = REGION, **more: object
) -> tuple[aws.lb.LoadBalancer, aws.lb.TargetGroup, aws.lb.Listener]:
    vpc, subnets = network("ab")
    balancer = aws.lb.LoadBalancer("it", subnets=[s.id for s in subnets], idle_timeout=30, **more)
    targets = aws.lb.TargetGroup(
        "it",
        vpc_id=vpc.id,
        port=8080,
        protocol="HTTP",
        deregistration_delay=30,
        slow_start=60,
        load_balancing_algorithm_type="least_outstanding_requests",
        health_check={"path": "/health", "interval": 10, "healthy_threshold": 2, "matcher": "200-204"},
        stickiness={"type": "lb_cookie", "cookie_duration": 60},
    )
    listener = aws.lb.Listener(
        "it",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn=CERTIFICATE.format(region),
        default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
    )
    return balancer, targets, listener


def settings(found: dict) -> dict[str, str]:
    return {attribute["Key"]: attribute["Value"] for attribute in found["Attributes"]}


def test_a_balancer_keeps_its_settings(deploy, cloud):
    def program():
        logs = aws.s3.Bucket("it")
        front(
            drop_invalid_header_fields=True,
            access_logs={"bucket": logs.bucket, "enabled": True, "prefix": "lb"},
        )

    made = deploy(program).one("aws:lb/loadBalancer:LoadBalancer")
    found = settings(cloud.client("elbv2", REGION).describe_load_balancer_attributes(LoadBalancerArn=made.id))
    assert found["idle_timeout.timeout_seconds"] == "30" and found["access_logs.s3.prefix"] == "lb"
    assert found["routing.http.drop_invalid_header_fields.enabled"] == "true"
    assert made.id.endswith(made.outputs["arnSuffix"])


def test_a_target_group_keeps_its_health_check_and_settings(deploy, cloud):
    arn = deploy(front).one("aws:lb/targetGroup:TargetGroup").id
    elb = cloud.client("elbv2", REGION)
    group = elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"][0]
    found = settings(elb.describe_target_group_attributes(TargetGroupArn=arn))
    assert (group["HealthCheckPath"], group["HealthCheckIntervalSeconds"]) == ("/health", 10)
    assert group["Matcher"]["HttpCode"] == "200-204" and group["HealthyThresholdCount"] == 2
    assert (
        found["deregistration_delay.timeout_seconds"] == "30" and found["slow_start.duration_seconds"] == "60"
    )
    assert found["load_balancing.algorithm.type"] == "least_outstanding_requests"
    assert found["stickiness.lb_cookie.duration_seconds"] == "60"


def test_rules_forward_redirect_and_answer(deploy, cloud):
    def program():
        _, targets, listener = front()
        weighted = {"target_groups": [{"arn": targets.arn, "weight": 3}]}
        busy = {"content_type": "text/plain", "message_body": "later", "status_code": "503"}
        aws.lb.ListenerRule(
            "forward",
            listener_arn=listener.arn,
            priority=5,
            actions=[{"type": "forward", "forward": weighted}],
            conditions=[{"path_pattern": {"values": ["/api/*"]}}],
        )
        aws.lb.ListenerRule(
            "answer",
            listener_arn=listener.arn,
            priority=6,
            actions=[{"type": "fixed-response", "fixed_response": busy}],
            conditions=[{"http_header": {"http_header_name": "X-Load", "values": ["shed"]}}],
        )

    graph = deploy(program)
    arn = graph.one("aws:lb/listener:Listener").id
    found = {r["Priority"]: r for r in cloud.client("elbv2", REGION).describe_rules(ListenerArn=arn)["Rules"]}
    assert found["5"]["Conditions"][0]["PathPatternConfig"]["Values"] == ["/api/*"]
    assert found["5"]["Actions"][0]["ForwardConfig"]["TargetGroups"][0]["Weight"] == 3
    assert found["6"]["Actions"][0]["FixedResponseConfig"]["StatusCode"] == "503"


def test_a_plain_listener_redirects(deploy, cloud):
    def program():
        balancer, _, _ = front()
        redirect = {"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}
        actions = [{"type": "redirect", "redirect": redirect}]
        aws.lb.Listener("plain", load_balancer_arn=balancer.arn, port=80, default_actions=actions)

    arn = deploy(program).one("aws:lb/listener:Listener", "plain").id
    found = cloud.client("elbv2", REGION).describe_listeners(ListenerArns=[arn])["Listeners"][0]
    assert found["DefaultActions"][0]["RedirectConfig"]["Path"] == "/#{path}"


def test_a_certificate_from_outside_the_stack_is_taken(deploy, cloud):
    arn = deploy(front).one("aws:lb/listener:Listener").id
    found = cloud.client("elbv2", REGION).describe_listeners(ListenerArns=[arn])["Listeners"][0]
    assert found["Certificates"][0]["CertificateArn"] == CERTIFICATE.format(REGION)


def test_rejects_a_certificate_of_another_region(deploy):
    with pytest.raises(Failure, match="CertificateNotFound"):
        deploy(lambda: front("eu-west-1"))


def test_rejects_a_generated_name_that_pulumi_would_refuse(deploy):
    with pytest.raises(Mistake, match="longer than 32; name it in 24 letters"):
        deploy(lambda: aws.lb.TargetGroup("a-name-that-is-rather-long-for-this", target_type="lambda"))
