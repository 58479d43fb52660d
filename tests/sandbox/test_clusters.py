"""Clusters of Kubernetes and of ElastiCache: their nodes, who may use them, and Spinnaker on one."""

import json

import pulumi_aws as aws
import pytest

from components.access import connect
from components.control.spinnaker import Spinnaker
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.state.redis_cluster import RedisCluster
from fourplane.engine import run
from fourplane.errors import Failure, Mistake
from fourplane.project import Project, Settings
from fourplane.sandbox import Sandbox
from tests.sandbox.machines import REGION

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
PROGRAM = "from tests.sandbox.test_clusters import whole\n\nwhole()\n"


def whole():
    network = Network("network", {"single_zone_egress": True})
    cluster = EksCluster(
        "cluster",
        {**network.private, "public_images": True, "administrators": ["arn:aws:iam::123456789012:role/it"]},
    )
    connect(cluster, network.endpoints)
    Spinnaker("spinnaker", {**cluster.pods, "data": network.data}, cluster.inside)
    RedisCluster("places", {**network.data, "shards": 2, "parameters": {"timeout": "60"}})


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """A cloud with a cluster, Spinnaker and a cache in it, and the graph of all that."""
    folder = tmp_path_factory.mktemp("clusters")
    (folder / "__main__.py").write_text(PROGRAM)
    project = Project(folder, "test", folder / "__main__.py", folder)
    with Sandbox() as cloud:
        yield cloud, run(project, "dev", Settings({}, frozenset()), cloud)


def test_a_cluster_stands_and_logs(stack):
    cloud, graph = stack
    made = graph.one("aws:eks/cluster:Cluster")
    found = cloud.client("eks", REGION).describe_cluster(name=made.id)["cluster"]
    assert found["status"] == "ACTIVE" and found["logging"]["clusterLogging"][0]["enabled"]


def test_its_nodes_are_machines_in_every_zone(stack):
    cloud, graph = stack
    nodes = graph.one("aws:eks/nodeGroup:NodeGroup").outputs
    name = nodes["resources"][0]["autoscalingGroups"][0]["name"]
    scaling = cloud.client("autoscaling", REGION)
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    assert {one["AvailabilityZone"] for one in group["Instances"]} == {f"{REGION}{z}" for z in "abc"}


def test_what_the_cloud_does_not_have_is_called_simulated(stack):
    simulated = {one.type.rpartition(":")[2] for one in stack[1].values() if one.simulated}
    assert {"Addon", "AccessEntry", "AccessPolicyAssociation", "PodIdentityAssociation"} <= simulated
    assert {"ParameterGroup", "UserGroup", "Deployment", "NetworkPolicy"} <= simulated


def test_its_provider_asks_aws_for_a_token(stack):
    graph = stack[1]
    config = json.loads(graph.one("pulumi:providers:kubernetes").inputs["kubeconfig"])
    token = config["users"][0]["user"]["exec"]
    assert [token["command"], *token["args"]] == [
        "aws", "eks", "get-token", "--cluster-name", "dev-cluster", "--region", REGION
    ]  # fmt: skip
    server = config["clusters"][0]["cluster"]["server"]
    assert server == graph.one("aws:eks/cluster:Cluster").outputs["endpoint"]


def test_every_object_of_spinnaker_is_made_by_the_cluster_s_provider(stack):
    objects = [one for one in stack[1].values() if one.package == "kubernetes"]
    assert len(objects) > 80
    assert {one.provider.split("::")[-2] for one in objects} == {"cluster"}


def test_shards_have_one_address_and_copies(stack):
    cloud, graph = stack
    made = graph.one(GROUP, "places")
    (found,) = cloud.client("elasticache", REGION).describe_replication_groups(ReplicationGroupId=made.id)[
        "ReplicationGroups"
    ]
    assert found["MultiAZ"] == "enabled" and len(found["NodeGroups"]) == 2
    assert len(found["MemberClusters"]) == 6
    assert made.outputs["configurationEndpointAddress"].startswith("clustercfg.")


def test_a_cache_in_one_piece_has_a_primary(stack):
    made = stack[1].one(GROUP, "spinnaker-redis")
    assert made.outputs["primaryEndpointAddress"].startswith("master.")
    assert "configurationEndpointAddress" not in made.outputs


def test_rejects_an_add_on_of_a_cluster_that_is_not_there(deploy):
    with pytest.raises(Failure, match="DescribeCluster refused"):
        deploy(lambda: aws.eks.Addon("it", cluster_name="none", addon_name="coredns"))


def test_rejects_a_log_that_is_not_there(deploy):
    logs = [
        {
            "log_type": "slow-log",
            "log_format": "json",
            "destination_type": "cloudwatch-logs",
            "destination": "none",
        }
    ]
    with pytest.raises(Failure, match="there is no log group 'none'"):
        deploy(
            lambda: aws.elasticache.ReplicationGroup(
                "it", description="it", node_type="cache.t4g.micro", log_delivery_configurations=logs
            )
        )


def test_rejects_a_signing_user_with_another_name(deploy):
    with pytest.raises(Mistake, match="must have its id as its name"):
        deploy(
            lambda: aws.elasticache.User(
                "it",
                user_id="a",
                user_name="b",
                engine="valkey",
                access_string="on ~* +@all",
                authentication_mode={"type": "iam"},
            )
        )
