"""As many nodes as a cluster's pods need: Kubernetes' Cluster Autoscaler."""

from collections.abc import Sequence
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.service.kubernetes_pods import NamespacedPods
from components.service.kubernetes_service import KubernetesService

IMAGE = "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.0"
"""Its minor version is the cluster's:
https://github.com/kubernetes/autoscaler/tree/master/cluster-autoscaler#releases"""
PORT = 8085
LOOKS = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeAutoScalingInstances",
    "autoscaling:DescribeLaunchConfigurations",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeTags",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:GetInstanceTypesFromInstanceRequirements",
)
"""None of them has a resource level:
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md"""
SCALES = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
READS: dict[str, Sequence[str]] = {
    "": (
        "namespaces",
        "nodes",
        "persistentvolumeclaims",
        "persistentvolumes",
        "pods",
        "replicationcontrollers",
        "services",
    ),
    "apps": ("daemonsets", "replicasets", "statefulsets"),
    "batch": ("jobs",),
    "policy": ("poddisruptionbudgets",),
    "resource.k8s.io": ("deviceclasses", "resourceclaims", "resourceslices"),
    "storage.k8s.io": (
        "csidrivers",
        "csinodes",
        "csistoragecapacities",
        "storageclasses",
        "volumeattachments",
    ),
}
"""What it must know to say where a pod would fit:
https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/examples/cluster-autoscaler-autodiscover.yaml"""
WRITES: dict[str, Sequence[str]] = {
    "events": ("create", "patch"),
    "nodes": ("update",),
    "pods/eviction": ("create",),
    "pods/status": ("update",),
}


class ClusterAutoscalerArgs(NamespacedPods):
    image: NotRequired[pulumi.Input[str]]
    """Image of the Cluster Autoscaler, of the cluster's minor version. Default: 1.35.0 of registry.k8s.io,
    which nodes reach through NAT (EksCluster's public_images)."""
    idle_minutes: NotRequired[int]
    """Time that a node is half empty until it is drained and taken away. Default 10."""


class ClusterAutoscaler(Component):
    """Adds nodes, up to the most that the cluster may have, when pods find no place on those there are, and
    drains and removes what is not needed.

    The network needs the endpoints autoscaling and eks, where nodes do not reach the internet. It cannot
    choose the zone of a new node, since one group has all zones: a pod whose disk waits for a node in one of
    them gets it when the group has evened itself out.
    """

    def __init__(
        self, name: str, args: ClusterAutoscalerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if "node_group_name" not in args:
            self.reject("node_group_name", None, "the group that it scales")
        if (idle := args.get("idle_minutes", 10)) < 1:
            self.reject("idle_minutes", idle, "at least 1")
        ours: Any = {key: args[key] for key in NamespacedPods.__annotations__ if key in args}
        invoke = pulumi.InvokeOutputOptions(parent=self)
        region = aws.get_region_output(region=self._region, opts=invoke).region
        pod: Any = {
            **ours,
            "image": args.get("image", IMAGE),
            "port": PORT,
            "health_check_path": "/health-check",
            "command": ["./cluster-autoscaler"],
            "arguments": _arguments(args, idle),
            "environment": {"AWS_REGION": region},
            # Two would need a lease to agree who scales; for the time that one starts anew, nothing does.
            "replicas": 1,
            "alone": True,
            "aws_identity": True,
            "statements": self._statements(args, region),
            "kubernetes_rules": _rules(),
            "memory_mib": 600,
        }
        KubernetesService(name, pod, self.child)
        self.register_outputs({})

    def _statements(self, args: ClusterAutoscalerArgs, region: pulumi.Input[str]) -> list[dict[str, Any]]:
        invoke = pulumi.InvokeOutputOptions(parent=self)
        account = aws.get_caller_identity_output(opts=invoke).account_id
        partition = aws.get_partition_output(opts=invoke).partition
        place: Any = (partition, region, account)
        group = pulumi.Output.format(
            "arn:{}:autoscaling:{}:{}:autoScalingGroup:*:autoScalingGroupName/{}",
            *place,
            args.get("node_group_name"),
        )
        nodes = pulumi.Output.format("arn:{}:eks:{}:{}:nodegroup/{}/*/*", *place, args["cluster_name"])
        return [
            {"Sid": "Look", "Effect": "Allow", "Action": list(LOOKS), "Resource": "*"},
            {"Sid": "Nodes", "Effect": "Allow", "Action": "eks:DescribeNodegroup", "Resource": nodes},
            {"Sid": "Scale", "Effect": "Allow", "Action": list(SCALES), "Resource": group},
        ]


def _arguments(args: ClusterAutoscalerArgs, idle_minutes: int) -> list[pulumi.Input[str]]:
    # EKS gives the group these tags: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
    tags = "k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/{}"
    return [
        "--cloud-provider=aws",
        pulumi.Output.format(f"--node-group-auto-discovery=asg:tag={tags}", args["cluster_name"]),
        "--leader-elect=false",
        "--write-status-configmap=false",
        "--skip-nodes-with-local-storage=false",
        "--skip-nodes-with-system-pods=false",
        f"--scale-down-unneeded-time={idle_minutes}m",
        "--logtostderr=true",
    ]


def _rules() -> list[dict[str, Any]]:
    reads = [
        {"api_groups": [group], "resources": list(kinds), "verbs": ["get", "list", "watch"]}
        for group, kinds in READS.items()
    ]
    writes = [
        {"api_groups": [""], "resources": [kind], "verbs": list(verbs)} for kind, verbs in WRITES.items()
    ]
    return reads + writes
