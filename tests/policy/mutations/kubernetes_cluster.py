"""The cluster of the world, and what breaks each rule about it."""

from tests.policy.world import Made, Ref, change

CLUSTER = "aws:eks/cluster:Cluster"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SUBNET = "aws:ec2/subnet:Subnet"
SERVICE = "kubernetes:core/v1:Service"
ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding"
TAGS = {"owner": "shop", "stack": "shop-prod"}
SUBNETS = [Ref(SUBNET, f"net-{zone}", "id") for zone in "abc"]

WORLD = [
    Made(
        CLUSTER,
        "shop",
        {
            "name": "shop",
            "version": "1.35",
            "deletionProtection": True,
            "accessConfig": {"authenticationMode": "API"},
            "vpcConfig": {
                "endpointPublicAccess": False,
                "endpointPrivateAccess": True,
                "publicAccessCidrs": [],
                "subnetIds": SUBNETS,
            },
            "enabledClusterLogTypes": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "encryptionConfig": {
                "resources": ["secrets"],
                "provider": {"keyArn": "arn:aws:kms:us-east-1:123456789012:key/shop"},
            },
            "tags": TAGS,
        },
    ),
    Made(
        NODE_GROUP,
        "shop",
        {
            "clusterName": Ref(CLUSTER, "shop", "name"),
            "instanceTypes": ["m7g.xlarge"],
            "launchTemplate": {"id": Ref(TEMPLATE, "web", "id"), "version": "1"},
            "scalingConfig": {"minSize": 3, "desiredSize": 3, "maxSize": 9},
            "subnetIds": SUBNETS,
            "tags": TAGS,
        },
    ),
    Made(
        SERVICE,
        "cart",
        {
            "metadata": {"namespace": "shop", "name": "cart"},
            "spec": {"type": "ClusterIP", "selector": {"app": "cart"}, "ports": [{"port": 80}]},
        },
    ),
    Made(
        ROLE,
        "reader",
        {
            "metadata": {"name": "reader"},
            "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}],
        },
    ),
    Made(
        BINDING,
        "reader",
        {
            "metadata": {"name": "reader"},
            "roleRef": {"kind": "ClusterRole", "name": "reader"},
            "subjects": [{"kind": "Group", "name": "support"}],
        },
    ),
]

MUTATIONS = {
    "a_cluster_encrypts_its_secrets": change(CLUSTER, "shop", "encryptionConfig", None),
    "a_cluster_writes_down_who_asked_for_what": change(CLUSTER, "shop", "enabledClusterLogTypes", ["api"]),
    "a_cluster_runs_a_supported_version": change(CLUSTER, "shop", "version", "1.9"),
    "no_pod_has_the_rights_of_its_node": change(
        TEMPLATE, "web", "metadataOptions.httpPutResponseHopLimit", 2, blame=(NODE_GROUP, "shop")
    ),
    "a_role_names_what_it_allows": change(ROLE, "reader", "rules.0.verbs", ["*"]),
    "nobody_is_made_administrator_of_the_cluster": change(BINDING, "reader", "roleRef.name", "cluster-admin"),
    "no_service_is_a_public_door": change(SERVICE, "cart", "spec.type", "LoadBalancer"),
}
