"""The namespace of the world, and what breaks each rule about it and about how many pods there are."""

from tests.policy.world import Made, both, change, remove

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
NAMESPACE = "kubernetes:core/v1:Namespace"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"

PODS = "spec.template.spec"

WORLD = [
    Made(
        NAMESPACE,
        "shop",
        {"metadata": {"name": "shop", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
    ),
    Made(
        NETWORK_POLICY,
        "closed",
        {
            "metadata": {"namespace": "shop", "name": "closed"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        },
    ),
    Made(ACCOUNT, "cart", {"metadata": {"namespace": "shop", "name": "cart"}}),
    Made(
        BUDGET,
        "cart",
        {"metadata": {"namespace": "shop"}, "spec": {"selector": {"matchLabels": {"app": "cart"}}}},
    ),
]

MUTATIONS = {
    "each_workload_has_a_disruption_budget": remove(BUDGET, "cart", blame=(DEPLOYMENT, "cart")),
    "a_workload_is_more_than_one_pod": change(DEPLOYMENT, "cart", "spec.replicas", 1),
    "pods_spread_over_zones": change(
        DEPLOYMENT, "cart", f"{PODS}.topologySpreadConstraints.0.topologyKey", "kubernetes.io/hostname"
    ),
    "a_container_is_asked_how_it_is": change(DEPLOYMENT, "cart", f"{PODS}.containers.0.readinessProbe", None),
    "no_pod_holds_a_token_that_it_does_not_use": change(
        DEPLOYMENT, "cart", f"{PODS}.automountServiceAccountToken", None
    ),
    "no_workload_is_in_the_default_namespace": both(
        change(BUDGET, "cart", "metadata.namespace", "default"),
        change(DEPLOYMENT, "cart", "metadata.namespace", "default"),
    ),
    "each_namespace_is_closed_first": change(
        NETWORK_POLICY, "closed", "spec.policyTypes", ["Ingress"], blame=(NAMESPACE, "shop")
    ),
    "a_namespace_says_what_its_pods_may": change(NAMESPACE, "shop", "metadata.labels", {"team": "shop"}),
}
