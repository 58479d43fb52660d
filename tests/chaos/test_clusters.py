"""What a lost zone leaves of a cluster, of its pods, and of a cache."""

import pytest

from components.access import connect
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox


def stack(zones=3):
    network = Network("network", {"zones": zones})
    cluster = EksCluster("cluster", {**network.private, "public_images": True, "disks": True})
    space = KubernetesNamespace("space", cluster.pods, cluster.inside)
    pods = {**space.pods, "image": "a/b:1", "port": 8080}
    web = KubernetesService("web", pods, cluster.inside)
    KubernetesService("cron", {**pods, "replicas": 1, "alone": True}, cluster.inside)
    disk = {**pods, "storage_gib": 10, "storage_at": "/data"}
    log = KubernetesService("log", {**disk, "replicas": 1}, cluster.inside)
    for name in ("votes", "names"):
        voting = {"replicas": 3, "quorum": True, "peers": {"rpc": 8300}}
        KubernetesService(name, {**(disk if name == "votes" else pods), **voting}, cluster.inside)
    connect(web, log)
    RedisCluster("cache", {**network.data})


@pytest.fixture
def struck(run):
    """struck(program, zone): the verdict on each component after the loss of a zone, and on each arrow."""

    def struck(program, zone):
        with Sandbox() as cloud:
            report = strike(run(program, cloud), cloud.client, Wish("gorilla", zone=zone))
        found = {one["component"]: one for one in report.as_json()["components"]}
        return found | {(one["from"], one["to"]): one for one in report.as_json()["arrows"]}

    return struck


def test_a_cluster_goes_on_without_a_zone(struck):
    found = struck(stack, "us-east-1a")
    assert found["cluster"]["ok"] and found["cluster-nodes"]["ok"]
    assert found["web"]["ok"] and found["web"]["has"] == "1 of 2 pods at least"
    assert found["cache"]["ok"] and found["cache"]["has"] == "2 of 3 copies of each shard at least"
    assert found["cron"]["state"] == "degraded" and "starts on another node" in found["cron"]["why"]


def test_what_has_a_disk_waits_for_its_zone(struck):
    found = struck(stack, "us-east-1a")
    assert found["log"]["state"] == "broken" and "wait for it" in found["log"]["why"]
    assert found["web", "log"]["state"] == "broken" and ("cluster", "cluster-nodes") not in found
    assert found["votes"]["ok"] and found["votes"]["has"] == "2 of 3 pods at least"
    assert found["votes"]["why"] == "1 wait for their disks' zone"


def test_most_of_those_that_vote_must_go_on(struck):
    two = struck(lambda: stack(zones=2), "us-east-1a")
    assert two["votes"]["state"] == "broken" and "disks of 2 of 3 pods" in two["votes"]["why"]
    assert two["names"]["state"] == "degraded" and two["names"]["needs"] == "2 that go on"


def test_a_monkey_takes_a_node_of_a_cluster(run):
    with Sandbox() as cloud:
        report = strike(run(stack, cloud), cloud.client, Wish("monkey"))
    assert [one["component"] for one in report.fault.lost] == ["cluster-nodes"]
    found = {one["component"]: one for one in report.as_json()["components"]}
    assert found["votes"]["ok"] and found["votes"]["why"] == "1 start on other nodes"
    assert found["log"]["state"] == "degraded"


def meshed():
    network = Network("network", {})
    cluster = EksCluster("cluster", {**network.private, "public_images": True})
    space = KubernetesNamespace("space", cluster.pods, cluster.inside)
    pods = {**space.pods, "image": "a/b:1", "port": 8080}
    cache = RedisCluster("cache", {**network.data, "password": True})
    mesh = {"http": {"app": "app.space.svc.cluster.local:15006"}, "redis": {"cache": cache.address}}
    web = KubernetesService("web", {**pods, "mesh": mesh}, cluster.inside)
    app = KubernetesService("app", {**pods, "mesh": {}}, cluster.inside)
    connect(web, app, cache)


def test_pods_of_a_slow_zone_are_late_and_their_mesh_gives_up(run):
    def late(milliseconds):
        wish = Wish("latency", zone="us-east-1a", delay_ms=milliseconds)
        found = strike(graph, cloud.client, wish).as_json()["arrows"]
        return {(one["from"], one["to"]): one for one in found}

    with Sandbox() as cloud:
        graph = run(meshed, cloud)
        assert all(one["ok"] for one in late(100).values())
        assert late(100)["web", "cache"]["why"] == "at worst 100 ms more of the 1000 ms that web waits"
        assert not late(3000)["web", "app"]["ok"] and not late(3000)["web", "cache"]["ok"]
