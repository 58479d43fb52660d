"""A warehouse that a database flows into, and a cache before tables, asked of the cloud itself."""

import pulumi_aws as aws
import pytest

from components.access import connect
from components.control.encryption_key import EncryptionKey
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.aurora_mysql import AuroraMySql
from components.state.dax_cluster import DaxCluster
from components.state.dynamo_table import DynamoTable
from components.state.warehouse import Warehouse
from fourplane.errors import Failure
from tests.sandbox.machines import REGION


def followed():
    network, key = Network("net", {"zones": 3}), EncryptionKey("key", {}).key_arn
    orders = AuroraMySql("orders", {**network.data, "key_arn": key, "followed": True})
    warehouse = Warehouse(
        "analytics", {**network.data, "key_arn": key, "sources": {"orders": orders.changes}}
    )
    app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
    connect(app, warehouse)


def test_a_warehouse_is_encrypted_private_and_logged(deploy, cloud):
    graph = deploy(followed)
    outputs, redshift = graph.one("fourplane:index:Warehouse").outputs, cloud.client("redshift", REGION)
    (found,) = redshift.describe_clusters()["Clusters"]
    assert found["Encrypted"] and not found["PubliclyAccessible"]
    assert found["KmsKeyId"] == graph.one("aws:kms/key:Key").outputs["arn"]
    assert (found["NumberOfNodes"], found["DBName"]) == (2, "analytics")
    assert outputs["address"] == f"{found['Endpoint']['Address']}:5439"
    logged = redshift.describe_logging_status(ClusterIdentifier=outputs["cluster_id"])
    groups = cloud.client("logs", REGION).describe_log_groups(logGroupNamePrefix="/aws/redshift")["logGroups"]
    assert sorted(logged["LogExports"]) == sorted(one["logGroupName"].split("/")[-1] for one in groups)
    secret = cloud.client("secretsmanager", REGION).describe_secret(SecretId=outputs["secret_arn"])
    assert secret["KmsKeyId"] == found["KmsKeyId"]


def test_a_database_flows_into_it(deploy):
    graph = deploy(followed)
    flow, warehouse = graph.one("aws:rds/integration:Integration"), graph.one("aws:redshift/cluster:Cluster")
    assert flow.inputs["sourceArn"] == graph.one("aws:rds/cluster:Cluster").outputs["arn"]
    assert flow.inputs["targetArn"] == warehouse.outputs["clusterNamespaceArn"]


def test_rejects_a_database_that_writes_down_no_changes(deploy):
    def program():
        network = Network("net", {"zones": 3})
        orders = AuroraMySql("orders", network.data)
        aws.rds.Integration(
            "flow",
            integration_name="flow",
            source_arn=orders._itself.arn,
            target_arn="arn:aws:redshift:us-east-1:123456789012:namespace:a",
        )

    with pytest.raises(Failure, match="must have aurora_enhanced_binlog"):
        deploy(program)


def cached(nodes=3):
    network, key = Network("net", {"zones": 3}), EncryptionKey("key", {}).key_arn
    carts = DynamoTable("carts", {"key": {"partition": ("cart", "S")}, "key_arn": key})
    cache = DaxCluster("quick", {**network.data, "table_arns": [carts.arn], "key_arn": key, "nodes": nodes})
    app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
    connect(app, cache)


def test_a_cache_has_its_nodes_encryption_and_tls(deploy, cloud):
    graph = deploy(lambda: cached(4))
    outputs, dax = graph.one("fourplane:index:DaxCluster").outputs, cloud.client("dax", REGION)
    (found,) = dax.describe_clusters(ClusterNames=[outputs["cluster_name"]])["Clusters"]
    assert (found["TotalNodes"], found["ClusterEndpointEncryptionType"]) == (4, "TLS")
    assert found["SSEDescription"]["Status"] == "ENABLED"
    assert outputs["arn"] == found["ClusterArn"] and outputs["address"].endswith(":9111")
    assert outputs["address"].split(":")[0] == found["ClusterDiscoveryEndpoint"]["Address"]


def test_rejects_a_cache_whose_role_dax_may_not_have(deploy):
    def program():
        role = aws.iam.Role("r", assume_role_policy='{"Version": "2012-10-17", "Statement": []}')
        aws.dax.Cluster(
            "c", cluster_name="c", iam_role_arn=role.arn, node_type="dax.r5.large", replication_factor=3
        )

    with pytest.raises(Failure, match="DAX may not assume"):
        deploy(program)
