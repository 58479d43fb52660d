"""Ways that network policies leave open between pods, and out of their cluster."""

import pulumi
import pulumi_kubernetes as kubernetes
import pytest

from components.access import connect
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster


def deployment(name, port=80):
    labels = {"app": name}
    container = {"name": name, "image": "a/b:1", "ports": [{"containerPort": port}]}
    kubernetes.apps.v1.Deployment(
        name,
        spec={
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    )


def policy(name, selected, direction, rules):
    kubernetes.networking.v1.NetworkPolicy(
        name,
        spec={
            "podSelector": {"matchLabels": {"app": selected}} if selected else {},
            "policyTypes": [direction.title()],
            direction: rules,
        },
    )


def to(name, port=80):
    return [{"to": [{"podSelector": {"matchLabels": {"app": name}}}], "ports": [{"port": port}]}]


def of(name, port=80):
    return [{"from": [{"podSelector": {"matchLabels": {"app": name}}}], "ports": [{"port": port}]}]


def closed():
    for direction in ("egress", "ingress"):
        policy(f"no-{direction}", "", direction, [])


def test_pods_that_no_policy_selects_speak_to_all(ways):
    assert ways(lambda: (deployment("a"), deployment("b", 81))) == {
        "a -> b network policies tcp 81",
        "b -> a network policies tcp 80",
    }


@pytest.mark.parametrize("side", ["", "NetworkPolicy out", "NetworkPolicy in"])
def test_a_way_needs_a_policy_on_each_side(ways, side):
    def program():
        deployment("a"), deployment("b"), closed()
        policy("out", "a", "egress", to("b"))
        policy("in", "b", "ingress", of("a"))

    assert ways(program, [side]) == (set() if side else {"a -> b network policies tcp 80"})


def test_a_policy_for_another_port_opens_nothing(ways):
    def program():
        deployment("a"), deployment("b"), closed()
        policy("out", "a", "egress", to("b", 81))
        policy("in", "b", "ingress", of("a"))

    assert ways(program) == set()


def test_pods_of_two_clusters_do_not_meet(ways):
    def program():
        for name in ("a", "b"):
            provider = kubernetes.Provider(name, kubeconfig="{}")
            labels = {"app": name}
            container = {"name": name, "image": "a/b:1", "ports": [{"containerPort": 80}]}
            kubernetes.apps.v1.Deployment(
                name,
                spec={
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
                opts=pulumi.ResourceOptions(provider=provider),
            )

    assert ways(program) == set()


def on_a_cluster(arrow):
    def program():
        network = Network("network", {})
        cluster = EksCluster("cluster", {**network.private})
        space = KubernetesNamespace("space", cluster.pods, cluster.inside)
        pods = {**space.pods, "image": "a/b:1", "port": 8080, "aws_identity": False}
        web = KubernetesService("web", pods, cluster.inside)
        app = KubernetesService("app", {**pods, "calls": ["cache"]}, cluster.inside)
        cache = RedisCluster("cache", {**network.data, "password": True})
        connect(web, app)
        if arrow:
            connect(app, cache)

    return program


def test_a_service_reaches_what_its_arrow_leads_to_and_its_neighbour_does_not(ways):
    found = ways(on_a_cluster(True))
    assert {way for way in found if "network policies" in way} == {
        "web -> app network policies tcp 8080",
        "app -> cache network policies tcp 6379",
    }
    assert "cluster -> cache security groups tcp 6379" in found


def test_without_the_arrow_neither_pods_nor_nodes_reach_it(ways):
    assert not any("cache" in way for way in ways(on_a_cluster(False)))


@pytest.mark.parametrize("side", ["", "NetworkPolicy ring-among", "NetworkPolicy ring-among-in"])
def test_pods_of_one_workload_speak_on_the_ports_that_their_policies_open(ways, side):
    def program():
        pods = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
        space = KubernetesNamespace("space", pods)
        args = {**space.pods, "image": "a/b:1", "port": 8080, "peers": {"gossip": 3000}}
        KubernetesService("ring", args)
        KubernetesService("other", {**args, "peers": {}})

    assert ways(program, [side]) == (set() if side else {"ring -> ring network policies tcp 3000"})
