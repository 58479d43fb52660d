"""MSK: Kafka clusters, their settings, their topics, and who may make a link to them."""

from typing import Any

from moto.kafka import models
from moto.moto_api._internal import mock_random

from fourplane.errors import Failure, Mistake
from fourplane.sandbox.creator import Made, New, creates, document
from fourplane.sandbox.moto_methods import replace
from fourplane.sandbox.shapes import given, validate

CLUSTER: dict[str, str | None] = {
    "azDistribution": "brokerAZDistribution",
    "certificateAuthorityArns": "certificateAuthorityArnList",
    "encryptionAtRestKmsKeyArn": "encryptionAtRest",
}
SMALL = "kafka.t3."
_start = models.FakeKafkaCluster.__init__


def _made(cluster: models.FakeKafkaCluster, *positional: Any, **options: Any) -> None:
    """moto's is in the making for ever, and its ARN does not have its name."""
    _start(cluster, *positional, **options)
    cluster.state = "ACTIVE"
    place = f"arn:aws:kafka:{cluster.region_name}:{cluster.account_id}:cluster"
    cluster.arn = f"{place}/{cluster.cluster_name}/{cluster.cluster_id}-1"


replace(models.FakeKafkaCluster, __init__=_made)
replace(models, uuid=mock_random)  # the same ids at every deployment


@creates("aws:msk/configuration:Configuration")
def configuration(new: New) -> Made:
    name = new.name
    request = given(
        Name=name,
        Description=new.get("description"),
        KafkaVersions=new.get("kafkaVersions"),
        ServerProperties=new["serverProperties"].encode(),
    )
    new.simulate("kafka", "create_configuration", request)
    arn = new.arn("kafka", f"configuration/{name}/{new.uuid}-1")
    return arn, {"arn": arn, "name": name, "latestRevision": 1}


@creates("aws:msk/cluster:Cluster")
def cluster(new: New) -> Made:
    name, kafka = new["clusterName"], new.client("kafka")
    zones = _zones(new)
    _check_logs(new)
    request = new.fit("kafka", "create_cluster", CLUSTER)
    validate(kafka, "create_cluster", request)
    arn = kafka.create_cluster(**request)["ClusterArn"]
    found = kafka.describe_cluster(ClusterArn=arn)["ClusterInfo"]
    return arn, {
        "arn": arn,
        "clusterName": name,
        "clusterUuid": arn.rpartition("/")[2],
        "currentVersion": found["CurrentVersion"],
        "storageMode": "LOCAL",
        **_brokers(new, name, len(zones)),
    }


def _zones(new: New) -> set[str]:
    subnets, brokers = new["brokerNodeGroupInfo"]["clientSubnets"], int(new["numberOfBrokerNodes"])
    found = new.client("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    zones = {one["AvailabilityZone"] for one in found}
    if len(zones) not in (2, 3) or len(zones) < len(subnets):
        raise Failure("CreateCluster refused: BadRequestException: subnets must be in two or three zones")
    if brokers % len(zones):
        uneven = f"{brokers} brokers are no multiple of {len(zones)} zones"
        raise Failure(f"CreateCluster refused: BadRequestException: {uneven}")
    return zones


def _check_logs(new: New) -> None:
    broker_logs = new.get("loggingInfo", {}).get("brokerLogs", {})
    if group := broker_logs.get("cloudwatchLogs", {}).get("logGroup"):
        found = new.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if not any(one["logGroupName"] == group for one in found):
            raise Failure(f"CreateCluster refused: BadRequestException: there is no log group '{group}'")


def _brokers(new: New, name: str, zones: int) -> dict[str, str]:
    """A broker of each zone, for each way to log in that is asked for."""
    signs = new.get("clientAuthentication", {}).get("sasl", {}).get("iam")
    place = f"{name.lower()}.{new.hash(6)}.c2.kafka.{new.region}.amazonaws.com"
    one_of_each = ",".join(f"b-{number}.{place}:9098" for number in range(1, zones + 1))
    links = new["brokerNodeGroupInfo"].get("connectivityInfo", {}).get("vpcConnectivity", {})
    linked = links.get("clientAuthentication", {}).get("sasl", {}).get("iam")
    if linked and new["brokerNodeGroupInfo"]["instanceType"].startswith(SMALL):
        raise Failure("UpdateConnectivity refused: BadRequestException: a t3 broker has no private links")
    through = ",".join(f"b-{number}.iam.{place}:{14000 + number}" for number in range(1, zones + 1))
    return {
        **({"bootstrapBrokersSaslIam": one_of_each} if signs else {}),
        **({"bootstrapBrokersVpcConnectivitySaslIam": through} if linked else {}),
    }


@creates("aws:msk/topic:Topic")
def topic(new: New) -> Made:
    arn, name, copies = new["clusterArn"], new["name"], int(new["replicationFactor"])
    found = new.client("kafka").describe_cluster(ClusterArn=arn)["ClusterInfo"]
    if copies > found["NumberOfBrokerNodes"]:
        raise Mistake(f"{copies} copies need as many brokers, and there are {found['NumberOfBrokerNodes']}")
    request = given(
        ClusterArn=arn,
        TopicName=name,
        PartitionCount=int(new["partitionCount"]),
        ReplicationFactor=copies,
        Configs=new.get("configs"),
    )
    new.simulate("kafka", "create_topic", request)
    made = f"{arn.replace(':cluster/', ':topic/')}/{name}"
    return f"{arn},{name}", {"arn": made, "configsActual": new.get("configs", "{}")}


@creates("aws:msk/clusterPolicy:ClusterPolicy")
def cluster_policy(new: New) -> Made:
    arn = new["clusterArn"]
    made = new.client("kafka").put_cluster_policy(ClusterArn=arn, Policy=document(new["policy"]))
    return arn, {"currentVersion": made["CurrentVersion"]}
