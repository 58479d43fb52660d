import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.aurora_mysql import AuroraMySql

ZONES = ["us-east-1a", "us-east-1b", "us-east-1c"]
DATA = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"], "zones": ZONES}
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/clusterInstance:ClusterInstance"
LOG = "aws:cloudwatch/logGroup:LogGroup"


def database(**more):
    return lambda: AuroraMySql("billing", {**DATA, **more})


def cluster(graph):
    return graph.one(CLUSTER).inputs


def test_a_replica_stands_in_another_zone_than_the_writer(preview):
    instances = preview(database()).all(INSTANCE)
    assert {one.name: one.inputs["availabilityZone"] for one in instances} == {
        "billing-a0": "us-east-1a",
        "billing-b0": "us-east-1b",
    }


def test_replicas_go_round_the_zones(preview):
    names = [one.name for one in preview(database(replicas=3)).all(INSTANCE)]
    assert names == ["billing-a0", "billing-b0", "billing-c0", "billing-a1"]


def test_no_instance_has_a_public_address(preview):
    graph = preview(database())
    assert all(one.inputs["publiclyAccessible"] is False for one in graph.all(INSTANCE))
    assert graph.one("aws:rds/subnetGroup:SubnetGroup").inputs["subnetIds"] == DATA["subnet_ids"]


def test_nothing_may_connect_before_an_arrow_is_drawn(preview):
    group = preview(database()).one("aws:ec2/securityGroup:SecurityGroup").inputs
    assert "ingress" not in group and "egress" not in group


def test_only_tls_connections_are_taken(preview):
    group = preview(database()).one("aws:rds/clusterParameterGroup:ClusterParameterGroup").inputs
    values = {one["name"]: one["value"] for one in group["parameters"]}
    assert values["require_secure_transport"] == "ON" and values["tls_version"] == "TLSv1.2,TLSv1.3"
    assert group["family"] == "aurora-mysql8.0"


def test_data_password_and_insights_are_encrypted_with_the_given_key(preview):
    graph = preview(database(key_arn=KEY))
    made = cluster(graph)
    assert made["storageEncrypted"] and made["kmsKeyId"] == made["masterUserSecretKmsKeyId"] == KEY
    assert {one.inputs["performanceInsightsKmsKeyId"] for one in graph.all(INSTANCE)} == {KEY}
    assert {one.inputs["kmsKeyId"] for one in graph.all(LOG)} == {KEY}


def test_the_password_is_never_the_program_s(preview):
    made = cluster(preview(database()))
    assert made["manageMasterUserPassword"] and "masterPassword" not in made
    assert made["iamDatabaseAuthenticationEnabled"]


def test_the_password_is_rotated(preview):
    rotation = preview(database(rotation_days=3)).one("aws:secretsmanager/secretRotation:SecretRotation")
    assert rotation.inputs["rotationRules"] == {"automaticallyAfterDays": 3}
    assert "rotationLambdaArn" not in rotation.inputs


def test_it_is_protected_backed_up_and_leaves_a_snapshot(preview):
    graph = preview(database())
    made = cluster(graph)
    assert graph.one(CLUSTER).protect and made["deletionProtection"] and made["backupRetentionPeriod"] == 14
    assert not made["skipFinalSnapshot"] and not made["deleteAutomatedBackups"]
    parameters = graph.one("aws:rds/clusterParameterGroup:ClusterParameterGroup").outputs["name"]
    assert made["finalSnapshotIdentifier"] == f"{parameters}-final"


def test_a_disposable_cluster_goes_with_its_stack(preview):
    graph = preview(database(disposable=True))
    made = cluster(graph)
    assert not graph.one(CLUSTER).protect and not made["deletionProtection"] and made["skipFinalSnapshot"]
    assert made["deleteAutomatedBackups"] and "finalSnapshotIdentifier" not in made


def test_its_logs_go_where_they_are_not_kept_for_ever(preview):
    graph = preview(database(log_retention_days=30))
    exports = cluster(graph)["enabledCloudwatchLogsExports"]
    assert {one.inputs["name"]: one.inputs["retentionInDays"] for one in graph.all(LOG)} == {
        f"/aws/rds/cluster/dev-billing/{export}": 30 for export in exports
    }
    assert cluster(graph)["clusterIdentifier"] == "dev-billing"
    assert {one.urn for one in graph.all(LOG)} <= {*graph.one(CLUSTER).dependencies}


def test_small_instances_have_no_insights(preview):
    instances = preview(database(instance_class="db.t4g.medium")).all(INSTANCE)
    assert not any(one.inputs["performanceInsightsEnabled"] for one in instances)


def test_a_disposable_cluster_may_be_one_instance(preview):
    assert len(preview(database(replicas=0, disposable=True)).all(INSTANCE)) == 1


def test_a_client_gets_the_way_and_a_policy(preview):
    def program():
        app = AutoScalingService("app", {**PLACE, "image": "a/b:1", "port": 80})
        connect(app, AuroraMySql("billing", DATA))

    graph = preview(program)
    way = graph.one("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "app-to-billing").inputs
    assert (way["fromPort"], way["toPort"]) == (3306, 3306)
    assert graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-billing")


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("replicas", 0, "replicas must be at least 1, so that a zone can be lost"),
        ("replicas", 16, "replicas must be 1 to 15"),
        ("zones", ["us-east-1a"], "zones must be two or more different zones"),
        ("zones", ["us-east-1a", "us-east-1b"], "subnet_ids must be as many as zones, 2, got 3"),
        ("instance_class", "r7g.large", "instance_class must be a provisioned class"),
        ("engine_version", "8.0", "engine_version must be an Aurora MySQL 3 release"),
        ("rotation_days", 0, "rotation_days must be 1 to 1000"),
        ("backup_retention_days", 7, "backup_retention_days must be 14 to 35, got 7"),
        ("log_retention_days", 8, "log_retention_days must be one of"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, argument, value, said):
    with pytest.raises(Exception, match=said):
        preview(database(**{argument: value}))


@pytest.mark.parametrize("name", ["a_b", "a--b", "a-", "a" * 60])
def test_rejects_a_name_that_a_cluster_cannot_have(preview, name):
    with pytest.raises(Exception, match="name must be letters, digits and single hyphens"):
        preview(lambda: AuroraMySql(name, DATA))
