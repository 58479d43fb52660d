"""A place for pods in a cluster, closed until arrows are drawn."""

import re

import pulumi
import pulumi_kubernetes as kubernetes

from components.component import Component
from components.service.kubernetes_pods import NamespacedPods, Pods

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
DNS = 53


class KubernetesNamespaceArgs(Pods):
    """Nothing to choose but the cluster."""


class KubernetesNamespace(Component):
    """A namespace of restricted pods, which may ask for names and nothing else.

    Pods that run as root, see their node or gain privileges are refused:
    https://kubernetes.io/docs/concepts/security/pod-security-standards/. A pod that has just started may
    speak for the seconds that the network plugin takes to know its policies.
    """

    namespace: pulumi.Output[str]

    def __init__(
        self, name: str, args: KubernetesNamespaceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        if not LABEL.fullmatch(name):
            self.reject("name", name, "lower-case letters, digits and hyphens, of at most 63")
        space = kubernetes.core.v1.Namespace(
            name,
            metadata={
                "name": name,
                "labels": {
                    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")
                },
            },
            opts=self.child,
        )
        kubernetes.networking.v1.NetworkPolicy(
            f"{name}-closed",
            metadata={"name": "closed", "namespace": space.metadata.name},
            spec={
                "pod_selector": {},
                "policy_types": ["Ingress", "Egress"],
                "egress": [
                    {
                        "to": [
                            {
                                "namespace_selector": {
                                    "match_labels": {"kubernetes.io/metadata.name": "kube-system"}
                                },
                                "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
                            }
                        ],
                        "ports": [{"protocol": protocol, "port": DNS} for protocol in ("UDP", "TCP")],
                    }
                ],
            },
            opts=self.child,
        )

        self.namespace = space.metadata.apply(lambda metadata: metadata.name or name)
        self.pods: NamespacedPods = {
            "cluster": args["cluster"],
            "cluster_name": args["cluster_name"],
            "node_security_group_id": args["node_security_group_id"],
            "namespace": self.namespace,
        }
        if "node_group_name" in args:
            self.pods["node_group_name"] = args["node_group_name"]
        if "disks" in args:
            self.pods["disks"] = args["disks"]
        self.register_outputs({"namespace": self.namespace})
