import base64
import json

import pytest
import yaml

from components.access import connect
from components.state.cassandra_ring import CassandraRing
from components.vpc_endpoints import VpcEndpoints
from fourplane.errors import Mistake

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ZONES,
    "image": "cassandra:5.0",
}
NODES = ["users-a0", "users-b0", "users-c0"]
GROUP = "aws:autoscaling/group:Group"
INTERFACE = "aws:ec2/networkInterface:NetworkInterface"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
VOLUME = "aws:ebs/volume:Volume"


def ring(**more):
    return lambda: CassandraRing("users", {**DATA, **more})


def files(graph, node):
    """The files that a node's user data writes, by path."""
    data = base64.b64decode(graph.one(TEMPLATE, node).inputs["userData"])
    return {file["path"]: file["content"] for file in yaml.safe_load(data)["write_files"]}


def configuration(graph, node):
    return yaml.safe_load(files(graph, node)["/etc/fourplane/cassandra/cassandra.yaml"])


def statements(graph):
    policy = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_a_node_is_a_group_of_one_in_its_zone(preview):
    groups = preview(ring()).all(GROUP)
    assert {one.name: one.inputs["vpcZoneIdentifiers"] for one in groups} == {
        "users-a0": ["subnet-a"],
        "users-b0": ["subnet-b"],
        "users-c0": ["subnet-c"],
    }
    assert all(one.inputs[size] == 1 for one in groups for size in ("minSize", "maxSize", "desiredCapacity"))


def test_a_change_does_not_replace_the_nodes_of_all_zones_at_once(preview):
    assert not any("instanceRefresh" in group.inputs for group in preview(ring()).all(GROUP))


def test_a_node_has_a_disk_and_an_address_of_its_own_in_its_zone(preview):
    graph = preview(ring())
    assert [graph.one(VOLUME, node).inputs["availabilityZone"] for node in NODES] == ZONES
    assert [graph.one(INTERFACE, node).inputs["subnetId"] for node in NODES] == DATA["subnet_ids"]
    for node in NODES:
        env = dict(line.split("=", 1) for line in files(graph, node)["/etc/fourplane/slot.env"].splitlines())
        assert env["VOLUME_ID"] == graph.one(VOLUME, node).id and env["DEVICE"] == "/dev/sdf"
        assert env["NETWORK_INTERFACE_ID"] == graph.one(INTERFACE, node).id


def test_disks_and_snapshots_are_encrypted_and_protected(preview):
    graph = preview(ring(key_arn="arn:aws:kms:us-east-1:123456789012:key/1"))
    assert all(one.protect and one.inputs["encrypted"] for one in graph.all(VOLUME))
    assert {one.inputs["kmsKeyId"] for one in graph.all(VOLUME)} == {
        "arn:aws:kms:us-east-1:123456789012:key/1"
    }
    assert graph.one("aws:s3/bucket:Bucket").protect


def test_a_disposable_ring_goes_with_its_stack(preview):
    graph = preview(ring(disposable=True))
    assert not any(one.protect for one in [*graph.all(VOLUME), *graph.all("aws:s3/bucket:Bucket")])


def test_the_rack_is_the_zone_and_the_datacenter_the_region(preview):
    graph = preview(ring())
    racks = [files(graph, node)["/etc/fourplane/cassandra/cassandra-rackdc.properties"] for node in NODES]
    assert racks == [f"dc=us-east-1\nrack={zone}\n" for zone in ZONES]


def test_every_node_knows_a_seed_of_every_zone(preview):
    graph = preview(ring(nodes_per_zone=2))
    addresses = graph.one("fourplane:index:CassandraRing").outputs["node_addresses"]
    seeds = {configuration(graph, node)["seed_provider"][0]["parameters"][0]["seeds"] for node in addresses}
    assert seeds == {",".join(addresses[node] for node in NODES)}


def test_a_node_speaks_from_its_own_address_and_with_its_own_token(preview):
    graph = preview(ring())
    addresses = graph.one("fourplane:index:CassandraRing").outputs["node_addresses"]
    settings = [configuration(graph, node) for node in NODES]
    for key in ("listen_address", "broadcast_address", "rpc_address"):
        assert [one[key] for one in settings] == [addresses[node] for node in NODES]
    assert [one["initial_token"] for one in settings] == [
        "-9223372035046200208",
        "-3074457343809683003",
        "3074457347426834202",
    ]


