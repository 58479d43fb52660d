import json

import pytest

from components.access import connect
from components.service.auto_scaling_service import AutoScalingService
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster

CLUSTER = {"cluster": "apps", "cluster_name": "dev-apps", "node_security_group_id": "sg-nodes"}
PODS = {**CLUSTER, "namespace": "space"}
DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "zones": ["us-east-1a", "us-east-1b"],
    "cidr_blocks": ["10.0.1.0/24", "10.0.2.0/24"],
}
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECRET = "kubernetes:core/v1:Secret"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def pods(name="app", **more):
    return KubernetesService(name, {**PODS, "image": "a/b:1", "port": 8080, **more})


def spec(graph, name="app"):
    return graph.one(DEPLOYMENT, name).inputs["spec"]


def pod(graph, name="app"):
    return spec(graph, name)["template"]["spec"]


def policies(graph):
    return {one.name: one.inputs["spec"] for one in graph.all(POLICY)}


def test_a_namespace_is_closed_but_for_names_and_takes_restricted_pods_only(preview):
    graph = preview(lambda: KubernetesNamespace("space", CLUSTER))
    labels = graph.one("kubernetes:core/v1:Namespace").inputs["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    closed = policies(graph)["space-closed"]
    assert closed["podSelector"] == {} and closed["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed
    assert {port["port"] for rule in closed["egress"] for port in rule["ports"]} == {53}


def test_pods_are_restricted(preview):
    made = pod(preview(pods))
    container = made["containers"][0]["securityContext"]
    assert made["securityContext"]["runAsNonRoot"] and made["securityContext"]["runAsUser"] > 0
    assert made["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["readOnlyRootFilesystem"] and container["capabilities"] == {"drop": ["ALL"]}
    assert not container["allowPrivilegeEscalation"] and not made["automountServiceAccountToken"]


def test_pods_are_spread_over_zones_and_nodes(preview):
    keys = {one["topologyKey"] for one in pod(preview(pods))["topologySpreadConstraints"]}
    assert keys == {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}


def test_a_change_takes_no_pod_away_before_its_successor_is_ready(preview):
    graph = preview(pods)
    assert spec(graph)["replicas"] == 2
    assert spec(graph)["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    budget = graph.one("kubernetes:policy/v1:PodDisruptionBudget").inputs["spec"]
    assert budget["maxUnavailable"] == 1


def test_what_must_be_alone_is_stopped_before_it_starts_anew(preview):
    made = spec(preview(lambda: pods(alone=True, replicas=1)))
    assert made["strategy"] == {"type": "Recreate"} and made["replicas"] == 1


def test_a_pod_says_that_it_is_well(preview):
    container = pod(preview(lambda: pods(start_seconds=60)))["containers"][0]
    probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")}
    assert {one["httpGet"]["path"] for one in probes.values()} == {"/health"}
    assert probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"] == 60


def test_an_autoscaler_says_how_many_pods_there_are(preview):
    graph = preview(lambda: pods(maximum=10, cpu_percent=70))
    scaler = graph.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 10) and "replicas" not in spec(graph)
    assert scaler["metrics"][0]["resource"]["target"]["averageUtilization"] == 70


def test_a_change_of_a_file_rolls_the_pods(preview):
    marks = [
        spec(preview(lambda text=text: pods(files={"a.yml": text})))["template"]["metadata"]["annotations"]
        for text in ("one", "two")
    ]
    assert marks[0] != marks[1]


def test_an_arrow_between_services_is_a_policy_on_each_side(preview):
    def program():
        connect(pods("web"), pods("app", port=9000))

    made = policies(preview(program))
    (out,) = made["web-to-app"]["egress"]
    (into,) = made["web-to-app-in"]["ingress"]
    assert made["web-to-app"]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "web"}
    assert out["to"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "app"}
    assert into["from"][0]["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "web"}
    assert out["ports"] == into["ports"] == [{"protocol": "TCP", "port": 9000}]


def test_an_arrow_out_of_the_cluster_names_the_server_s_subnets_and_opens_the_nodes_way_once(preview):
    def program():
        cache = RedisCluster("cache", DATA)
        for name in ("web", "app"):
            connect(pods(name, aws_identity=True), cache)

    graph = preview(program)
    (out,) = policies(graph)["web-to-cache"]["egress"]
    assert [one["ipBlock"]["cidr"] for one in out["to"]] == DATA["cidr_blocks"]
    (rule,) = graph.all(EGRESS)
    assert (rule.name, rule.inputs["securityGroupId"]) == ("cache-from-apps", "sg-nodes")


def test_a_called_server_is_known_by_its_address_and_its_password(preview):
    def program():
        connect(pods(calls=["the-cache"]), RedisCluster("the-cache", {**DATA, "password": True}))

    graph = preview(program)
    (source,) = pod(graph)["containers"][0]["envFrom"]
    assert source == {"secretRef": {"name": "app-to-the-cache"}}
    secret = graph.one(SECRET)
    assert secret.inputs["metadata"]["name"] == "app-to-the-cache"
    assert secret.inputs["stringData"].value.keys() == {"THE_CACHE_ADDRESS", "THE_CACHE_PASSWORD"}
    assert graph.all("aws:iam/rolePolicy:RolePolicy") == []


def test_pods_have_no_role_unless_they_ask_for_one(preview):
    assert preview(pods).all("aws:iam/role:Role") == []
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:1:q"}
    graph = preview(lambda: pods(aws_identity=True, statements=[statement]))
    trust = json.loads(graph.one("aws:iam/role:Role").inputs["assumeRolePolicy"])["Statement"][0]
    assert trust["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    identity = graph.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    assert (identity["namespace"], identity["serviceAccount"]) == ("space", "app")
    assert (
        graph.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").urn
        in graph.one(DEPLOYMENT).dependencies
    )
    ports = [rule["ports"][0]["port"] for rule in policies(graph)["app-to-aws"]["egress"]]
    assert ports == [80, 443]


def test_rejects_an_arrow_from_outside_of_the_cluster(preview):
    def program():
        place = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
        connect(AutoScalingService("web", {**place, "image": "a/b:1", "port": 80}), pods())

    with pytest.raises(Exception, match="'app' is reached from pods of its own cluster alone"):
        preview(program)


def test_rejects_an_arrow_to_addresses_that_nobody_knows(preview):
    place = {key: value for key, value in DATA.items() if key != "cidr_blocks"}
    with pytest.raises(Exception, match="'cache' needs cidr_blocks, so that a network policy can name it"):
        preview(lambda: connect(pods(), RedisCluster("cache", place)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"port": 80}, "port must be 1024 to 65535"),
        ({"replicas": 0}, "replicas must be at least 1"),
        ({"maximum": 1}, "maximum must be at least the replicas, 2"),
        ({"user": 0}, "user must be 1 or above"),
        ({"alone": True}, "replicas must be 1, and no maximum, for what must be alone"),
        ({"statements": [{}]}, "aws_identity must be True where there are statements"),
    ],
)
def test_rejects_what_cannot_run(preview, arguments, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: pods(**arguments))


def test_rejects_a_name_that_a_pod_cannot_have(preview):
    with pytest.raises(Exception, match="name must be lower-case letters, digits and hyphens"):
        preview(lambda: pods("App"))
