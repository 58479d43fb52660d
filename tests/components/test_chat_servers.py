import base64
import gzip
import json

import pytest
import yaml

from components.access import connect, open_between
from components.service.chat_servers import ChatServers
from components.state.mnesia_database import MnesiaDatabase
from fourplane.errors import Mistake

ZONED = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "domain": "na.chat.example.com",
}
FREEBSD = {"packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly"}
LINUX = {"system": "linux", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/chat:1"}
SERVERS = ["chat-a0", "chat-b0", "chat-c0"]
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SYSTEMS = pytest.mark.parametrize("system", [FREEBSD, LINUX], ids=["freebsd", "linux"])
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
SMALL = {"connections_per_server": 10_000, "instance_type": "m7g.large"}


def region(system=FREEBSD, **more):
    """A region's database and its chat servers, with the arrow between them."""

    def program():
        database = MnesiaDatabase("users", {**ZONED, **system, "partitions": 8})
        chat = ChatServers(
            "chat", {**ZONED, **system, **database.cluster, "proxies": 3, "key_arn": KEY, **more}
        )
        connect(chat, database)

    return program


def written(graph, server):
    data = base64.b64decode(graph.one(TEMPLATE, server).inputs["userData"])
    config = yaml.safe_load(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)
    return {one["path"]: one["content"] for one in config["write_files"]}


def settings(graph, server, name):
    return next(text for path, text in written(graph, server).items() if path.endswith(f"ejabberd/{name}"))


def statements(graph, name):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", name).inputs["policy"])
    return {one["Sid"]: one for one in policy["Statement"]}


@SYSTEMS
def test_a_server_has_a_fixed_address_and_nothing_to_lose(preview, system):
    graph = preview(region(system))
    for server in SERVERS:
        slot = written(graph, server)["/etc/fourplane/slot.env"]
        assert f"NETWORK_INTERFACE_ID={graph.one(INTERFACE, server).id}\n" in slot
        assert "VOLUME_ID" not in slot and graph.one(GROUP, server).inputs["maxSize"] == 1
    assert {one.name for one in graph.all("aws:ebs/volume:Volume")} == {"users-a0", "users-b0", "users-c0"}


@SYSTEMS
def test_a_server_takes_clients_at_its_address_from_the_databases_tables(preview, system):
    graph = preview(region(system))
    address = graph.one("fourplane:index:ChatServers").outputs["node_addresses"]["chat-a0"]
    stores = graph.one("fourplane:index:MnesiaDatabase").outputs["node_addresses"].values()
    listening = yaml.safe_load(settings(graph, "chat-a0", "ejabberd.yml"))["listen"]
    # One proxy of three may be lost: a million connections come through 8 ports of 64,512.
    assert {(one["ip"], one["port"]) for one in listening if one["module"] == "ejabberd_c2s"} == {
        (address, 5222 + number) for number in range(8)
    }
    assert f"ERLANG_NODE=ejabberd@{address}\n" in settings(graph, "chat-a0", "ejabberdctl.cfg")
    assert all(f"'ejabberd@{one}'" in settings(graph, "chat-a0", "ejabberdctl.cfg") for one in stores)


def test_everything_follows_from_the_number_of_connections(preview):
    def limits(**more):
        files = written(preview(region(**more)), "chat-a0")
        booted = dict(line.split("=") for line in files["/boot/loader.conf.local"].splitlines())
        running = dict(line.split("=") for line in files["/etc/sysctl.conf.local"].splitlines())
        return int(booted["kern.ipc.maxsockets"].strip('"')), int(running["kern.maxfiles"])

    assert limits() > (1_000_000, 1_000_000) > limits(**SMALL)


@SYSTEMS
def test_a_server_that_is_to_end_is_drained(preview, system):
    graph = preview(region(system, drain_seconds=1200))
    hooks = graph.all("aws:autoscaling/lifecycleHook:LifecycleHook")
    assert {one.inputs["autoscalingGroupName"] for one in hooks} == {
        graph.one(GROUP, server).outputs["name"] for server in SERVERS
    }
    for one in hooks:
        assert one.inputs["lifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
        assert (one.inputs["heartbeatTimeout"], one.inputs["defaultResult"]) == (1200, "CONTINUE")
    assert "HOOK_NAME=drain\n" in written(graph, "chat-a0")["/etc/fourplane/agent.env"]
    drained = statements(graph, "chat")["Drained"]
    assert drained["Condition"] == {"StringEquals": {"autoscaling:ResourceTag/cluster": "/dev/chat"}}
    tags = {tag["key"]: tag["value"] for tag in graph.one(GROUP, "chat-a0").inputs["tags"]}
    assert tags["cluster"] == "/dev/chat"


def test_an_arrow_to_the_database_opens_both_directions_and_lets_it_be_one_cluster(preview):
    graph = preview(region())
    groups = {graph.one("aws:ec2/securityGroup:SecurityGroup", name).id: name for name in ("users", "chat")}
    opened = {
        (groups[one.inputs["referencedSecurityGroupId"]], groups[one.inputs["securityGroupId"]])
        for one in graph.all(INGRESS)
        if one.inputs["fromPort"] == 5210
    }
    left = {
        (groups[one.inputs["securityGroupId"]], groups[one.inputs["referencedSecurityGroupId"]])
        for one in graph.all(EGRESS)
        if one.inputs["fromPort"] == 5210
    }
    every = {(one, other) for one in ("users", "chat") for other in ("users", "chat")}
    assert opened == left == every
    cookie = graph.one("fourplane:index:MnesiaDatabase").outputs["cookie_secret_arn"]
    allowed = statements(graph, "chat-to-users")
    bucket = graph.one("aws:s3/bucket:Bucket").outputs["arn"]
    assert allowed["Secret"]["Resource"] == cookie
    assert allowed["Programs"]["Resource"] == f"{bucket}/chat/*"


def test_other_regions_know_its_servers_by_their_addresses(preview):
    def program():
        database = MnesiaDatabase("users", {**ZONED, **FREEBSD})
        one, other = (
            ChatServers(name, {**ZONED, **FREEBSD, **database.cluster, "proxies": 3, **SMALL})
            for name in ("chat", "eu-chat")
        )
        open_between("federation", one, other)

    graph = preview(program)
    own = graph.one("fourplane:index:ChatServers", "chat").outputs["node_addresses"]
    for way in ("out", "in"):
        listed = graph.one("aws:ec2/managedPrefixList:ManagedPrefixList", f"eu-chat-federation-{way}")
        assert {one["cidr"] for one in listed.inputs["entries"]} == {f"{ip}/32" for ip in own.values()}
    between = [one for one in graph.all(INGRESS) if "prefixListId" in one.inputs]
    assert {one.inputs["fromPort"] for one in between} == {5269} and len(between) == 2


@pytest.mark.parametrize("servers_per_zone, entries", [(9, 27), (10, 3)])
def test_two_other_regions_fit_into_the_rules_of_a_security_group(preview, servers_per_zone, entries):
    blocks = {"cidr_blocks": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"]}

    def program():
        database = MnesiaDatabase("users", {**ZONED, **FREEBSD, "partitions": 8})
        args = {**ZONED, **blocks, **FREEBSD, **database.cluster, "proxies": 3, **SMALL}
        one, two, three = (
            ChatServers(name, {**args, "servers_per_zone": servers_per_zone})
            for name in ("one", "two", "three")
        )
        connect(one, database)
        open_between("one-two", one, two)
        open_between("one-three", one, three)

    graph = preview(program)
    lists = {
        one.id: one.inputs["maxEntries"] for one in graph.all("aws:ec2/managedPrefixList:ManagedPrefixList")
    }
    assert set(lists.values()) == {entries}
    own = graph.one("aws:ec2/securityGroup:SecurityGroup", "one").id
    for kind in (INGRESS, EGRESS):
        rules = [one.inputs for one in graph.all(kind) if one.inputs["securityGroupId"] == own]
        counted = [lists.get(one.get("prefixListId"), 1) for one in rules]
        assert counted.count(entries) == 2
        assert sum(counted) + 2 <= 60  # and clients, and AWS's own services


@SYSTEMS
def test_user_data_fits(preview, system):
    graph = preview(region(system, **SMALL))
    sizes = [len(base64.b64decode(one.inputs["userData"])) for one in graph.all(TEMPLATE)]
    assert len(sizes) == 6 and max(sizes) < 15 * 1024


@pytest.mark.parametrize(
    "given, message",
    [
        ({"servers_per_zone": 0}, "servers_per_zone must be at least 1, got 0"),
        (
            {"zones": ["us-east-1a"], "subnet_ids": ["a"]},
            "zones must be two or more, so that one can be lost, got ['us-east-1a']",
        ),
        (
            {"drain_seconds": 60},
            "drain_seconds must be from 660 to 7200, so that all users have been sent away, got 60",
        ),
        ({"instance_type": "m7g.large"}, "connections_per_server must be at most "),
    ],
)
def test_rejects_what_cannot_keep_its_promise(preview, given, message):
    with pytest.raises(Mistake) as error:
        preview(region(**given))
    assert f"ChatServers 'chat': {message}" in str(error.value)
