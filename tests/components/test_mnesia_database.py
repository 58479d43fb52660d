import base64
import gzip
import io
import json
import tarfile

import pytest
import yaml

from components.access import connect
from components.state.mnesia_database import MnesiaDatabase
from components.vpc_endpoints import VpcEndpoints
from fourplane.errors import Mistake

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
ARGS = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ZONES,
    "domain": "na.chat.example.com",
    "packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
}
LINUX = {"system": "linux", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/chat:1"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
NODES = ["users-a0", "users-b0", "users-c0"]
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
VOLUME = "aws:ebs/volume:Volume"
GROUP = "aws:autoscaling/group:Group"
POLICY = "aws:iam/rolePolicy:RolePolicy"
COMPONENT = "fourplane:index:MnesiaDatabase"
SYSTEMS = pytest.mark.parametrize("system", [{}, LINUX], ids=["freebsd", "linux"])


def database(**more):
    return lambda: MnesiaDatabase("users", {**ARGS, **more})


def config(graph, node):
    data = base64.b64decode(graph.one(TEMPLATE, node).inputs["userData"])
    return yaml.safe_load(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)


def files(graph, node):
    """The files of a node by their paths: those of its user data, and those that all have."""
    packed = base64.b64decode(graph.one("aws:s3/bucketObjectv2:BucketObjectv2").inputs["contentBase64"])
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        shared = {f"/{one.name}": tar.extractfile(one).read().decode() for one in tar.getmembers()}
    return {**shared, **{one["path"]: one["content"] for one in config(graph, node)["write_files"]}}


def slot(graph, node):
    lines = files(graph, node)["/etc/fourplane/slot.env"].splitlines()
    return dict(line.split("=", 1) for line in lines)


def statements(graph, name="users"):
    policy = json.loads(graph.one(POLICY, name).inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


@SYSTEMS
def test_a_node_comes_back_with_its_address_and_its_disk(preview, system):
    graph = preview(database(**system))
    for node, zone, subnet in zip(NODES, ZONES, ARGS["subnet_ids"], strict=True):
        env = slot(graph, node)
        assert env["NETWORK_INTERFACE_ID"] == graph.one(INTERFACE, node).id
        assert env["VOLUME_ID"] == graph.one(VOLUME, node).id
        assert graph.one(VOLUME, node).inputs["availabilityZone"] == zone
        assert graph.one(GROUP, node).inputs["vpcZoneIdentifiers"] == [subnet]
        assert graph.one(GROUP, node).inputs["maxSize"] == 1


def test_owner_and_standby_of_every_partition_are_in_two_zones(preview):
    graph = preview(database(nodes_per_zone=2))
    addresses = graph.one(COMPONENT).outputs["node_addresses"]
    zones = {addresses[one.name]: one.inputs["availabilityZone"] for one in graph.all(VOLUME)}
    settings = files(graph, "users-b1")["/usr/local/etc/ejabberd/ejabberdctl.cfg"]
    stores = [part.split("'")[0] for part in settings.split("'ejabberd@")[1:]]
    assert sorted(stores) == sorted(addresses.values())
    for partition in range(64):
        owner, standby = (stores[(partition + step) % len(stores)] for step in (0, 1))
        assert zones[owner] != zones[standby]


@SYSTEMS
def test_disks_are_encrypted_and_protected_and_every_day_there_is_a_snapshot(preview, system):
    graph = preview(database(key_arn=KEY, **system))
    disks = graph.all(VOLUME)
    assert all(one.protect and one.inputs["encrypted"] and one.inputs["kmsKeyId"] == KEY for one in disks)
    plan = graph.one("aws:dlm/lifecyclePolicy:LifecyclePolicy").inputs["policyDetails"]
    assert all(plan["targetTags"].items() <= one.inputs["tags"].items() for one in disks)
    schedule = plan["schedules"][0]
    assert (schedule["createRule"]["interval"], schedule["createRule"]["intervalUnit"]) == (24, "HOURS")
    assert (schedule["retainRule"]["interval"], schedule["retainRule"]["intervalUnit"]) == (30, "DAYS")


def test_only_snapshots_of_its_own_disks_can_be_deleted(preview):
    graph = preview(database())
    allowed = statements(graph, "users-snapshots")
    mark = {f"aws:ResourceTag/{k}": v for k, v in (("cluster", "/dev/users"),)}
    assert allowed["OldOnes"]["Condition"] == allowed["OfDisks"]["Condition"] == {"StringEquals": mark}
    assert allowed["Snapshots"]["Resource"] == "arn:aws:ec2:us-east-1::snapshot/*"


def test_a_disposable_database_goes_with_its_stack(preview):
    assert not any(one.protect for one in preview(database(disposable=True)).values())


@SYSTEMS
def test_the_cookie_is_in_no_user_data_and_nodes_may_read_it(preview, system):
    graph = preview(database(key_arn=KEY, **system))
    secret = graph.one("aws:secretsmanager/secretVersion:SecretVersion").inputs["secretString"]
    arn = graph.one(COMPONENT).outputs["cookie_secret_arn"]
    text = "".join(files(graph, "users-a0").values())
    assert arn in text and str(secret) not in text
    allowed = statements(graph, "users-cluster")
    assert allowed["Secret"]["Resource"] == arn and allowed["Key"]["Action"] == "kms:Decrypt"


def test_nodes_may_take_what_is_their_own(preview):
    graph = preview(database(key_arn=KEY))
    allowed = statements(graph)
    assert allowed["Slots"]["Condition"] == {"StringEquals": {"aws:ResourceTag/cluster": "/dev/users"}}
    assert "Drained" not in allowed  # they have no connections of users
    actions = [action for one in allowed.values() for action in _listed(one["Action"])]
    assert len(actions) > 15 and not any("*" in action for action in actions)
    everywhere = {sid for sid, one in allowed.items() if one["Resource"] == "*"}
    assert everywhere == {"SessionChannels", "WhoHasWhat", "Vitals"}  # none of these takes a resource


def test_nodes_fetch_the_programs_that_they_were_written_for(preview):
    graph = preview(database())
    program = graph.one("aws:s3/bucketObjectv2:BucketObjectv2")
    bucket = graph.one("aws:s3/bucket:Bucket")
    fetched = files(graph, "users-a0")["/etc/fourplane/programs.env"]
    assert f"BUCKET={bucket.outputs['bucket']}\nKEY={program.inputs['key']}\n" in fetched
    assert statements(graph, "users-cluster")["Programs"]["Resource"] == f"{bucket.outputs['arn']}/users/*"
    assert program.inputs["key"].startswith("users/")


def test_a_silent_connection_is_remembered_for_longer_than_it_is_silent(preview):
    graph = preview(database())
    for node in NODES:
        fixed = graph.one(INTERFACE, node).inputs["connectionTrackingSpecification"]
        first = graph.one(TEMPLATE, node).inputs["networkInterfaces"][0]["connectionTrackingSpecification"]
        assert fixed == first == {"tcpEstablishedTimeout": 350}


def test_freebsd_and_linux_start_from_their_own_images_and_disks(preview):
    devices = [
        preview(database(**system)).one(TEMPLATE, "users-a0").inputs["blockDeviceMappings"][0]["deviceName"]
        for system in ({}, LINUX)
    ]
    assert devices == ["/dev/sda1", "/dev/xvda"]


def test_nobody_but_the_nodes_can_reach_it_until_an_arrow_is_drawn(preview):
    graph = preview(database())
    rules = [one for one in graph.values() if one.type.startswith("aws:vpc/securityGroup")]
    assert [(one.name, one.inputs["fromPort"]) for one in rules] == [("users-among-distribution", 5210)] * 2


def test_an_arrow_to_awss_services_lets_it_start(preview):
    def program():
        place = {key: ARGS[key] for key in ("vpc_id", "subnet_ids")}
        args = {**place, "vpc_arn": "arn:aws:ec2:us-east-1:1:vpc/1", "route_table_ids": []}
        connect(MnesiaDatabase("users", ARGS), VpcEndpoints("endpoints", args))

    graph = preview(program)
    leaving = graph.all("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    assert {one.name for one in leaving} >= {"users-to-endpoints", "users-to-endpoints-s3"}


@pytest.mark.parametrize(
    "given, message",
    [
        (
            {"zones": ZONES[:1], "subnet_ids": ["a"]},
            "zones must be two or more, so that a partition outlives one, got ['us-east-1a']",
        ),
        ({"zones": ["us-east-1a"] * 3}, "zones must be different zones, so that a partition is in two, got"),
        ({"nodes_per_zone": 0}, "nodes_per_zone must be at least 1, got 0"),
        (
            {"nodes_per_zone": 3, "partitions": 8},
            "partitions must be at least 9, so that each node has some, got 8",
        ),
        ({"data_gib": 0}, "data_gib must be at least 1, got 0"),
        ({"partitions": 5000}, "partitions must be at most 4096, for every node knows all tables, got 5000"),
        ({"data_gib": 100_000}, "data_gib must be at most 65536, the largest gp3 disk, got 100000"),
        ({"snapshot_retention_days": 0}, "snapshot_retention_days must be at least 1, got 0"),
        ({"system": "plan9"}, "system must be one of freebsd, linux, got 'plan9'"),
        ({"system": "linux"}, "image must be given, so that linux has something to run, got None"),
    ],
)
def test_rejects_what_cannot_keep_its_promise(preview, given, message):
    with pytest.raises(Mistake) as error:
        preview(database(**given))
    assert f"MnesiaDatabase 'users': {message}" in str(error.value)


def _listed(value):
    return [value] if isinstance(value, str) else value
