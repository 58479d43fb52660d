"""A way through a load balancer and a port of a cluster's nodes is open to its last link, the pods."""

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService

CALL = "ci -> web security groups tcp 80"


def fronted():
    network = Network("network", {})
    cluster = EksCluster("cluster", {**network.private})
    space = KubernetesNamespace("space", cluster.pods, cluster.inside)
    pods = {**space.pods, "image": "a/b:1", "port": 8080}
    web = KubernetesService("web", {**pods, "front": network.private}, cluster.inside)
    prometheus = KubernetesService("prometheus", pods, cluster.inside)
    connect(AutoScalingService("ci", {**network.private, "image": "a/b:1", "port": 80}), web)
    connect(prometheus, web)


def test_a_balancer_leads_to_pods_through_a_port_of_their_nodes(ways):
    found = ways(fronted)
    assert CALL in found and "web -> cluster security groups tcp 30080" in found


@pytest.mark.parametrize(
    "link",
    [
        "Listener web-balancer",
        "Attachment web",
        "Service web-front",
        "Deployment web",
        "NetworkPolicy web-from-balancer",
        "SecurityGroupIngressRule web-balancer-to-web",
    ],
)
def test_without_one_link_it_leads_nowhere(ways, link):
    assert CALL not in ways(fronted, [link])


def test_pods_of_the_cluster_go_past_the_balancer(ways):
    found = ways(fronted)
    assert "prometheus -> web network policies tcp 8080" in found
    assert "prometheus -> web security groups tcp 80" not in found
