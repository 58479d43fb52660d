import json

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.kafka_cluster import KafkaCluster

DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
    "cidr_blocks": ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"],
    "topics": {"orders": {"partitions": 12, "retention_hours": 24}, "carts": {"compacted": True}},
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
CLUSTER, TOPIC = "aws:msk/cluster:Cluster", "aws:msk/topic:Topic"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def events(**more):
    return lambda: KafkaCluster("events", {**DATA, **more})


def connected():
    place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
    app = AutoScalingService("app", {**place, "image": "a/b:1", "port": 80})
    connect(app, KafkaCluster("events", DATA))


def test_an_event_has_three_copies_and_two_must_have_it(preview):
    graph = preview(events(brokers_per_zone=2))
    assert graph.one(CLUSTER).inputs["numberOfBrokerNodes"] == 6
    for topic in graph.all(TOPIC):
        assert topic.inputs["replicationFactor"] == 3
        assert json.loads(topic.inputs["configs"])["min.insync.replicas"] == "2"
    text = graph.one("aws:msk/configuration:Configuration").inputs["serverProperties"]
    settings = dict(line.split("=") for line in text.splitlines())
    assert (settings["default.replication.factor"], settings["min.insync.replicas"]) == ("3", "2")
    assert settings["unclean.leader.election.enable"] == settings["auto.create.topics.enable"] == "false"


def test_topics_are_kept_as_they_say(preview):
    graph = preview(events())
    orders, carts = (graph.one(TOPIC, f"events-{name}").inputs for name in ("orders", "carts"))
    assert (orders["name"], orders["partitionCount"]) == ("orders", 12)
    assert json.loads(orders["configs"])["retention.ms"] == "86400000"
    assert json.loads(carts["configs"])["cleanup.policy"] == "compact"


def test_only_tls_and_iam_lead_in_and_all_is_encrypted(preview):
    made = preview(events(key_arn=KEY)).one(CLUSTER).inputs
    assert made["clientAuthentication"] == {"sasl": {"iam": True}, "unauthenticated": False}
    encryption = made["encryptionInfo"]
    assert encryption["encryptionAtRestKmsKeyArn"] == KEY
    assert encryption["encryptionInTransit"] == {"clientBroker": "TLS", "inCluster": True}
    assert made["brokerNodeGroupInfo"]["connectivityInfo"] == {"publicAccess": {"type": "DISABLED"}}


def test_a_client_reads_and_writes_the_topics_as_a_group_of_its_name(preview):
    graph = preview(connected)
    document = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-events").inputs["policy"])
    connecting, topics, group = document["Statement"]
    arn = graph.one(CLUSTER).outputs["arn"]
    assert connecting["Resource"] == arn and "kafka-cluster:Connect" in connecting["Action"]
    assert sorted(topics["Resource"]) == sorted(topic.outputs["arn"] for topic in graph.all(TOPIC))
    assert {"kafka-cluster:ReadData", "kafka-cluster:WriteData"} < set(topics["Action"])
    assert group["Resource"] == f"{arn.replace(':cluster/', ':group/')}/app"
    rule = graph.one(INGRESS, "app-to-events").inputs
    assert (rule["fromPort"], rule["toPort"]) == (9098, 9098)


def test_pods_are_such_a_client_too(preview):
    def program():
        network = Network("network", {})
        cluster = EksCluster("cluster", network.private)
        space = KubernetesNamespace("space", cluster.pods, cluster.inside)
        events = KafkaCluster("events", {**network.data, "topics": {"orders": {}}})
        pods = {**space.pods, "image": "a/b:1", "port": 8080, "calls": ["events"], "aws_identity": True}
        connect(KubernetesService("web", pods, cluster.inside), events)

    graph = preview(program)
    document = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "web-to-events").inputs["policy"])
    (group,) = (one for one in document["Statement"] if one["Sid"] == "Group")
    assert group["Resource"].endswith("/web") and graph.one(INGRESS, "events-from-cluster")
    (secret,) = (r for r in graph.all("kubernetes:core/v1:Secret") if r.name == "web-to-events")
    assert secret.inputs["stringData"].value.keys() == {"EVENTS_ADDRESS"}


