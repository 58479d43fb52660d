import json
import re
from pathlib import Path

import pytest

from components.access import connect
from components.control.atlas import Atlas
from components.service.auto_scaling_service import AutoScalingService
from fourplane.sandbox import moto_slots

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}
RELEASE = {"release_url": "https://example.com/atlas-standalone-1.7.8.jar"}
KEYS = Path("tests/boot/data/atlas-1.7-config-keys.txt")
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def atlas(**more):
    return lambda: Atlas("atlas", {**PLACE, "image": "java:21", **RELEASE, **more})


def files(graph):
    return moto_slots.files(graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["userData"])


def settings(graph):
    """Atlas's own settings, by key; a list runs over lines."""
    text = re.sub(r"(?m)^#.*\n", "", files(graph)["/etc/fourplane/atlas/memory.conf"])
    return dict(re.findall(r"(?ms)^([a-z.-]+) = (\[.*?^\]|[^\n]*)$", text))


def test_the_fleet_has_a_machine_in_every_zone_and_never_another_size(preview):
    for each, size in ((1, 3), (2, 6)):
        group = preview(atlas(machines_per_zone=each)).one("aws:autoscaling/group:Group").inputs
        assert group["minSize"] == group["maxSize"] == size


def test_machines_reach_each_other_where_atlas_itself_listens(preview):
    graph = preview(atlas())
    machines = graph.one("aws:ec2/securityGroup:SecurityGroup", "atlas").id
    ends = ("securityGroupId", "referencedSecurityGroupId", "fromPort")
    ways = {tuple(rule.inputs[end] for end in ends) for rule in graph.all(RULE)}
    front = graph.one("aws:ec2/securityGroup:SecurityGroup", "atlas-balancer").id
    assert ways == {(machines, front, 7100), (machines, machines, 7101)}


def test_the_balancer_asks_for_atlass_own_health(preview):
    check = preview(atlas()).one("aws:lb/targetGroup:TargetGroup").inputs["healthCheck"]
    assert check["path"] == "/healthcheck"


def test_a_service_is_told_the_balancers_address(preview):
    def program():
        user = AutoScalingService("user", {**PLACE, "image": "user:1", "port": 8080})
        connect(user, Atlas("atlas", {**PLACE, "image": "java:21", **RELEASE}))

    told = preview(program).one("aws:ssm/parameter:Parameter", "user-to-atlas").inputs
    assert told["insecureValue"].endswith(":80") and told["name"] == "/dev/user/atlas"


def test_memory_and_hours_are_the_users_choice(preview):
    graph = preview(atlas(hours=12, heap_percent=60, instance_type="r7g.2xlarge"))
    assert settings(graph)["atlas.core.db.num-blocks"] == "12"
    assert "java -XX:MaxRAMPercentage=60 -jar" in files(graph)["/etc/systemd/system/atlas.service"]
    assert graph.one("aws:ec2/launchTemplate:LaunchTemplate").inputs["instanceType"] == "r7g.2xlarge"


def test_every_setting_and_class_is_one_of_atlass(preview):
    known = {line for line in KEYS.read_text().splitlines() if not line.startswith("#")}
    written = settings(preview(atlas()))
    assert len(written) == 9 and written.keys() <= known
    assert set(re.findall(r"com\.netflix[\w.]+", str(written))) <= known


def test_a_machine_may_fetch_its_program_and_find_its_peers(preview):
    graph = preview(atlas(key_arn="arn:aws:kms:us-east-1:123456789012:key/1"))
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "atlas").inputs["policy"])
    statements = {statement["Sid"]: statement for statement in policy["Statement"]}
    bucket = graph.one("aws:s3/bucket:Bucket", "atlas-release").outputs["arn"]
    assert statements["Release"]["Resource"] == f"{bucket}/atlas-standalone-1.7.8.jar"
    assert statements["ReleaseKey"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    assert statements["Peers"]["Action"] == "ec2:DescribeInstances"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"machines_per_zone": 0}, "machines_per_zone must be at least 1, so that a zone can be lost, got 0"),
        ({"hours": 0}, "hours must be at least 1, got 0"),
        ({"heap_percent": 95}, "heap_percent must be 10 to 90, so that the machine itself has room, got 95"),
        ({"release_url": "http://example.com/a.jar"}, "release_url must be the https address of a file"),
        ({"release_url": "https://example.com/"}, "release_url must be the https address of a file"),
        ({"release_sha256": "1"}, "release_sha256 must be 64 hexadecimal digits in lower case, got '1'"),
    ],
)
def test_rejects_what_cannot_be(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(atlas(**args))
