import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.dax_cluster import DaxCluster

DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "table_arns": ["arn:aws:dynamodb:us-east-1:123456789012:table/carts"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
CLUSTER, POLICY = "aws:dax/cluster:Cluster", "aws:iam/rolePolicy:RolePolicy"


def quick(name="quick", **more):
    return lambda: DaxCluster(name, {**DATA, **more})


def test_three_nodes_are_encrypted_and_speak_tls(preview):
    made = preview(quick()).one(CLUSTER)
    assert made.inputs["replicationFactor"] == 3 and made.inputs["clusterName"] == "dev-quick"
    assert made.inputs["serverSideEncryption"] == {"enabled": True}
    assert made.inputs["clusterEndpointEncryptionType"] == "TLS" and made.protect


def test_its_role_may_use_its_tables_their_indexes_and_their_key_alone(preview):
    document = json.loads(preview(quick(key_arn=KEY)).one(POLICY).inputs["policy"])
    items, indexes, key = document["Statement"]
    assert items["Resource"] == DATA["table_arns"] and "dynamodb:DescribeTable" in items["Action"]
    assert indexes["Resource"] == [f"{DATA['table_arns'][0]}/index/*"]
    assert (key["Resource"], key["Action"]) == (KEY, ["kms:Decrypt", "kms:DescribeKey"])


def test_a_client_reads_and_writes_through_it_at_its_port(preview):
    def program():
        app = AutoScalingService(
            "cart", {"vpc_id": "vpc-1", "subnet_ids": ["a", "b"], "image": "a/b:1", "port": 80}
        )
        connect(app, DaxCluster("quick", DATA))

    graph = preview(program)
    (through,) = json.loads(graph.one(POLICY, "cart-to-quick").inputs["policy"])["Statement"]
    assert through["Resource"] == graph.one(CLUSTER).outputs["arn"]
    assert {one.partition(":")[0] for one in through["Action"]} == {"dax"}
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "cart-to-quick").inputs
    assert (rule["fromPort"], rule["toPort"]) == (9111, 9111)


def test_what_it_keeps_grows_old_as_it_is_told(preview):
    settings = preview(quick(item_seconds=60, query_seconds=5)).one("aws:dax/parameterGroup:ParameterGroup")
    kept = {one["name"]: one["value"] for one in settings.inputs["parameters"]}
    assert kept == {"record-ttl-millis": "60000", "query-ttl-millis": "5000"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            {"name": "shopping-carts-quick"},
            r"name must be .* 20 at most \('dev-shopping-carts-quick' is of 24",
        ),
        ({"nodes": 2}, "nodes must be 3 to 11"),
        ({"nodes": 12}, "at most 11 nodes a cluster.*https://"),
        ({"zones": ["us-east-1a"]}, "two or more different zones"),
        ({"node_type": "cache.r7g.large"}, "a DAX node type, such as 'dax.r5.large'"),
        ({"table_arns": []}, "table_arns must be one or more"),
        ({"item_seconds": 0}, "item_seconds must be at least 1"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(quick(**more))


def test_a_long_name_may_be_called_something_shorter_at_aws(preview):
    made = preview(quick("shopping-carts-quick", called="dev-carts")).one(CLUSTER)
    assert made.inputs["clusterName"] == "dev-carts"
