import base64
import json

import pytest
import yaml

from components.access import connect
from components.machine import architecture
from components.service.auto_scaling_service import AutoScalingService

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"]}
FLEET = {**PLACE, "image": "public.ecr.aws/a:1", "port": 8080}
GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def fleet(**args):
    return lambda: AutoScalingService("user", {**FLEET, **args})


def files(graph):
    config = yaml.safe_load(base64.b64decode(graph.one(TEMPLATE).inputs["userData"]))
    return {file["path"]: file["content"] for file in config["write_files"]}


def policy(graph):
    statements = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    return {s["Sid"]: s for s in statements}


def test_has_a_machine_in_every_zone_before_there_is_any_load(preview):
    group = preview(fleet()).one(GROUP).inputs
    assert group["minSize"] == 3 and group["vpcZoneIdentifiers"] == PLACE["subnet_ids"]


def test_a_failing_machine_is_replaced(preview):
    group = preview(fleet()).one(GROUP).inputs
    assert group["healthCheckType"] == "ELB" and group["targetGroupArns"]


def test_a_change_rolls_through_the_fleet_and_back_when_it_fails(preview):
    refresh = preview(fleet()).one(GROUP).inputs["instanceRefresh"]
    assert refresh["strategy"] == "Rolling" and refresh["preferences"]["autoRollback"]
    assert refresh["preferences"]["minHealthyPercentage"] == 100


def test_grows_with_its_load(preview):
    graph = preview(fleet(cpu_percent=40))
    target = graph.one("aws:autoscaling/policy:Policy").inputs["targetTrackingConfiguration"]
    assert target["targetValue"] == 40 and graph.one(GROUP).inputs["maxSize"] == 12


def test_machines_are_private_encrypted_and_give_credentials_only_to_themselves(preview):
    template = preview(fleet()).one(TEMPLATE).inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    disk = template["blockDeviceMappings"][0]["ebs"]
    assert disk["encrypted"] == "true" and disk["volumeType"] == "gp3"
    assert (
        template["networkInterfaces"][0]["associatePublicIpAddress"] == "false" and "keyName" not in template
    )


def test_machines_may_read_their_own_settings_and_nobody_else_s(preview):
    settings = policy(preview(fleet()))["Settings"]
    assert settings["Action"] == "ssm:GetParametersByPath"
    assert [arn.split(":", 5)[5] for arn in settings["Resource"]] == [
        "parameter/dev/user",
        "parameter/dev/user/*",
    ]


def test_no_statement_has_a_wildcard_where_a_resource_can_be_named(preview):
    without_resource = {
        "ecr:GetAuthorizationToken",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    repository = "arn:aws:ecr:us-east-1:123456789012:repository/dev/*"
    for statement in policy(preview(fleet(repository_arn=repository))).values():
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        assert not any("*" in action for action in actions)
        assert statement["Resource"] != "*" or set(actions) <= without_resource


def test_the_machine_waits_for_the_servers_that_it_calls(preview):
    assert (
        'CALLS="users events"'
        in files(preview(fleet(calls=["users", "events"])))["/etc/fourplane/machine.env"]
    )


def test_the_container_gets_its_environment_and_its_files(preview):
    program = {"environment": {"MODE": "fast"}, "files": {"/opt/x": "y", "/usr/local/bin/z": "#!/bin/sh"}}
    written = files(preview(fleet(program=program)))
    assert written["/etc/fourplane/program.env"] == "PORT=8080\nMODE=fast\n"
    assert written["/opt/x"] == "y" and "/usr/local/bin/z" in written


@pytest.mark.parametrize(
    ("instance_type", "expected"),
    [("t4g.small", "arm64"), ("m7gd.large", "arm64"), ("g5.xlarge", "x86_64"), ("m7i.large", "x86_64")],
)
def test_a_graviton_machine_gets_an_arm_image(instance_type, expected):
    assert architecture(instance_type) == expected


def test_every_machine_carries_the_component_s_tags(preview):
    graph = preview(fleet())
    wanted = {"component": "user", "plane": "service", "Name": "user"}
    tags = {t["key"]: t["value"] for t in graph.one(GROUP).inputs["tags"] if t["propagateAtLaunch"]}
    assert tags == wanted
    launched = graph.one(TEMPLATE).inputs["tagSpecifications"]
    assert {s["resourceType"]: s["tags"] for s in launched} == dict.fromkeys(
        ("instance", "volume", "network-interface"), wanted
    )


def test_tls_is_spoken_when_a_certificate_is_given(preview):
    certificate = "arn:aws:acm:us-east-1:123456789012:certificate/c"
    graph = preview(
        lambda: connect(
            AutoScalingService("a", FLEET), fleet(front={**PLACE, "certificate_arn": certificate})()
        )
    )
    listener = graph.one("aws:lb/listener:Listener", "user-balancer").inputs
    assert (listener["port"], listener["protocol"], listener["certificateArn"]) == (443, "HTTPS", certificate)
    assert "TLS13-1-2" in listener["sslPolicy"]
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "a-to-user")
    assert rule.inputs["fromPort"] == 443


def test_access_is_logged_where_a_bucket_is_given(preview):
    balancer = preview(fleet(log_bucket="logs")).one("aws:lb/loadBalancer:LoadBalancer").inputs
    assert balancer["accessLogs"] == {"bucket": "logs", "prefix": "balancers/user-balancer", "enabled": True}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"minimum": 0}, "AutoScalingService 'user': minimum must be at least 1, got 0"),
        ({"minimum": 4, "maximum": 3}, "maximum must be at least the minimum, 4, got 3"),
        ({"port": 0}, "port must be 1 to 65535, got 0"),
        ({"subnet_ids": []}, r"subnet_ids must be .*, got \[\]"),
        ({"subnet_ids": ["a"]}, "subnet_ids must be subnets of 2 zones or more"),
        ({"cpu_percent": 101}, "cpu_percent must be 1 to 100, got 101"),
        ({"image_": "x"}, "no argument 'image_'; did you mean 'image'?"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(fleet(**args))


def test_a_forecast_starts_machines_half_an_hour_ahead(preview):
    graph = preview(fleet(predictive={}, cpu_percent=40))
    ahead = graph.one("aws:autoscaling/policy:Policy", "user-forecast").inputs
    said = ahead["predictiveScalingConfiguration"]
    assert (ahead["policyType"], said["mode"]) == ("PredictiveScaling", "ForecastAndScale")
    assert said["schedulingBufferTime"] == "1800" and said["metricSpecification"]["targetValue"] == 40


@pytest.mark.parametrize("wrong", [{"buffer_seconds": 3600}, {"mode": "Guess"}])
def test_rejects_a_forecast_that_aws_does_not_make(preview, wrong):
    with pytest.raises(Exception, match="AutoScalingService 'user': predictive must be "):
        preview(fleet(predictive=wrong))


def test_a_client_stays_with_one_machine_where_that_is_asked_for(preview):
    targets = "aws:lb/targetGroup:TargetGroup"
    kept = preview(fleet(sticky_seconds=600)).one(targets).inputs["stickiness"]
    assert kept == {"type": "lb_cookie", "cookieDuration": 600}
    assert "stickiness" not in preview(fleet()).one(targets).inputs


@pytest.mark.parametrize("seconds", [0, 604801])
def test_rejects_a_cookie_of_no_time_or_of_over_a_week(preview, seconds):
    with pytest.raises(Exception, match="sticky_seconds must be 1 to 604800"):
        preview(fleet(sticky_seconds=seconds))
