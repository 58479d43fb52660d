"""The cluster itself: who reaches it, what they may do there, and what it writes down."""

from policy.resource import Resource, Stack, at
from policy.rule import CRITICAL, HIGH, MEDIUM, Complaints, rule

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ACCESS = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SERVICE = "kubernetes:core/v1:Service"
ROLES = (
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
)
BINDINGS = (
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
)

SECURITY_HUB = "https://docs.aws.amazon.com/securityhub/latest/userguide/eks-controls.html"
LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
OLDEST = "1.34"
"""The oldest version in standard support as of November 2026; 1.33's ended on 29 July 2026, 1.34's does on
2 December 2026, 1.35's on 27 March 2027: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html"""

ON_BALANCER = "service.beta.kubernetes.io/aws-load-balancer-"


@rule(
    CLUSTER,
    severity=HIGH,
    frameworks=("FSBP EKS.3", "CKV_AWS_58", "CIS EKS 5.3.1"),
    mend="set encryptionConfig with a KMS key of your own, for the resources secrets",
    url=f"{SECURITY_HUB}#eks-3",
    themes=("encryption",),
)
def a_cluster_encrypts_its_secrets(cluster: Resource) -> Complaints:
    """A Secret is but base64 in the cluster's store, and whose key holds it is otherwise not yours to say."""
    if "secrets" not in (cluster["encryptionConfig.resources"] or []):
        yield "does not encrypt its secrets with a key of yours"


@rule(
    CLUSTER,
    severity=MEDIUM,
    frameworks=("FSBP EKS.8", "CKV_AWS_37", "AwsSolutions-EKS2", "CIS EKS 2.1.1"),
    mend="set enabledClusterLogTypes to all five, or to those that the pack's config asks for",
    url=f"{SECURITY_HUB}#eks-8",
    themes=("observability",),
    parameters={"logs": {"type": "array", "items": {"type": "string"}, "default": LOGS}},
    remediate=lambda cluster, logs: {"enabledClusterLogTypes": list(logs)},
)
def a_cluster_writes_down_who_asked_for_what(cluster: Resource, logs: list[str]) -> Complaints:
    """Who read a Secret, or deleted a Deployment, is in the control plane's logs or nowhere."""
    kept = cluster.many("enabledClusterLogTypes")
    if missing := [one for one in logs if one not in kept]:
        yield f"does not keep the logs {', '.join(missing)}"


@rule(
    CLUSTER,
    severity=HIGH,
    frameworks=("FSBP EKS.2", "CKV_AWS_339"),
    mend="upgrade, one version at a time: first the cluster, then its add-ons and nodes",
    url="https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html",
    themes=("cost",),
    parameters={"oldest": {"type": "string", "default": OLDEST}},
)
def a_cluster_runs_a_supported_version(cluster: Resource, oldest: str) -> Complaints:
    """Past standard support an hour of the cluster costs six times as much; later AWS upgrades it unasked."""
    version = cluster["version"]
    if version and _number(version) < _number(oldest):
        yield f"runs Kubernetes {version}; {oldest} is the oldest in standard support"


@rule(
    NODE_GROUP,
    severity=HIGH,
    frameworks=("CKV_AWS_341", "FSBP AutoScaling.4"),
    mend="give the group a launch template with metadataOptions.httpPutResponseHopLimit 1",
    url="https://aws.github.io/aws-eks-best-practices/security/docs/iam/#restrict-access-to-the-instance-profile-assigned-to-the-worker-node",
    themes=("identity",),
)
def no_pod_has_the_rights_of_its_node(group: Resource, stack: Stack) -> Complaints:
    """One hop further, every pod can fetch the node's keys, and with them all images and all addresses."""
    templates = stack.behind(group, "launchTemplate", TEMPLATE)
    if not templates:
        yield "has no launch template of the stack, and EKS's own lets pods ask for the node's keys"
    for one in templates:
        if one.given("metadataOptions.httpPutResponseHopLimit") != 1:
            yield "lets pods ask for the node's keys"


@rule(
    ROLES,
    severity=HIGH,
    frameworks=("CKV_K8S_49", "CIS EKS 4.1.3"),
    mend="name the verbs, resources and groups",
    url="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    themes=("identity",),
)
def a_role_names_what_it_allows(role: Resource) -> Complaints:
    """A wildcard allows what the next operator brings into the cluster, too."""
    for one in role.many("rules"):
        if wild := [key for key in ("apiGroups", "resources", "verbs") if "*" in (at(one, key) or [])]:
            yield f"allows every one of {', '.join(wild)}"


@rule(
    (*BINDINGS, ACCESS),
    severity=HIGH,
    frameworks=("CIS EKS 4.1.1",),
    mend="bind a role that names what is needed, in the namespaces where it is needed",
    url="https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    themes=("identity",),
)
def nobody_is_made_administrator_of_the_cluster(binding: Resource) -> Complaints:
    """Who may do everything may read every Secret and be every pod."""
    role = str(binding["policyArn"] if binding.type == ACCESS else binding["roleRef.name"])
    if role.endswith(("cluster-admin", "/AmazonEKSClusterAdminPolicy")):
        yield f"hands out {role.rsplit('/', 1)[-1]}"


@rule(
    SERVICE,
    severity=CRITICAL,
    frameworks=("WA SEC05-BP02",),
    mend=f"set the annotation {ON_BALANCER}scheme to internal, and let a guarded balancer face the world",
    url="https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html",
    themes=("network",),
)
def no_service_is_a_public_door(service: Resource) -> Complaints:
    """One word in a manifest, and a pod is on the internet with neither certificate nor firewall."""
    said = service["metadata.annotations"] or {}
    scheme = said.get(f"{ON_BALANCER}scheme") or (
        "internal"
        if service["spec.loadBalancerClass"] or said.get(f"{ON_BALANCER}internal") == "true"
        else "internet-facing"
    )
    if service["spec.type"] == "LoadBalancer" and scheme != "internal":
        yield "asks for a load balancer that faces the internet"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
