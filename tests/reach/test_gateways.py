"""From the internet through a gateway on pods, and to phones."""

import pytest

from components.access import connect
from components.edge.cdn_edge import CdnEdge
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_gateway import KubernetesGateway
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.service.push_notifications import PushNotifications


def rides():
    network = Network("network", {})
    cluster = EksCluster("platform", network.private)
    space = KubernetesNamespace("rides", cluster.pods, cluster.inside)
    routes = {"matching": {"paths": ["/api/rides"]}}
    args = {**space.pods, "image": "kong:3.9", "routes": routes, "front": network.private}
    gateway = KubernetesGateway("gateway", args, cluster.inside)
    service = {**space.pods, "image": "a:1", "port": 8080, "mesh": {}}
    matching = KubernetesService("matching", service, cluster.inside)
    edge = CdnEdge("edge", {"origin_arn": gateway.load_balancer_arn, "origin_dns_name": gateway.dns_name})
    connect(edge, gateway)
    connect(gateway, matching)


WAYS = {
    "internet -> edge distribution https",
    "edge -> gateway VPC origin tcp 80",
    "gateway -> matching network policies tcp 15006",
}


@pytest.mark.parametrize(
    ("without", "closed"),
    [
        ([], set()),
        (["NetworkPolicy gateway-from-balancer"], {"edge -> gateway VPC origin tcp 80"}),
        (["SecurityGroupIngressRule edge-to-gateway"], {"edge -> gateway VPC origin tcp 80"}),
        (["NetworkPolicy gateway-to-matching"], {"gateway -> matching network policies tcp 15006"}),
    ],
)
def test_a_request_comes_through_cloudfront_and_the_gateway_or_not_at_all(ways, without, closed):
    assert ways(rides, without) & WAYS == WAYS - closed


def test_a_service_tells_phones_through_its_topic(ways):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
        trips = AutoScalingService("trips", {**place, "image": "a:1", "port": 80})
        connect(trips, PushNotifications("pushes", {}))

    assert "trips -> pushes IAM sns:Publish" in ways(program)
