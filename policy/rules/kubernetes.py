"""A container has what it needs, keeps to it, and gets no further than itself."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from policy.resource import Resource, at
from policy.rule import CRITICAL, HIGH, MEDIUM, Complaints, rule

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
POD = {
    DEPLOYMENT: "spec.template.spec",
    STATEFUL_SET: "spec.template.spec",
    DAEMON_SET: "spec.template.spec",
    "kubernetes:batch/v1:Job": "spec.template.spec",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
    "kubernetes:core/v1:Pod": "spec",
}
"""Where each of them says what its pods are."""

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"

RESTRICTED = "https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"
RESOURCES = "https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/"

COPIED = [
    "*.dkr.ecr.*.amazonaws.com",
    *("public.ecr.aws", "docker.io", "ghcr.io", "quay.io", "registry.gitlab.com", "registry.k8s.io"),
]
"""One's own, and those that ECR's pull-through cache can copy:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html"""


def pod(workload: Resource, path: str) -> Any:
    """What stands at a path of the pods of a workload."""
    return workload[f"{POD[workload.type]}.{path}"]


def containers(workload: Resource) -> Iterator[Mapping[str, Any]]:
    yield from workload.many(f"{POD[workload.type]}.containers")
    yield from workload.many(f"{POD[workload.type]}.initContainers")


@rule(
    POD,
    severity=HIGH,
    frameworks=("PSS Restricted", "CKV_K8S_20", "CIS EKS 4.2.5"),
    mend="set securityContext.allowPrivilegeEscalation to false on the container",
    url=RESTRICTED,
)
def no_container_gains_rights(workload: Resource) -> Complaints:
    """A process that may become root is a step from the node, and the node from the cluster."""
    for one in containers(workload):
        if at(one, "securityContext.allowPrivilegeEscalation") is not False:
            yield f"lets its container '{one.get('name')}' gain rights"


@rule(
    POD,
    severity=HIGH,
    frameworks=("PSS Restricted", "CKV_K8S_23"),
    mend="set securityContext.runAsNonRoot to true on the pod, and an image's user other than root",
    url=RESTRICTED,
)
def no_container_runs_as_root(workload: Resource) -> Complaints:
    """Root in a container is root on the node as soon as the kernel has one hole."""
    everybody = pod(workload, "securityContext.runAsNonRoot")
    for one in containers(workload):
        own = at(one, "securityContext.runAsNonRoot")
        if not (everybody if own is None else own):
            yield f"lets its container '{one.get('name')}' run as root"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_22",),
    mend="set securityContext.readOnlyRootFilesystem to true, and mount an emptyDir where it must write",
    url="https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
)
def no_container_changes_its_own_files(workload: Resource) -> Complaints:
    """Whoever breaks in cannot leave a program of their own behind."""
    for one in containers(workload):
        if not at(one, "securityContext.readOnlyRootFilesystem"):
            yield f"lets its container '{one.get('name')}' change its own files"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("PSS Restricted", "CKV_K8S_37", "CKV_K8S_28", "CKV_K8S_25"),
    mend="set securityContext.capabilities.drop to [ALL], and add NET_BIND_SERVICE at most",
    url=RESTRICTED,
)
def a_container_has_no_capabilities(workload: Resource) -> Complaints:
    """Each capability is a part of what root may do, and programs need none of them."""
    for one in containers(workload):
        dropped = at(one, "securityContext.capabilities.drop") or []
        added = set(at(one, "securityContext.capabilities.add") or []) - {"NET_BIND_SERVICE"}
        if "ALL" not in dropped or added:
            yield f"leaves its container '{one.get('name')}' capabilities"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("PSS Restricted", "CKV_K8S_31"),
    mend="set securityContext.seccompProfile.type to RuntimeDefault on the pod",
    url="https://kubernetes.io/docs/tutorials/security/seccomp/",
)
def a_container_is_held_by_seccomp(workload: Resource) -> Complaints:
    """Half of the kernel's calls are of use to nobody but an intruder."""
    everybody = pod(workload, "securityContext.seccompProfile.type")
    for one in containers(workload):
        profile = at(one, "securityContext.seccompProfile.type") or everybody
        if profile not in ("RuntimeDefault", "Localhost"):
            yield f"lets its container '{one.get('name')}' make every call to the kernel"


