import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.aurora_mysql import AuroraMySql
from components.state.warehouse import Warehouse

DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
CLUSTER = "aws:redshift/cluster:Cluster"
ORDERS = {"cluster_arn": "arn:aws:rds:us-east-1:123456789012:cluster:orders", "tables": "include: shop.*"}


def analytics(**more):
    return lambda: Warehouse("analytics", {**DATA, **more})


def test_it_stands_in_two_zones_encrypted_and_private(preview):
    made = preview(analytics(key_arn=KEY)).one(CLUSTER)
    assert made.inputs["multiAz"] and made.inputs["numberOfNodes"] == 2
    assert made.inputs["encrypted"] == "true" and made.inputs["kmsKeyId"] == KEY
    assert not made.inputs["publiclyAccessible"] and made.inputs["enhancedVpcRouting"]
    assert made.protect and not made.inputs["skipFinalSnapshot"]


def test_in_one_zone_aws_may_move_it(preview):
    made = preview(analytics(standby=False, nodes=1, disposable=True)).one(CLUSTER).inputs
    assert (made["multiAz"], made["availabilityZoneRelocationEnabled"]) == (False, True)
    assert made["clusterType"] == "single-node" and "numberOfNodes" not in made
    assert made["skipFinalSnapshot"] and "finalSnapshotIdentifier" not in made


def test_only_tls_leads_in_and_every_query_is_logged(preview):
    graph = preview(analytics(log_retention_days=30))
    settings = graph.one("aws:redshift/parameterGroup:ParameterGroup").inputs["parameters"]
    assert {one["name"]: one["value"] for one in settings}["require_ssl"] == "true"
    logged = graph.one("aws:redshift/logging:Logging")
    groups = graph.all("aws:cloudwatch/logGroup:LogGroup")
    assert {one.inputs["name"] for one in groups} == {
        f"/aws/redshift/cluster/dev-analytics/{log}" for log in logged.inputs["logExports"]
    }
    assert {one.urn for one in groups} <= set(logged.dependencies)


def test_a_client_logs_in_as_itself_and_never_as_the_admin(preview):
    def program():
        app = AutoScalingService(
            "app", {"vpc_id": "vpc-1", "subnet_ids": ["a", "b"], "image": "a/b:1", "port": 80}
        )
        connect(app, Warehouse("analytics", DATA))

    graph = preview(program)
    document = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-analytics").inputs["policy"])
    (statement,) = document["Statement"]
    assert statement["Action"] == "redshift:GetClusterCredentialsWithIAM"
    assert statement["Resource"].endswith(":dbname:dev-analytics/analytics")
    rule = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "app-to-analytics").inputs
    assert rule["fromPort"] == 5439


def test_a_database_flows_in_that_it_lets_in_and_no_other(preview):
    graph = preview(analytics(sources={"orders": ORDERS}))
    namespace = graph.one(CLUSTER).outputs["clusterNamespaceArn"]
    allowed = graph.one("aws:redshift/resourcePolicy:ResourcePolicy")
    (statement,) = json.loads(allowed.inputs["policy"])["Statement"]
    assert statement["Action"] == "redshift:AuthorizeInboundIntegration"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceArn": [ORDERS["cluster_arn"]]}}
    flow = graph.one("aws:rds/integration:Integration")
    assert (flow.inputs["sourceArn"], flow.inputs["targetArn"]) == (ORDERS["cluster_arn"], namespace)
    assert flow.inputs["dataFilter"] == "include: shop.*" and allowed.urn in flow.dependencies
    assert not graph.one(CLUSTER).inputs["enhancedVpcRouting"]


def test_a_database_that_is_followed_writes_down_what_changes(preview):
    def program():
        orders = AuroraMySql("orders", {**DATA, "followed": True})
        Warehouse("analytics", {**DATA, "sources": {"orders": orders.changes}})

    graph = preview(program)
    settings = graph.one("aws:rds/clusterParameterGroup:ClusterParameterGroup").inputs["parameters"]
    kept = {one["name"]: one["value"] for one in settings}
    wanted = {"aurora_enhanced_binlog": "1", "binlog_backup": "0", "binlog_format": "ROW"}
    assert wanted.items() <= kept.items() and kept["require_secure_transport"] == "ON"
    instances = {one.urn for one in graph.all("aws:rds/clusterInstance:ClusterInstance")}
    assert instances <= set(graph.one("aws:rds/integration:Integration").dependencies)


def test_rejects_to_follow_a_database_that_writes_nothing_down(preview):
    with pytest.raises(Exception, match="followed must be True, so that a warehouse can follow it"):
        preview(lambda: AuroraMySql("orders", DATA).changes)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"zones": DATA["zones"][:2], "subnet_ids": ["a", "b"]}, "zones must be 3 or more different zones"),
        ({"nodes": 1}, "nodes must be at least 2 in each zone of a standby"),
        ({"nodes": 17}, "nodes must be at most 16 nodes of ra3.xlplus.*https://"),
        ({"terabytes": 100}, "nodes must be at least 4, so that 100 TB fit"),
        ({"terabytes": 100_000, "node_type": "ra3.16xlarge"}, "one cluster holds 16384 TB"),
        ({"node_type": "dc2.large"}, "node_type must be possible: .*knows no dc2.large"),
        ({"node_type": "ra3.large", "sources": {"orders": ORDERS}}, "node_type must be one of ra3.xlplus"),
        ({"database": "my-data"}, "database must be letters, digits and underscores"),
        ({"snapshot_days": 0}, "snapshot_days must be 1 to 35"),
        ({"sources": {"a_b": ORDERS}}, "name must be letters, digits and single hyphens"),
    ],
)
def test_rejects_what_cannot_be(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(analytics(**more))
