"""A load balancer before pods."""

import pytest

from components.access import connect
from components.network import Network
from components.service.auto_scaling_service import AutoScalingService
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.sandbox import Sandbox

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"], "cidr_blocks": ["10.0.1.0/24"]}
PODS = {
    "cluster": "apps",
    "cluster_name": "dev-apps",
    "node_security_group_id": "sg-nodes",
    "node_group_name": "eks-nodes",
    "namespace": "space",
    "image": "a/b:1",
    "port": 8080,
}
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"


def fronted(**more):
    return KubernetesService("app", {**PODS, "front": PLACE, **more})


def test_it_leads_to_a_port_of_the_nodes_that_have_a_pod(preview):
    graph = preview(fronted)
    service = graph.one("kubernetes:core/v1:Service", "app-front").inputs["spec"]
    (port,) = service["ports"]
    assert (port["nodePort"], port["targetPort"], service["externalTrafficPolicy"]) == (30080, 8080, "Local")
    targets = graph.one("aws:lb/targetGroup:TargetGroup").inputs
    check = targets["healthCheck"]
    assert (targets["port"], check["port"], check["path"]) == (30080, "30081", "/healthz")
    assert service["healthCheckNodePort"] == 30081
    assert graph.one("aws:autoscaling/attachment:Attachment").inputs["autoscalingGroupName"] == "eks-nodes"


def test_pods_hear_its_subnets_and_nobody_else_from_outside(preview):
    graph = preview(fronted)
    (rule,) = graph.one(POLICY, "app-from-balancer").inputs["spec"]["ingress"]
    assert rule == {
        "from": [{"ipBlock": {"cidr": "10.0.1.0/24"}}],
        "ports": [{"protocol": "TCP", "port": 8080}],
    }
    balancer = graph.one("aws:ec2/securityGroup:SecurityGroup", "app-balancer").id
    opened = {one.inputs["fromPort"]: one.inputs for one in graph.all(INGRESS)}
    assert opened.keys() == {30080, 30081}
    assert {(one["securityGroupId"], one["referencedSecurityGroupId"]) for one in opened.values()} == {
        ("sg-nodes", balancer)
    }


def test_pods_go_on_until_the_balancer_knows_that_they_leave(preview):
    graph = preview(fronted)
    pod = graph.one("kubernetes:apps/v1:Deployment").inputs["spec"]["template"]["spec"]
    check = graph.one("aws:lb/targetGroup:TargetGroup").inputs["healthCheck"]
    known = check["interval"] * check["unhealthyThreshold"]
    stays = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert stays > known and pod["terminationGracePeriodSeconds"] == stays + 60


def test_its_address_is_the_balancer_s_but_for_pods_beside_it(preview):
    def program():
        app = fronted(also={"admin": 9000})
        connect(AutoScalingService("ci", {**PLACE, "image": "a/b:1", "port": 80}), app)
        connect(KubernetesService("web", {**PODS, "calls": ["app"]}), app)

    graph = preview(program)
    made = graph.one("fourplane:index:KubernetesService", "app").outputs
    assert made["address"] == f"{made['dns_name']}:80"
    secret = graph.one("kubernetes:core/v1:Secret").inputs["stringData"].value
    assert secret["APP_ADDRESS"] == "app.space.svc.cluster.local:8080"
    balancer = graph.one("aws:ec2/securityGroup:SecurityGroup", "app-balancer").id
    assert graph.one(INGRESS, "ci-to-app").inputs["securityGroupId"] == balancer
    assert graph.one(POLICY, "web-to-app-in")


def test_nodes_are_its_targets(run):
    def program():
        network = Network("network", {})
        cluster = EksCluster("apps", {**network.private, "disposable": True})
        space = KubernetesNamespace("space", cluster.pods, cluster.inside)
        pods = {**space.pods, "image": "a/b:1", "port": 8080, "front": network.private}
        KubernetesService("app", pods, cluster.inside)

    with Sandbox() as cloud:
        graph = run(program, cloud)
        arn = graph.one("aws:lb/targetGroup:TargetGroup").outputs["arn"]
        (group,) = cloud.client("autoscaling", "us-east-1").describe_auto_scaling_groups()[
            "AutoScalingGroups"
        ]
        asked = cloud.client("elbv2", "us-east-1").describe_target_health(TargetGroupArn=arn)
        targets = {one["Target"]["Id"] for one in asked["TargetHealthDescriptions"]}
        assert group["TargetGroupARNs"] == [arn]
        assert targets == {one["InstanceId"] for one in group["Instances"]}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"front": {**PLACE, "cidr_blocks": []}}, "front must be given with the cidr_blocks of its subnets"),
        ({"node_port": 80}, "node_port must be 30000 to 32766"),
    ],
)
def test_rejects_what_cannot_be_reached(preview, arguments, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: fronted(**arguments))


def test_rejects_a_front_of_nodes_that_nobody_knows(preview):
    unknown = {key: value for key, value in PODS.items() if key != "node_group_name"}
    with pytest.raises(Exception, match="node_group_name must be given where there is a front"):
        preview(lambda: KubernetesService("app", {**unknown, "front": PLACE}))
