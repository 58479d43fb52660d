"""Pods are never all away, and talk to nobody by default."""

from typing import Any

from policy.resource import Resource, Stack, at
from policy.rule import HIGH, MEDIUM, Complaints, rule
from policy.rules.kubernetes import DAEMON_SET, DEPLOYMENT, POD, STATEFUL_SET, pod

BUDGET = "kubernetes:policy/v1:PodDisruptionBudget"
SCALERS = (
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
)
NAMESPACE = "kubernetes:core/v1:Namespace"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
)
SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
ZONE = "topology.kubernetes.io/zone"


@rule(
    (DEPLOYMENT, STATEFUL_SET),
    severity=MEDIUM,
    frameworks=("WA REL11-BP05",),
    mend="add a PodDisruptionBudget whose selector is the workload's, with maxUnavailable 1",
    url="https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
    themes=("resilience",),
)
def each_workload_has_a_disruption_budget(workload: Resource, stack: Stack) -> Complaints:
    """Draining nodes for an upgrade may otherwise take all pods at once."""
    wanted = (_namespace(workload), workload["spec.selector.matchLabels"])
    budgets = [(_namespace(one), one["spec.selector.matchLabels"]) for one in stack.all(BUDGET)]
    if _pods(workload, stack) > 1 and wanted not in budgets:
        yield "has no disruption budget"


@rule(
    (DEPLOYMENT, STATEFUL_SET),
    severity=MEDIUM,
    frameworks=("WA REL11-BP02",),
    mend="set replicas, or an autoscaler's minReplicas; strategy.type Recreate says that one must do",
    url="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/",
    themes=("resilience",),
    parameters={"replicas": {"type": "integer", "minimum": 1, "default": 2}},
)
def a_workload_is_more_than_one_pod(workload: Resource, stack: Stack, replicas: int) -> Complaints:
    """With its node a single pod is away for as long as the next one takes to start."""
    alone = workload["spec.strategy.type"] == "Recreate"
    if not alone and (pods := _pods(workload, stack)) < replicas:
        yield f"is {pods:g} pod; {replicas:g} are asked for"


@rule(
    (DEPLOYMENT, STATEFUL_SET),
    severity=MEDIUM,
    frameworks=("WA REL10-BP01",),
    mend=f"add a topologySpreadConstraint with the topologyKey {ZONE}",
    url="https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/",
    themes=("resilience",),
)
def pods_spread_over_zones(workload: Resource, stack: Stack) -> Complaints:
    """The scheduler fills a node first, and all pods of a workload may stand in one zone."""
    spread = [at(one, "topologyKey") for one in pod(workload, "topologySpreadConstraints") or []]
    kept = str(pod(workload, "affinity.podAntiAffinity"))
    if ZONE not in spread and ZONE not in kept and _pods(workload, stack) > 1:
        yield "does not spread its pods over zones"


@rule(
    (DEPLOYMENT, STATEFUL_SET, DAEMON_SET),
    severity=MEDIUM,
    frameworks=("CKV_K8S_8", "CKV_K8S_9", "WA REL11-BP03"),
    mend="set livenessProbe and readinessProbe on the container",
    url="https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/",
    themes=("resilience",),
)
def a_container_is_asked_how_it_is(workload: Resource) -> Complaints:
    """A program that hangs is otherwise sent requests for as long as its process lives."""
    for one in pod(workload, "containers") or []:
        for probe in ("livenessProbe", "readinessProbe"):
            if not one.get(probe):
                yield f"asks its container '{one.get('name')}' no {probe}"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_38", "CIS EKS 4.1.6"),
    mend="set automountServiceAccountToken to false on the pod, or bind its service account to a role",
    url="https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
    themes=("identity",),
)
def no_pod_holds_a_token_that_it_does_not_use(workload: Resource, stack: Stack) -> Complaints:
    """The token speaks to the cluster for whoever breaks in."""
    own = (_namespace(workload), pod(workload, "serviceAccountName") or "default")
    accounts = [one for one in stack.all(ACCOUNT) if (_namespace(one), one["metadata.name"]) == own]
    said = [pod(workload, "automountServiceAccountToken")]
    said += [one["automountServiceAccountToken"] for one in accounts]
    if next((one for one in said if one is not None), True) and own not in _bound(stack):
        yield "holds a token that is bound to no role"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_21", "CIS EKS 4.5.2"),
    mend="make a Namespace, and name it in metadata.namespace",
    url="https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
)
def no_workload_is_in_the_default_namespace(workload: Resource) -> Complaints:
    """What is nobody's place has nobody's rules: no network policy, no quota, no rights of its own."""
    if _namespace(workload) == "default":
        yield "is in the default namespace"


@rule(
    NAMESPACE,
    severity=HIGH,
    frameworks=("CIS EKS 4.3.2", "CKV2_K8S_6"),
    mend="add a NetworkPolicy with an empty podSelector, both policyTypes, and no ingress",
    url="https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies",
    themes=("network",),
)
def each_namespace_is_closed_first(namespace: Resource, stack: Stack) -> Complaints:
    """Where no policy selects a pod, every pod of the cluster may call it, and it may call the world."""
    name = namespace["metadata.name"] or namespace.name
    policies = [one for one in stack.all(NETWORK_POLICY) if _namespace(one) == name and _closes(one)]
    closed = {way for one in policies for way in one.many("spec.policyTypes")}
    if name not in SYSTEM and (open := [way for way in ("Ingress", "Egress") if way not in closed]):
        yield f"is open by default: {', '.join(open)}"


@rule(
    NAMESPACE,
    severity=HIGH,
    frameworks=("PSS Baseline", "CIS EKS 4.2.1"),
    mend="set the label pod-security.kubernetes.io/enforce to restricted, or baseline",
    url="https://kubernetes.io/docs/concepts/security/pod-security-admission/",
)
def a_namespace_says_what_its_pods_may(namespace: Resource) -> Complaints:
    """Without the label the cluster takes any pod, a privileged one too, whoever sends it."""
    labels = namespace["metadata.labels"] or {}
    if labels.get("pod-security.kubernetes.io/enforce") not in ("baseline", "restricted"):
        yield "takes pods that may do anything"


def _namespace(resource: Resource) -> Any:
    return resource["metadata.namespace"] or "default"


def _pods(workload: Resource, stack: Stack) -> float:
    """How many there are at least: what an autoscaler says, if there is one."""
    own = (workload.kind, _namespace(workload), workload["metadata.name"])
    for one in stack.all(*SCALERS):
        if (one["spec.scaleTargetRef.kind"], _namespace(one), one["spec.scaleTargetRef.name"]) == own:
            return one["spec.minReplicas"] or 1
    replicas = workload["spec.replicas"]
    return 1 if replicas is None else replicas


def _closes(policy: Resource) -> bool:
    everyone = not any((policy["spec.podSelector"] or {}).values())
    return everyone and not policy["spec.ingress"] and list(policy.many("spec.egress")) != [{}]


def _bound(stack: Stack) -> set[tuple[Any, Any]]:
    """Service accounts, by namespace and name, that are bound to a role."""
    bindings = [
        (_namespace(one), subject) for one in stack.all(*BINDINGS) for subject in one.many("subjects")
    ]
    return {
        (at(subject, "namespace") or namespace, at(subject, "name"))
        for namespace, subject in bindings
        if at(subject, "kind") == "ServiceAccount"
    }
