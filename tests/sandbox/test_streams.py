"""Kafka, its archive, and PostgreSQL: what the state plane's components make, asked of the cloud itself."""

import json

import pulumi_aws as aws
import pytest

from components.access import connect
from components.control.encryption_key import EncryptionKey
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.state.event_archive import EventArchive
from components.state.kafka_cluster import KafkaCluster
from components.state.postgresql import PostgreSql
from fourplane.errors import Failure, Mistake
from tests.sandbox.machines import REGION


def archived():
    network, key = Network("net", {"zones": 3}), EncryptionKey("key", {}).key_arn
    topics = {"orders": {"partitions": 6}}
    events = KafkaCluster("events", {**network.data, "key_arn": key, "topics": topics, "private_links": True})
    EventArchive("analytics", {**events.feed, "topics": ["orders"], "key_arn": key})


def test_a_cluster_has_a_broker_in_every_zone_and_an_address_of_each(deploy, cloud):
    graph = deploy(archived)
    outputs = graph.one("fourplane:index:KafkaCluster").outputs
    kafka = cloud.client("kafka", REGION)
    found = kafka.describe_cluster(ClusterArn=outputs["arn"])["ClusterInfo"]
    assert (found["State"], found["NumberOfBrokerNodes"]) == ("ACTIVE", 3)
    assert found["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
    assert found["ClientAuthentication"]["Sasl"] == {"Iam": {"Enabled": True}}
    assert [address.rpartition(":")[2] for address in outputs["address"].split(",")] == ["9098"] * 3
    assert outputs["topic_arns"]["orders"] == outputs["arn"].replace(":cluster/", ":topic/") + "/orders"
    policy = json.loads(kafka.get_cluster_policy(ClusterArn=outputs["arn"])["Policy"])
    assert policy["Statement"][0]["Resource"] == outputs["arn"]


def test_its_disks_may_grow(deploy, cloud):
    graph = deploy(archived)
    scaling = cloud.client("application-autoscaling", REGION)
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="kafka")["ScalableTargets"]
    assert target["ResourceId"] == graph.one("aws:msk/cluster:Cluster").outputs["arn"]
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="kafka")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 60


def test_an_archive_writes_compressed_files_to_its_bucket(deploy, cloud):
    graph = deploy(archived)
    firehose = cloud.client("firehose", REGION)
    (name,) = firehose.list_delivery_streams()["DeliveryStreamNames"]
    found = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    (destination,) = found["Destinations"]
    made = destination["ExtendedS3DestinationDescription"]
    assert found["DeliveryStreamType"] == "MSKAsSource" and made["CompressionFormat"] == "GZIP"
    assert made["BucketARN"] == graph.one("fourplane:index:EventArchive").outputs["arn"]


def test_rejects_an_archive_of_a_cluster_that_lets_nobody_link(deploy):
    def program():
        network = Network("net", {"zones": 3})
        events = KafkaCluster("events", {**network.data, "topics": {"orders": {}}})
        EventArchive("analytics", {"cluster_arn": events.arn, "topics": ["orders"]})

    with pytest.raises(Failure, match=r"GetClusterPolicy refused|lets Firehose make no link"):
        deploy(program)


def test_rejects_brokers_that_cannot_be_spread(deploy):
    def program():
        network = Network("net", {"zones": 3})
        aws.msk.Cluster(
            "it",
            cluster_name="it",
            kafka_version="3.9.x.kraft",
            number_of_broker_nodes=4,
            broker_node_group_info={
                "instance_type": "kafka.m7g.large",
                "client_subnets": network.data["subnet_ids"],
                "security_groups": [],
            },
        )

    with pytest.raises(Failure, match="4 brokers are no multiple of 3 zones"):
        deploy(program)


@pytest.mark.parametrize("standby", [True, False])
def test_a_database_has_a_standby_where_it_is_asked_for(deploy, cloud, standby):
    def program():
        network = Network("net", {"zones": 2})
        PostgreSql("trips", {**network.data, "standby": standby, "database": "trips"})

    graph = deploy(program)
    rds = cloud.client("rds", REGION)
    (found,) = rds.describe_db_instances()["DBInstances"]
    assert (found["MultiAZ"], found["Engine"], found["DBName"]) == (standby, "postgres", "trips")
    name = found["DBParameterGroups"][0]["DBParameterGroupName"]
    values = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
    assert {"rds.force_ssl": "1"}.items() <= {v["ParameterName"]: v["ParameterValue"] for v in values}.items()
    outputs = graph.one("fourplane:index:PostgreSql").outputs
    assert outputs["address"] == f"{found['Endpoint']['Address']}:5432"
    assert outputs["secret_arn"] == found["MasterUserSecret"]["SecretArn"]


def test_a_client_reads_exactly_the_database_s_secret(deploy, cloud):
    def program():
        network, key = Network("net", {"zones": 2}), EncryptionKey("key", {}).key_arn
        app = AutoScalingService("app", {**network.private, "image": "a/b:1", "port": 80})
        connect(app, PostgreSql("trips", {**network.data, "key_arn": key}))

    policy = deploy(program).one("aws:iam/rolePolicy:RolePolicy", "app-to-trips").inputs["policy"]
    read, key = json.loads(policy)["Statement"]
    (found,) = cloud.client("rds", REGION).describe_db_instances()["DBInstances"]
    assert read["Action"] == "secretsmanager:GetSecretValue" and key["Action"] == "kms:Decrypt"
    assert read["Resource"] == found["MasterUserSecret"]["SecretArn"]


def test_rejects_a_standby_in_a_named_zone(deploy):
    def program():
        aws.rds.Instance("it", multi_az=True, availability_zone="us-east-1a", instance_class="db.m7g.large")

    with pytest.raises(Mistake, match="'multiAz' and 'availabilityZone' exclude each other"):
        deploy(program)
