import json
import re
from pathlib import Path

import pytest

from components.access import connect
from components.control.eureka import Eureka
from components.service.auto_scaling_service import AutoScalingService
from fourplane.sandbox import moto_slots

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}
ARN = "arn:aws:codeartifact:us-east-1:123456789012"
ARTIFACT = {
    "artifact_url": "https://a-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/b/e-1.war",
    "artifact_repository_arn": f"{ARN}:repository/a/b",
    "artifact_domain_arn": f"{ARN}:domain/a",
}
ZONES = {**PLACE, "zones": ["us-east-1a", "us-east-1b", "us-east-1c"], "image": "tomcat:9", **ARTIFACT}
EIP = "aws:ec2/eip:Eip"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
KEYS = Path("tests/boot/data/eureka-1.10-config-keys.txt")


def servers(**more):
    return lambda: Eureka("eureka", {**ZONES, **more})


@pytest.fixture
def graph(preview):
    return preview(servers())


@pytest.fixture
def files(graph):
    """The files that a server's user data writes, by path."""
    return moto_slots.files(graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["userData"])


def properties(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_every_zone_has_an_address_and_one_group_has_a_machine_for_each(graph):
    assert {one.name for one in graph.all(EIP)} == {"eureka-a0", "eureka-b0", "eureka-c0"}
    group = graph.one("aws:autoscaling/group:Group").inputs
    assert group["minSize"] == group["maxSize"] == 3 and group["vpcZoneIdentifiers"] == PLACE["subnet_ids"]


def test_a_zone_may_have_more_servers(preview):
    graph = preview(servers(servers_per_zone=2))
    assert len(graph.all(EIP)) == graph.one("aws:autoscaling/group:Group").inputs["minSize"] == 6


def test_a_change_leaves_all_servers_but_one_where_they_are(graph):
    refresh = graph.one("aws:autoscaling/group:Group").inputs["instanceRefresh"]["preferences"]
    assert refresh["minHealthyPercentage"] == 66


def test_only_peers_reach_it_before_an_arrow_is_drawn(graph):
    group = graph.one("aws:ec2/securityGroup:SecurityGroup")
    rules = [
        (rule.inputs.get("referencedSecurityGroupId"), rule.inputs["fromPort"]) for rule in graph.all(RULE)
    ]
    assert rules == [(group.id, 8080)]
    assert not [rule for rule in graph.all(RULE) if "cidrIpv4" in rule.inputs or "cidrIpv6" in rule.inputs]


def test_a_client_is_told_the_name_of_every_address(preview):
    def program():
        user = AutoScalingService("user", {**PLACE, "image": "user:1", "port": 8080})
        connect(user, Eureka("eureka", ZONES))

    graph = preview(program)
    told = graph.one("aws:ssm/parameter:Parameter", "user-to-eureka").inputs["insecureValue"].split(",")
    assert len(told) == 3 and all(re.fullmatch(r"\S+:8080", one) for one in told)


def test_a_machine_may_take_the_servers_addresses_and_no_other(graph):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "eureka").inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert statements["Addresses"]["Action"] == "ec2:AssociateAddress"
    assert set(statements["Addresses"]["Resource"]) == {one.outputs["arn"] for one in graph.all(EIP)}
    assert statements["Servers"]["Condition"] == {"StringEquals": {"aws:ResourceTag/component": "eureka"}}


def test_every_server_knows_its_peers_by_zone(graph, files):
    client = properties(files["/etc/fourplane/eureka/eureka-client.properties"])
    region = client["eureka.region"]
    assert client[f"eureka.{region}.availabilityZones"] == "us-east-1a,us-east-1b,us-east-1c"
    for seat, zone in (("eureka-a0", "us-east-1a"), ("eureka-c0", "us-east-1c")):
        host = graph.one(EIP, seat).outputs["publicDns"]
        assert client[f"eureka.serviceUrl.{zone}"] == f"http://{host}:8080/eureka/v2/"


def test_heartbeats_and_eviction_are_as_published(files):
    client = properties(files["/etc/fourplane/eureka/eureka-client.properties"])
    assert (client["eureka.lease.renewalInterval"], client["eureka.lease.duration"]) == ("30", "90")


def test_every_setting_is_one_of_eurekas(files):
    known = {line for line in KEYS.read_text().splitlines() if not line.startswith("#")}
    written = [
        key for path, text in files.items() if path.endswith(".properties") for key in properties(text)
    ]
    written += re.findall(r"-D(eureka\.[\w.]+)=", files["/usr/local/bin/claim-address"])
    names = {re.sub(r"^eureka\.(?:[a-z0-9-]+\.(?=availabilityZones))?", "", key) for key in written}
    assert len(known) > 90 and {re.sub(r"^(serviceUrl)\..*", r"\1", name) for name in names} <= known


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"zones": []}, "zones must be one zone or more"),
        ({"zones": ["a", "a", "b"]}, "zones must be one zone or more, each named once"),
        ({"subnet_ids": ["subnet-a"]}, "subnet_ids must be as many as zones, 3, got 1"),
        (
            {"servers_per_zone": 0},
            "servers_per_zone must be at least 1, so that each zone has its own, got 0",
        ),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(servers(**args))
