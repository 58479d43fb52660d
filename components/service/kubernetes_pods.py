"""What pods on a cluster have in common, whoever puts them there."""

import json
import re
from collections.abc import Mapping
from typing import Any, NotRequired

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

STORAGE_CLASS = "encrypted"
"""The class of disks that EksCluster makes."""


class Pods(ComponentArgs):
    """A cluster that pods run on: EksCluster.pods. Its objects are made by the cluster's provider, in
    EksCluster.inside."""

    cluster: str
    """Name of the cluster's component."""
    cluster_name: pulumi.Input[str]
    """Name of the cluster at EKS."""
    node_security_group_id: pulumi.Input[str]
    """Security group of the nodes, which is the pods' too."""
    node_group_name: NotRequired[pulumi.Input[str]]
    """Auto Scaling group of the nodes, for load balancers. Default: unknown, and nothing can stand before
    pods."""
    disks: NotRequired[bool]
    """Whether pods may have disks of their own. Default: unknown, and nobody checks."""


class NamespacedPods(Pods):
    """The same, in a namespace: KubernetesNamespace.pods."""

    namespace: pulumi.Input[str]
    """Namespace, whose network policy lets nothing through but what an arrow opens."""


def namespaced(args: Mapping[str, Any]) -> NamespacedPods:
    """What a component that is made of pods says of where they are."""
    found: Any = {key: value for key, value in args.items() if key in NamespacedPods.__annotations__}
    return found


def environment_name(server: str) -> str:
    """How the variables of a server's address and password begin."""
    return re.sub("[^A-Z0-9]", "_", server.upper())
