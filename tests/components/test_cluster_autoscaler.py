import json

import pytest

from components.network import Network
from components.service.cluster_autoscaler import ClusterAutoscaler
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from fourplane.sandbox import Sandbox

PODS = {
    "cluster": "apps",
    "cluster_name": "dev-apps",
    "node_security_group_id": "sg-nodes",
    "node_group_name": "eks-apps",
    "namespace": "space",
}
NODES = "aws:eks/nodeGroup:NodeGroup"


def autoscaler(**more):
    return lambda: ClusterAutoscaler("nodes", {**PODS, **more})


def test_it_may_resize_the_cluster_s_own_group_and_no_other(preview):
    document = json.loads(preview(autoscaler()).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    allowed = {one["Sid"]: one for one in document["Statement"]}
    assert allowed["Scale"]["Resource"].endswith(":autoScalingGroup:*:autoScalingGroupName/eks-apps")
    assert allowed["Nodes"]["Resource"].endswith(":nodegroup/dev-apps/*/*")
    assert all("Describe" in action or "Get" in action for action in allowed["Look"]["Action"])


def test_it_may_evict_pods_and_mark_nodes_and_reads_no_secret(preview):
    graph = preview(autoscaler())
    rules = graph.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole").inputs["rules"]
    written = {(kind, verb) for rule in rules for kind in rule["resources"] for verb in rule["verbs"]}
    assert not {kind for kind, _ in written} & {"secrets", "configmaps", "*"}
    changed = {pair for pair in written if pair[1] not in ("get", "list", "watch")}
    assert changed == {
        ("events", "create"),
        ("events", "patch"),
        ("nodes", "update"),
        ("pods/eviction", "create"),
        ("pods/status", "update"),
    }
    binding = graph.one("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding").inputs
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "nodes", "namespace": "space"}]


def test_one_pod_has_a_token_and_scales(preview):
    spec = preview(autoscaler()).one("kubernetes:apps/v1:Deployment").inputs["spec"]
    pod = spec["template"]["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    assert pod["automountServiceAccountToken"]
    assert "--leader-elect=false" in pod["containers"][0]["args"]
    assert any(one.endswith("k8s.io/cluster-autoscaler/dev-apps") for one in pod["containers"][0]["args"])


def test_a_deployment_leaves_the_number_of_nodes_to_it(run):
    def program():
        network = Network("network", {})
        cluster = EksCluster("apps", {**network.private, "maximum": 9, "disposable": True})
        space = KubernetesNamespace("space", cluster.pods, cluster.inside)
        ClusterAutoscaler("nodes", space.pods, cluster.inside)

    with Sandbox() as cloud:
        nodes = run(program, cloud).one(NODES)
        (group,) = cloud.client("autoscaling", "us-east-1").describe_auto_scaling_groups()[
            "AutoScalingGroups"
        ]
    assert (group["MinSize"], group["MaxSize"]) == (3, 9)
    assert nodes.inputs["scalingConfig"]["desiredSize"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"idle_minutes": 0}, "idle_minutes must be at least 1")],
)
def test_rejects_what_cannot_scale(preview, arguments, said):
    with pytest.raises(Exception, match=said):
        preview(autoscaler(**arguments))


def test_rejects_nodes_that_nobody_knows(preview):
    unknown = {key: value for key, value in PODS.items() if key != "node_group_name"}
    with pytest.raises(Exception, match="node_group_name must be the group that it scales"):
        preview(lambda: ClusterAutoscaler("nodes", unknown))
