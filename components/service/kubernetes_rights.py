"""What pods may do in the API of their own cluster."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.service.kubernetes_policies import PodGroup


def rights(
    pods: PodGroup, account: kubernetes.core.v1.ServiceAccount, rules: Sequence[Mapping[str, Any]]
) -> kubernetes.rbac.v1.ClusterRoleBinding:
    """A role in the whole cluster, and that the pods' account has it."""
    name = pods.service.name
    whole: Any = {"name": pulumi.Output.format("{}-{}", pods.namespace, name), "labels": pods.labels}
    made: Any = {"rules": list(rules)}
    role = kubernetes.rbac.v1.ClusterRole(name, metadata=whole, **made, opts=pods.service.child)
    return kubernetes.rbac.v1.ClusterRoleBinding(
        name,
        metadata=whole,
        role_ref={
            "api_group": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role.metadata.apply(lambda metadata: metadata.name or name),
        },
        subjects=[
            {
                "kind": "ServiceAccount",
                "name": account.metadata.apply(lambda metadata: metadata.name or name),
                "namespace": pods.namespace,
            }
        ],
        opts=pods.service.child,
    )
