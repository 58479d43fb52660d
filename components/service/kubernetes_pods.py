"""What pods on a cluster have in common, whoever puts them there."""

import json

import pulumi

from components.component import ComponentArgs

POD_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
            }
        ],
    }
)
"""Who may take a pod's role: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html"""


class Pods(ComponentArgs):
    """A cluster that pods run on: EksCluster.pods. Its objects are made by the cluster's provider, in
    EksCluster.inside."""

    cluster: str
    """Name of the cluster's component."""
    cluster_name: pulumi.Input[str]
    """Name of the cluster at EKS."""
    node_security_group_id: pulumi.Input[str]
    """Security group of the nodes, which is the pods' too."""


class NamespacedPods(Pods):
    """The same, in a namespace: KubernetesNamespace.pods."""

    namespace: pulumi.Input[str]
    """Namespace, whose network policy lets nothing through but what an arrow opens."""
