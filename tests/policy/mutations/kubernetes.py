"""Containers of the world, and what breaks each rule about them."""

from tests.policy.world import Made, change

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
LABELS = {"app": "cart"}
ZONE = "topology.kubernetes.io/zone"

CONTAINER = {
    "name": "main",
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/cart:2026.11.1",
    "env": [{"name": "ORDERS_SECRET_ARN", "value": "arn:aws:secretsmanager:us-east-1:123456789012:secret:o"}],
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}},
    "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
    "readinessProbe": {"httpGet": {"path": "/health", "port": 8080}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
}

WORLD = [
    Made(CONFIG_MAP, "cart", {"metadata": {"namespace": "shop"}, "data": {"cart.yml": "currency: EUR"}}),
    Made(
        DEPLOYMENT,
        "cart",
        {
            "metadata": {"namespace": "shop", "name": "cart"},
            "spec": {
                "replicas": 3,
                "selector": {"matchLabels": LABELS},
                "template": {
                    "spec": {
                        "serviceAccountName": "cart",
                        "automountServiceAccountToken": False,
                        "securityContext": {
                            "runAsNonRoot": True,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "topologySpreadConstraints": [{"topologyKey": ZONE, "maxSkew": 1}],
                        "volumes": [{"name": "scratch", "emptyDir": {}}],
                        "containers": [CONTAINER],
                    }
                },
            },
        },
    ),
]

PODS = "spec.template.spec"
MAIN = f"{PODS}.containers.0"


def cart(path, value):
    return change(DEPLOYMENT, "cart", path, value)


MUTATIONS = {
    "no_container_gains_rights": cart(f"{MAIN}.securityContext.allowPrivilegeEscalation", True),
    "no_container_runs_as_root": cart(f"{MAIN}.securityContext.runAsNonRoot", False),
    "no_container_changes_its_own_files": cart(f"{MAIN}.securityContext.readOnlyRootFilesystem", None),
    "a_container_has_no_capabilities": cart(f"{MAIN}.securityContext.capabilities.add", ["SYS_ADMIN"]),
    "a_container_is_held_by_seccomp": cart(f"{PODS}.securityContext.seccompProfile.type", "Unconfined"),
    "no_pod_reaches_into_its_node": cart(f"{PODS}.volumes.0.hostPath", {"path": "/var/run/docker.sock"}),
    "a_container_asks_for_what_it_needs": cart(f"{MAIN}.resources.requests.cpu", None),
    "a_container_has_a_memory_limit": cart(f"{MAIN}.resources.limits.memory", None),
    "an_image_has_a_version": cart(
        f"{MAIN}.image", "123456789012.dkr.ecr.us-east-1.amazonaws.com/cart:latest"
    ),
    "an_image_comes_from_a_known_registry": cart(f"{MAIN}.image", "images.example.com:5000/cart:2026.11.1"),
    "no_secret_is_kept_in_a_config_map": change(CONFIG_MAP, "cart", "data", {"db-password": "hunter2"}),
    "no_secret_is_written_in_a_pod": cart(f"{MAIN}.env", [{"name": "DB_PASSWORD", "value": "hunter2"}]),
}
