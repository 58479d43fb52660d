"""A network load balancer and its machines, as the cloud has them, and when a zone is lost."""

from components.access import expose
from components.control.log_archive import LogArchive
from components.edge.stream_balancer import StreamBalancer
from components.network import Network
from fourplane.chaos import Wish, strike
from tests.sandbox.machines import REGION

CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/12345678-1234-1234-1234-123456789012"


def program():
    network = Network("network", {"zones": 3})
    entrance = StreamBalancer(
        "entrance",
        {
            **network.private,
            "front": network.public,
            "packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
            "servers": ["10.0.1.5", "10.0.2.5"],
            "server_count": 2,
            "ports": [5222],
            "connections_per_server": 100_000,
            "instance_type": "m7g.xlarge",
            "certificate_arn": CERTIFICATE,
            "internet_facing": True,
            "log_bucket": LogArchive("logs", {}).bucket,
        },
    )
    expose(entrance)


def test_the_cloud_has_it_with_a_machine_in_each_zone(deploy, cloud):
    graph = deploy(program)
    elb = cloud.client("elbv2", REGION)
    made = elb.describe_load_balancers()["LoadBalancers"][0]
    assert (made["Type"], made["Scheme"], len(made["SecurityGroups"])) == ("network", "internet-facing", 1)
    assert ":loadbalancer/net/entrance-balancer" in made["LoadBalancerArn"]
    listener = elb.describe_listeners(LoadBalancerArn=made["LoadBalancerArn"])["Listeners"][0]
    assert (listener["Protocol"], listener["Port"]) == ("TLS", 5223)
    targets = graph.one("aws:lb/targetGroup:TargetGroup").id
    told = elb.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]
    settings = {one["Key"]: one["Value"] for one in told}
    assert settings["preserve_client_ip.enabled"] == "true"
    assert settings["deregistration_delay.connection_termination.enabled"] == "true"
    assert len(elb.describe_target_health(TargetGroupArn=targets)["TargetHealthDescriptions"]) == 3


def test_two_zones_carry_what_three_did(deploy, cloud):
    graph = deploy(program)
    report = strike(graph, cloud.client, Wish("gorilla", zone=f"{REGION}a")).as_json()
    found = {one["component"]: one for one in report["components"]}
    assert found["entrance"]["ok"], found["entrance"]
