import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.state.redis_cluster import RedisCluster

DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def cache(**more):
    return lambda: RedisCluster("cache", {**DATA, **more})


def group(graph):
    return graph.one(GROUP).inputs


def connected(**more):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
        connect(
            AutoScalingService("app", {**place, "image": "a/b:1", "port": 80}),
            RedisCluster("cache", {**DATA, **more}),
        )

    return program


def test_every_zone_has_a_copy_and_one_takes_over(preview):
    made = group(preview(cache()))
    assert made["multiAzEnabled"] and made["automaticFailoverEnabled"]
    assert (made["numNodeGroups"], made["replicasPerNodeGroup"], made["clusterMode"]) == (1, 2, "disabled")


def test_shards_turn_cluster_mode_on(preview):
    graph = preview(cache(shards=6, replicas=1))
    made = group(graph)
    assert (made["numNodeGroups"], made["replicasPerNodeGroup"], made["clusterMode"]) == (6, 1, "enabled")
    settings = graph.one("aws:elasticache/parameterGroup:ParameterGroup").inputs
    assert settings["parameters"] == [{"name": "cluster-enabled", "value": "yes"}]
    ends = graph.one("fourplane:index:RedisCluster").outputs["address"], graph.one(GROUP).outputs
    assert ends[0] == f"{ends[1]['configurationEndpointAddress']}:6379"


def test_it_is_encrypted_at_rest_and_on_the_way(preview):
    made = group(preview(cache(key_arn=KEY)))
    assert made["atRestEncryptionEnabled"] and made["kmsKeyId"] == KEY
    assert made["transitEncryptionEnabled"] and made["transitEncryptionMode"] == "required"


def test_its_only_user_signs_and_may_not_administer(preview):
    graph = preview(cache())
    user = graph.one(USER).inputs
    assert user["authenticationMode"] == {"type": "iam"} and user["userId"] == user["userName"] == "dev-cache"
    assert user["accessString"].endswith("-@admin")
    members = graph.one("aws:elasticache/userGroup:UserGroup").inputs["userIds"]
    assert members == ["dev-cache"] and "authToken" not in group(graph)


def test_a_client_may_log_in_as_that_user_alone(preview):
    graph = preview(connected())
    (statement,) = json.loads(graph.one(POLICY, "app-to-cache").inputs["policy"])["Statement"]
    assert statement["Action"] == "elasticache:Connect"
    assert statement["Resource"] == [graph.one(GROUP).outputs["arn"], graph.one(USER).outputs["arn"]]


def test_a_password_is_made_once_and_read_from_its_secret(preview):
    graph = preview(connected(password=True, key_arn=KEY))
    version = graph.one("aws:secretsmanager/secretVersion:SecretVersion")
    assert version.options["ignoreChanges"] == ["secretString"] and graph.all(USER) == []
    secret = graph.one("aws:secretsmanager/secret:Secret")
    read, key = json.loads(graph.one(POLICY, "app-to-cache").inputs["policy"])["Statement"]
    assert (read["Action"], read["Resource"]) == ("secretsmanager:GetSecretValue", secret.outputs["arn"])
    assert key["Resource"] == KEY and "kms:ViaService" in key["Condition"]["StringEquals"]


def test_a_password_is_shown_nowhere(preview):
    graph = preview(cache(password=True))
    (text,) = {one.value for one in [graph.one(GROUP).inputs["authToken"]]}
    assert text and text not in json.dumps(graph.as_json())


def test_it_is_protected_backed_up_and_logged(preview):
    graph = preview(cache(log_retention_days=30))
    made = group(graph)
    assert graph.one(GROUP).protect and made["snapshotRetentionLimit"] == 7
    assert made["finalSnapshotIdentifier"] == "dev-cache-final"
    logs = {one.outputs["name"] for one in graph.all("aws:cloudwatch/logGroup:LogGroup")}
    assert {one["destination"] for one in made["logDeliveryConfigurations"]} == logs
    assert not preview(cache(disposable=True)).one(GROUP).protect


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [
        ("zones", ["us-east-1a"], "zones must be two or more different zones"),
        ("replicas", 0, "replicas must be 1 to 5, so that a zone can be lost"),
        ("shards", 0, "shards must be 1 to 166"),
        ("shards", 167, "shards must be 1 to 166, so that there are at most 500 nodes"),
        ("node_type", "m7g.large", "node_type must be an ElastiCache node type"),
        ("engine_version", "6.2", "engine_version must be a Valkey release"),
        ("snapshot_days", 36, "snapshot_days must be 0 to 35"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, argument, value, said):
    with pytest.raises(Exception, match=said):
        preview(cache(**{argument: value}))


def test_rejects_a_name_that_a_user_cannot_have(preview):
    with pytest.raises(Exception, match="name must be letters, digits and single hyphens"):
        preview(lambda: RedisCluster("a--b", DATA))
