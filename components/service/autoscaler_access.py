"""Who, outside of a cluster, may change some of its autoscalers, and nothing else there."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from components.component import Component
from components.service.kubernetes_pods import NamespacedPods


class AutoscalerAccessArgs(NamespacedPods):
    """`namespace` is that of the autoscalers."""

    role_arn: pulumi.Input[str]
    """ARN of the role that may."""
    autoscalers: Sequence[str]
    """Names of the HorizontalPodAutoscalers: those of their services."""


class AutoscalerAccess(Component):
    """An identity for a role in a cluster that may read and change the autoscalers that are named.

    The way to the cluster's API is an arrow of its own.
    """

    group: pulumi.Output[str]
    """The group that the role belongs to in the cluster."""

    def __init__(
        self, name: str, args: AutoscalerAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not args["autoscalers"]:
            self.reject("autoscalers", [], "one or more")

        group = f"{pulumi.get_stack()}-{name}".lower()
        aws.eks.AccessEntry(
            name,
            cluster_name=args["cluster_name"],
            principal_arn=args["role_arn"],
            kubernetes_groups=[group],
            opts=self.child,
        )
        rbac, named = kubernetes.rbac.v1, {"name": name, "namespace": args["namespace"]}
        role = rbac.Role(
            name,
            metadata=named,
            rules=[
                {
                    "api_groups": ["autoscaling"],
                    "resources": ["horizontalpodautoscalers"],
                    "resource_names": args["autoscalers"],
                    "verbs": ["get", "patch"],
                }
            ],
            opts=self.child,
        )
        rbac.RoleBinding(
            name,
            metadata=named,
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": role.metadata.apply(lambda metadata: metadata.name or name),
            },
            subjects=[{"api_group": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
            opts=self.child,
        )

        self.group = pulumi.Output.from_input(group)
        self.register_outputs({"group": self.group})