def test_clients_are_told_one_address_a_zone(preview):
    outputs = preview(ring(nodes_per_zone=2)).one("fourplane:index:CassandraRing").outputs
    assert outputs["address"] == ",".join(f"{outputs['node_addresses'][node]}:9042" for node in NODES)


def test_a_keyspace_cannot_ask_for_fewer_copies(preview):
    settings = configuration(preview(ring(replication_factor=2)), "users-a0")
    assert settings["default_keyspace_rf"] == settings["minimum_replication_factor_fail_threshold"] == 2


def test_the_heap_is_what_the_user_says(preview):
    assert files(preview(ring(heap_gib=4)), "users-a0")["/etc/fourplane/program.env"] == "MAX_HEAP_SIZE=4G\n"
    assert files(preview(ring()), "users-a0")["/etc/fourplane/program.env"] == ""


def test_nobody_but_the_nodes_can_reach_it_until_an_arrow_is_drawn(preview):
    graph = preview(ring())
    rules = [
        (
            one.name,
            one.inputs["fromPort"],
            one.inputs["securityGroupId"] == one.inputs["referencedSecurityGroupId"],
        )
        for one in graph.values()
        if one.type.startswith("aws:vpc/securityGroup")
    ]
    assert rules == [("users-among-gossip", 7000, True)] * 2


def test_an_arrow_opens_the_client_port(preview):
    def program():
        place = {key: DATA[key] for key in ("vpc_id", "subnet_ids")}
        client = VpcEndpoints(
            "client", {**place, "vpc_arn": "arn:aws:ec2:us-east-1:1:vpc/1", "route_table_ids": []}
        )
        connect(client, CassandraRing("users", DATA))

    rule = preview(program).one(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "client-to-users"
    )
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (9042, 9042)


def owned(graph, kind, name):
    """The tags of a thing, or of the instances of a group."""
    tags = graph.one(kind, name).inputs["tags"]
    return tags if isinstance(tags, dict) else {t["key"]: t["value"] for t in tags if t["propagateAtLaunch"]}


def test_nodes_may_move_the_disks_and_addresses_of_their_ring_only(preview):
    graph = preview(ring())
    allowed = statements(graph)["Slots"]
    asked = {
        key.removeprefix("aws:ResourceTag/"): v for key, v in allowed["Condition"]["StringEquals"].items()
    }
    assert asked and list(allowed["Condition"]) == ["StringEquals"]
    for kind in (GROUP, INTERFACE, VOLUME):
        assert all(asked.items() <= owned(graph, kind, node).items() for node in NODES)
    kinds = ["instance", "network-interface", "volume"]
    assert [arn.split(":")[-1] for arn in allowed["Resource"]] == [f"{kind}/*" for kind in kinds]
    assert {arn.split(":")[3] for arn in allowed["Resource"]} == {"us-east-1"}


def test_a_ring_beside_it_has_slots_of_its_own(preview):
    def program():
        CassandraRing("users", DATA)
        CassandraRing("carts", DATA)

    graph = preview(program)
    marks = {name: owned(graph, VOLUME, f"{name}-a0")["ring"] for name in ("users", "carts")}
    assert marks["users"].endswith("/users") and marks["carts"].endswith("/carts")


def test_what_a_launch_makes_besides_is_nobodys_slot(preview):
    launched = preview(ring()).one(TEMPLATE, "users-a0").inputs["tagSpecifications"]
    assert len(launched) == 3 and not any("ring" in one["tags"] for one in launched)