def test_disks_grow_and_are_not_shrunk_back(preview):
    graph = preview(events(storage_gib=50))
    target = graph.one("aws:appautoscaling/target:Target").inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (1, 500)
    policy = graph.one("aws:appautoscaling/policy:Policy").inputs
    assert policy["targetTrackingScalingPolicyConfiguration"]["targetValue"] == 60
    assert any("volumeSize" in path for path in graph.one(CLUSTER).options["ignoreChanges"])


def test_it_is_protected_logged_and_alarmed(preview):
    graph = preview(events(alarm_actions=["arn:aws:sns:us-east-1:123456789012:t"], log_retention_days=30))
    assert graph.one(CLUSTER).protect and all(topic.protect for topic in graph.all(TOPIC))
    logs = graph.one("aws:cloudwatch/logGroup:LogGroup")
    brokers = graph.one(CLUSTER).inputs["loggingInfo"]["brokerLogs"]["cloudwatchLogs"]
    assert brokers == {"enabled": True, "logGroup": logs.outputs["name"]}
    alarms = graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    asked = {one.name: one.inputs["metricQueries"][0]["expression"] for one in alarms}
    assert asked.keys() == {"events-offline", "events-under-replicated", "events-disk"}
    assert all("\"Cluster Name\" = 'dev-events'" in query for query in asked.values())
    assert all(one.inputs["alarmActions"] for one in alarms)
    assert not preview(events(disposable=True)).one(CLUSTER).protect


def test_firehose_may_make_a_link_where_it_is_asked_for(preview):
    graph = preview(events(private_links=True))
    links = graph.one(CLUSTER).inputs["brokerNodeGroupInfo"]["connectivityInfo"]["vpcConnectivity"]
    assert links == {"clientAuthentication": {"sasl": {"iam": True}}}
    (statement,) = json.loads(graph.one("aws:msk/clusterPolicy:ClusterPolicy").inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "firehose.amazonaws.com"}
    assert statement["Action"] == "kafka:CreateVpcConnection"
    rules = [one.inputs for one in graph.all(INGRESS)]
    assert [one["cidrIpv4"] for one in rules] == DATA["cidr_blocks"]
    assert {(one["fromPort"], one["toPort"]) for one in rules} == {(14001, 14100)}
    closed = preview(events())
    assert closed.all("aws:msk/clusterPolicy:ClusterPolicy") == closed.all(INGRESS) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"zones": ["us-east-1a", "us-east-1b"]}, "zones must be three different zones"),
        ({"topics": {}}, "topics must be one or more"),
        ({"topics": {"a b": {}}}, "topics must be named in letters, digits, dots"),
        ({"kafka_version": "3.6.0"}, "kafka_version must be one of 3.7 or later that runs on KRaft"),
        ({"instance_type": "m7g.2xlarge.x"}, "instance_type must be a Standard broker's: .* knows no"),
        ({"brokers_per_zone": 21}, "brokers_per_zone must be 1 to 20, so .*60 brokers a cluster.*https://"),
        (
            {"topics": {"a": {"partitions": 1001}}},
            "at most 1000 partitions together.*1000 partitions a kafka",
        ),
        ({"storage_gib": 20000}, r"storage_gib must be 1 to 16384 GiB a broker \(https://"),
        ({"storage_gib": 200, "most_storage_gib": 100}, "most_storage_gib must be 200 to 16384"),
        ({"private_links": True, "instance_type": "kafka.t3.small"}, "PrivateLink leads to no t3 broker"),
        ({"private_links": True, "cidr_blocks": []}, "cidr_blocks must be those of the subnets"),
    ],
)
def test_rejects_what_cannot_keep_the_promise(preview, more, said):
    with pytest.raises(Exception, match=said):
        preview(events(**more))


def test_rejects_to_be_read_by_firehose_without_a_link(preview):
    with pytest.raises(Exception, match="private_links must be True, so that an archive can read it"):
        preview(lambda: KafkaCluster("events", DATA).feed)
