"""Where clients come in: a network load balancer before machines of nginx."""

import json

import pytest

from components.edge.stream_balancer import StreamBalancer
from fourplane.errors import Mistake

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"]}
PUBLIC = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-4", "subnet-5", "subnet-6"]}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
FREEBSD = {"packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly"}
LINUX = {"system": "linux", "image": "public.ecr.aws/nginx/nginx-unprivileged:1.28"}
SERVERS = {
    "servers": ["10.0.1.5", "10.0.2.5", "10.0.3.5"],
    "server_count": 3,
    "ports": range(5222, 5230),
    "connections_per_server": 1_000_000,
}
BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"
TARGETS, TEMPLATE = "aws:lb/targetGroup:TargetGroup", "aws:ec2/launchTemplate:LaunchTemplate"
SECURE = {"certificate_arn": CERTIFICATE, "internet_facing": True}


def entrance(**args):
    return lambda: StreamBalancer("entrance", {**PLACE, **FREEBSD, **SERVERS, "front": PUBLIC, **args})


def test_clients_speak_tls_to_a_public_balancer_and_machines_are_private(preview):
    graph = preview(entrance(**SECURE))
    balancer, listener = graph.one(BALANCER).inputs, graph.one(LISTENER).inputs
    assert balancer["loadBalancerType"] == "network" and balancer["internal"] is False
    assert balancer["subnets"] == PUBLIC["subnet_ids"] and balancer["enableDeletionProtection"]
    assert (listener["protocol"], listener["port"]) == ("TLS", 5223)
    assert listener["sslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    assert graph.one("aws:autoscaling/group:Group").inputs["vpcZoneIdentifiers"] == PLACE["subnet_ids"]


def test_without_a_certificate_it_is_private(preview):
    graph = preview(entrance())
    assert graph.one(BALANCER).inputs["internal"] is True
    assert (graph.one(LISTENER).inputs["protocol"], graph.one(LISTENER).inputs["port"]) == ("TCP", 5222)


def test_a_machine_sees_its_clients_and_gives_them_time_to_leave(preview):
    targets = preview(entrance()).one(TARGETS).inputs
    assert targets["protocol"] == "TCP" and targets["preserveClientIp"] == "true"
    assert targets["deregistrationDelay"] == 300 and targets["connectionTermination"] is True
    assert targets["healthCheck"]["port"] == "8081" and targets["healthCheck"]["protocol"] == "HTTP"


def test_idle_connections_are_tracked_no_longer_than_the_balancer_has_them(preview):
    template = preview(entrance()).one(TEMPLATE).inputs
    tracking = template["networkInterfaces"][0]["connectionTrackingSpecification"]
    assert tracking == {"tcpEstablishedTimeout": 350}
    assert template["blockDeviceMappings"][0]["deviceName"] == "/dev/sda1"


def test_access_is_logged_where_there_is_tls(preview):
    def prefix(**args):
        logs = preview(entrance(log_bucket="logs", **args)).one(BALANCER).inputs.get("accessLogs")
        return logs and logs["prefix"]

    assert prefix(**SECURE) == "balancers/entrance-balancer" and prefix() is None


def test_a_machine_may_only_write_its_log_and_tell_its_metrics(preview):
    policy = json.loads(preview(entrance()).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    own = {one["Sid"]: one for one in policy["Statement"] if not one["Sid"].startswith("Session")}
    assert own.keys() == {"Log", "Vitals"}
    assert own["Vitals"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "dev/entrance"}}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"ports": [5222]}, r"ports must be at least 8, so that 2 machines reach .* 1,000,000 .* 64512"),
        (
            {"instance_type": "r7g.xlarge"},
            "instance_type must be one with 35.8 GiB of memory, .* 2 machines hand on 3,000,000 .* 32 GiB",
        ),
        ({"internet_facing": True}, "internet_facing must be with a certificate_arn"),
        ({"server_count": 0}, "server_count must be at least 1, got 0"),
        ({"connections_per_server": 0}, "connections_per_server must be at least 1"),
        ({"ports": []}, "ports must be one port or more"),
        ({"minimum": 0}, "minimum must be at least 1"),
        ({"maximum": 1}, "maximum must be at least the minimum, 3"),
        ({"draining_seconds": 4000}, "draining_seconds must be 0 to 3600"),
        ({"system": "linux"}, "image must be given, so that linux has something to run"),
    ],
)  # fmt: skip
def test_rejects_what_cannot_be(preview, args, message):
    with pytest.raises(Mistake, match=message):
        preview(entrance(**args))
