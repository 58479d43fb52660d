"""What a lost zone leaves of a cluster, of its pods, and of a cache."""

import functools

import pytest

from components.access import connect
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox
from tests.apart import in_child


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


def stack_of_two_zones():
    stack(zones=2)


@pytest.fixture(scope="module", params=[stack], ids=["stack"])
def struck(request, run_in, tmp_path_factory):
    """struck(wish): what was lost, the verdict on each component, and on each arrow. `of` says of what."""
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("stack"), request.param, cloud)

        @functools.cache
        def struck(wish):
            report = in_child(lambda: strike(graph, cloud.client, wish).as_json())
            found = {one["component"]: one for one in report["components"]}
            found |= {(one["from"], one["to"]): one for one in report["arrows"]}
            return {"lost": report["lost"], **found}

        yield struck


def of(program):
    return pytest.mark.parametrize("struck", [program], ids=[program.__name__], indirect=True)


A_ZONE = Wish("gorilla", zone="us-east-1a")


def test_a_cluster_goes_on_without_a_zone(struck):
    found = struck(A_ZONE)
    assert found["cluster"]["ok"] and found["cluster-nodes"]["ok"]
    assert found["web"]["ok"] and found["web"]["has"] == "1 of 2 pods at least"
    assert found["cache"]["ok"] and found["cache"]["has"] == "2 of 3 copies of each shard at least"
    assert found["cron"]["state"] == "degraded" and "starts on another node" in found["cron"]["why"]


def test_what_has_a_disk_waits_for_its_zone(struck):
    found = struck(A_ZONE)
    assert found["log"]["state"] == "broken" and "wait for it" in found["log"]["why"]
    assert found["web", "log"]["state"] == "broken" and ("cluster", "cluster-nodes") not in found
    assert found["votes"]["ok"] and found["votes"]["has"] == "2 of 3 pods at least"
    assert found["votes"]["why"] == "1 wait for their disks' zone"


@of(stack_of_two_zones)
def test_most_of_those_that_vote_must_go_on(struck):
    two = struck(A_ZONE)
    assert two["votes"]["state"] == "broken" and "disks of 2 of 3 pods" in two["votes"]["why"]
    assert two["names"]["state"] == "degraded" and two["names"]["needs"] == "2 that go on"


def test_a_monkey_takes_a_node_of_a_cluster(struck):
    found = struck(Wish("monkey"))
    assert [one["component"] for one in found["lost"]] == ["cluster-nodes"]
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


@of(meshed)
def test_pods_of_a_slow_zone_are_late_and_their_mesh_gives_up(struck):
    soon, late = (struck(Wish("latency", zone="us-east-1a", delay_ms=more)) for more in (100, 3000))
    assert all(one["ok"] for ends, one in soon.items() if isinstance(ends, tuple))
    assert soon["web", "cache"]["why"] == "at worst 100 ms more of the 1000 ms that web waits"
    assert not late["web", "app"]["ok"] and not late["web", "cache"]["ok"]