def test_the_role_of_a_large_ring_is_no_larger(preview):
    small, large = (
        len(preview(ring(nodes_per_zone=nodes)).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        for nodes in (1, 12)
    )
    assert (
        small == large < 10240
    )  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html


def test_nodes_may_use_their_own_corner_of_the_snapshots_only(preview):
    graph = preview(ring())
    allowed = statements(graph)
    bucket = graph.one("aws:s3/bucket:Bucket").outputs["arn"]
    assert (allowed["Snapshots"]["Resource"], allowed["FindSnapshots"]["Resource"]) == (
        f"{bucket}/users/*",
        bucket,
    )
    assert allowed["FindSnapshots"]["Condition"] == {"StringLike": {"s3:prefix": "users/*"}}


def test_nodes_may_do_nothing_by_wildcard(preview):
    allowed = statements(
        preview(ring(key_arn="arn:aws:kms:us-east-1:123456789012:key/1", repository_arn="arn:1"))
    )
    actions = [action for one in allowed.values() for action in [one["Action"]] if isinstance(action, str)]
    actions += [
        action for one in allowed.values() if isinstance(one["Action"], list) for action in one["Action"]
    ]
    assert len(actions) > 20 and not any("*" in action for action in actions)
    everywhere = {sid for sid, one in allowed.items() if one["Resource"] == "*"}
    assert everywhere == {"SessionChannels", "WhoHasWhat", "Registry"}  # none of these takes a resource


def test_snapshots_are_deleted_when_they_are_old(preview):
    rules = preview(ring(snapshot_retention_days=5)).one(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    )
    assert {"days": 5} in [rule.get("expiration") for rule in rules.inputs["rules"]]


def test_user_data_of_the_largest_ring_fits(preview):
    graph = preview(ring(nodes_per_zone=12, key_arn="arn:aws:kms:us-east-1:123456789012:key/1", heap_gib=31))
    sizes = [len(base64.b64decode(one.inputs["userData"])) for one in graph.all(TEMPLATE)]
    assert len(sizes) == 36 and max(sizes) < 14 * 1024


@pytest.mark.parametrize(
    "given, message",
    [
        (
            {"zones": ZONES[:2], "subnet_ids": ["a", "b"]},
            "replication_factor must be at most 2, one copy a zone, got 3",
        ),
        ({"replication_factor": 0}, "replication_factor must be at least 1, got 0"),
        ({"nodes_per_zone": 0}, "nodes_per_zone must be at least 1, got 0"),
        ({"zones": [], "subnet_ids": []}, "zones must be one zone or more, got []"),
        (
            {"zones": ["us-east-1a"] * 3},
            "zones must be different zones, so that each is a rack, got ['us-east-1a'",
        ),
        ({"subnet_ids": ["a"]}, "subnet_ids must be as many as zones, 3, got 1"),
        ({"heap_gib": 0}, "heap_gib must be at least 1, got 0"),
        ({"data_gib": 0}, "data_gib must be at least 1, got 0"),
        ({"snapshot_hours": 0}, "snapshot_hours must be at least 1, got 0"),
        (
            {"snapshot_retention_days": 1},
            "snapshot_retention_days must be more than the 24 hours between two snapshots, got 1",
        ),
    ],
)
def test_rejects_what_cannot_keep_its_promise(preview, given, message):
    with pytest.raises(Mistake) as error:
        preview(ring(**given))
    assert f"CassandraRing 'users': {message}" in str(error.value)


JOINING = {"joins": ["10.9.0.4", "10.9.1.4", "10.9.2.4"]}


def test_a_second_datacenter_knows_the_seeds_of_both(preview):
    graph = preview(ring(**JOINING))
    own = graph.one("fourplane:index:CassandraRing").outputs["seeds"]
    seeds = {configuration(graph, node)["seed_provider"][0]["parameters"][0]["seeds"] for node in NODES}
    assert seeds == {",".join([*own, *JOINING["joins"]])} and len(own) == 3


def test_a_second_datacenter_is_of_the_same_cluster_and_fetches_nothing_by_itself(preview):
    first, second = (configuration(preview(ring(**more)), "users-a0") for more in ({}, JOINING))
    assert first["cluster_name"] == second["cluster_name"] == "users"
    assert second["auto_bootstrap"] is False and "auto_bootstrap" not in first
    assert {*second} - {*first} == {"auto_bootstrap"}


def test_a_node_of_a_second_datacenter_waits_for_the_ring_that_it_joins(preview):
    first, second = (files(preview(ring(**more)), "users-a0") for more in ({}, JOINING))
    unit = second["/etc/systemd/system/users-a0.service"]
    assert unit.index("/usr/local/bin/claim-slot") < unit.index("/usr/local/bin/await-ring")
    assert "JOINS=10.9.0.4,10.9.1.4,10.9.2.4\n" in second["/etc/fourplane/slot.env"]
    assert not [path for path, text in first.items() if "await-ring" in path + text]


def test_two_zones_will_do_where_two_copies_are_asked_for(preview):
    graph = preview(ring(zones=ZONES[:2], subnet_ids=["a", "b"], replication_factor=2))
    assert len(graph.all(GROUP)) == 2