@rule(
    POD,
    severity=CRITICAL,
    frameworks=("PSS Baseline", "CIS EKS 4.2.1", "CIS EKS 4.2.2", "CKV_K8S_16", "CKV_K8S_17", "CKV_K8S_19"),
    mend="take hostNetwork, hostPID, hostIPC, hostPath and privileged away; exempt an agent of nodes",
    url="https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline",
)
def no_pod_reaches_into_its_node(workload: Resource) -> Complaints:
    """A pod that sees its node's files, processes or network sees those of all other pods."""
    taken = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod(workload, key)]
    taken += ["hostPath" for one in pod(workload, "volumes") or [] if at(one, "hostPath")]
    taken += ["privileged" for one in containers(workload) if at(one, "securityContext.privileged")]
    if taken:
        yield f"reaches into its node: {', '.join(dict.fromkeys(taken))}"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_10", "CKV_K8S_12"),
    mend="set resources.requests.cpu and resources.requests.memory on the container",
    url=RESOURCES,
)
def a_container_asks_for_what_it_needs(workload: Resource) -> Complaints:
    """Pods that ask for nothing are put where there is nothing, and are the first to be killed."""
    for one in containers(workload):
        asked = {**(at(one, "resources.limits") or {}), **(at(one, "resources.requests") or {})}
        if missing := [key for key in ("cpu", "memory") if not asked.get(key)]:
            yield f"asks for no {' and no '.join(missing)} for its container '{one.get('name')}'"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_13", "WA REL05-BP02"),
    mend="set resources.limits.memory on the container",
    url=RESOURCES,
)
def a_container_has_a_memory_limit(workload: Resource) -> Complaints:
    """One leak otherwise takes the node's memory, and the neighbours are killed for it."""
    for one in containers(workload):
        if not at(one, "resources.limits.memory"):
            yield f"sets its container '{one.get('name')}' no memory limit"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CKV_K8S_14", "CKV_K8S_43"),
    mend="name the image's digest, or a tag other than latest that is never given again",
    url="https://kubernetes.io/docs/concepts/containers/images/#image-names",
)
def an_image_has_a_version(workload: Resource) -> Complaints:
    """What runs otherwise depends on the day that its node started, and no roll-back finds the old one."""
    for image in (str(one.get("image")) for one in containers(workload)):
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        if tag in ("", "latest") and "@" not in image:
            yield f"runs {image} in whatever version there is"


@rule(
    POD,
    severity=MEDIUM,
    frameworks=("CIS EKS 5.1.4",),
    mend="copy the image to your own registry, or name the registry in the pack's config",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
    parameters={"registries": {"type": "array", "items": {"type": "string"}, "default": COPIED}},
)
def an_image_comes_from_a_known_registry(workload: Resource, registries: list[str]) -> Complaints:
    """Whoever runs the registry decides what your machines run."""
    for image in (str(one.get("image")) for one in containers(workload)):
        first, named, _ = image.partition("/")
        host = first if named and ("." in first or ":" in first) else "docker.io"
        if not any(fnmatch(host, known) for known in registries):
            yield f"runs {image}, from a registry that is not known"


@rule(
    POD,
    severity=HIGH,
    frameworks=("WA SEC02-BP03",),
    mend="put it into a Secret and name it in valueFrom.secretKeyRef, or fetch it from Secrets Manager",
    url="https://kubernetes.io/docs/concepts/configuration/secret/",
)
def no_secret_is_written_in_a_pod(workload: Resource) -> Complaints:
    """Whoever may look at a Deployment reads it, and so does every history of it."""
    for one in containers(workload):
        for name in (env.get("name") for env in one.get("env") or [] if "value" in set(env)):
            if str(name).upper().endswith(SECRET):
                yield f"has {name} written in its container '{one.get('name')}'"


@rule(
    CONFIG_MAP,
    severity=HIGH,
    frameworks=("WA SEC02-BP03", "CIS EKS 4.4.2"),
    mend="put it into a Secret, or fetch it from Secrets Manager",
    url="https://kubernetes.io/docs/concepts/configuration/secret/",
)
def no_secret_is_kept_in_a_config_map(config: Resource) -> Complaints:
    """Rights to ConfigMaps are given freely, and no key of yours encrypts them."""
    if told := [key for key in config["data"] or {} if str(key).upper().replace("-", "_").endswith(SECRET)]:
        yield f"holds {', '.join(told)}"


SECRET = ("PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIALS")
"""How a variable's name ends whose value nobody should read; not USERS_SECRET_ARN, which only names one."""
