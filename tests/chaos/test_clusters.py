"""What a lost zone leaves of a cluster, of its pods, and of a cache."""

import pytest

from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


def stack(zones=3):
    network = Network("network", {"zones": zones})
    cluster = EksCluster("cluster", {**network.private, "public_images": True})
    space = KubernetesNamespace("space", cluster.pods, cluster.inside)
    pods = {**space.pods, "image": "a/b:1", "port": 8080}
    KubernetesService("web", pods, cluster.inside)
    KubernetesService("cron", {**pods, "replicas": 1, "alone": True}, cluster.inside)
    RedisCluster("cache", {**network.data})


@pytest.fixture
def struck(run):
    """struck(program, zone): each component's verdict after the loss of a zone."""

    def struck(program, zone):
        with Sandbox() as cloud:
            report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone=zone))
        return {one["component"]: one for one in report.as_json()["components"]}

    return struck


def test_a_cluster_goes_on_without_a_zone(struck):
    found = struck(stack, "us-east-1a")
    assert found["cluster"]["ok"] and found["cluster-nodes"]["ok"]
    assert found["web"]["ok"] and found["web"]["has"] == "1 of 2 pods at least"
    assert found["cache"]["ok"] and found["cache"]["has"] == "2 of 3 copies of each shard at least"
    assert found["cron"]["state"] == "degraded" and "starts on another node" in found["cron"]["why"]
