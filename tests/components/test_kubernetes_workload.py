"""Pods that keep their names and disks, speak with each other, and take part in a mesh."""

import pytest

from components.access import connect
from components.service.kubernetes_service import KubernetesService
from components.state.redis_cluster import RedisCluster

PODS = {
    "cluster": "apps",
    "cluster_name": "dev-apps",
    "node_security_group_id": "sg-nodes",
    "namespace": "space",
}
DATA = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "zones": ["us-east-1a", "us-east-1b"],
    "cidr_blocks": ["10.0.1.0/24", "10.0.2.0/24"],
}
DISK = {"storage_gib": 10, "storage_at": "/data"}
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL = "kubernetes:apps/v1:StatefulSet"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
SECRET = "kubernetes:core/v1:Secret"
SERVICE = "kubernetes:core/v1:Service"


def pods(name="app", **more):
    return KubernetesService(name, {**PODS, "image": "a/b:1", "port": 8080, **more})


def spec(graph, kind=STATEFUL):
    return graph.one(kind, "app").inputs["spec"]


def container(graph, kind=STATEFUL):
    return spec(graph, kind)["template"]["spec"]["containers"][0]


def variables(graph, kind=STATEFUL):
    return {one["name"]: one.get("value") for one in container(graph, kind)["env"]}


def ports(graph, name):
    return {one["name"]: one["port"] for one in graph.one(SERVICE, name).inputs["spec"]["ports"]}


def policy(graph, name):
    spec = graph.one(POLICY, name).inputs["spec"]
    (rule,) = spec[spec["policyTypes"][0].lower()]
    return {(one["protocol"], one["port"]) for one in rule["ports"]}


def test_stable_pods_keep_their_names_and_start_together(preview):
    graph = preview(lambda: pods(stable=True, maximum=9))
    assert (spec(graph)["serviceName"], spec(graph)["podManagementPolicy"]) == ("app-pods", "Parallel")
    scaler = graph.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler").inputs["spec"]
    assert scaler["scaleTargetRef"]["kind"] == "StatefulSet" and "replicas" not in spec(graph)
    assert graph.one("kubernetes:policy/v1:PodDisruptionBudget").inputs["spec"]["maxUnavailable"] == 1
    assert graph.all(DEPLOYMENT) == []


def test_each_pod_has_an_encrypted_disk_that_stays_when_it_goes(preview):
    graph = preview(lambda: pods(**DISK))
    (claim,) = spec(graph)["volumeClaimTemplates"]
    assert claim["spec"]["storageClassName"] == "encrypted"
    assert claim["spec"]["resources"]["requests"] == {"storage": "10Gi"}
    assert {"name": "data", "mountPath": "/data"} in container(graph)["volumeMounts"]
    kept = spec(graph)["persistentVolumeClaimRetentionPolicy"]
    assert kept == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    gone = spec(preview(lambda: pods(**DISK, disposable=True)))["persistentVolumeClaimRetentionPolicy"]
    assert gone["whenDeleted"] == "Delete"


def test_disks_are_spread_over_zones_from_the_beginning(preview):
    zones, nodes = spec(preview(lambda: pods(**DISK)))["template"]["spec"]["topologySpreadConstraints"]
    assert zones["topologyKey"].endswith("/zone") and zones["whenUnsatisfiable"] == "DoNotSchedule"
    assert zones["nodeTaintsPolicy"] == "Honor" and nodes["whenUnsatisfiable"] == "ScheduleAnyway"


def test_peers_find_each_other_before_they_are_ready_and_may_speak(preview):
    graph = preview(lambda: pods(stable=True, peers={"gossip": 3000}))
    assert variables(graph)["PEERS"] == "app-pods.space.svc.cluster.local"
    assert variables(graph).keys() >= {"POD_NAME", "POD_IP"}
    found = graph.one(SERVICE, "app-pods").inputs["spec"]
    assert found["clusterIP"] == "None" and found["publishNotReadyAddresses"]
    assert ports(graph, "app-pods") == {"main": 8080, "gossip": 3000}
    for name in ("app-among", "app-among-in"):
        assert policy(graph, name) == {("TCP", 3000), ("UDP", 3000)}


def test_who_reads_metrics_finds_each_pod(preview):
    graph = preview(lambda: pods(scraped=True))
    assert ports(graph, "app-pods") == {"main": 8080}
    assert not graph.one(SERVICE, "app-pods").inputs["spec"]["publishNotReadyAddresses"]
    assert [one.name for one in preview(pods).all(SERVICE)] == ["app"]


def test_an_arrow_opens_all_ports_that_a_service_listens_on(preview):
    graph = preview(lambda: connect(pods("web"), pods("app", also={"ui": 9000})))
    assert policy(graph, "web-to-app") == policy(graph, "web-to-app-in") == {("TCP", 8080), ("TCP", 9000)}
    assert ports(graph, "app") == {"main": 8080, "ui": 9000}


def test_secrets_are_kept_in_one_of_the_cluster_s(preview):
    graph = preview(lambda: pods(secrets={"TOKEN": "abc"}))
    assert graph.one(SECRET, "app-secrets").inputs["stringData"].value == {"TOKEN": "abc"}
    assert container(graph, DEPLOYMENT)["envFrom"] == [{"secretRef": {"name": "app-secrets"}}]
    assert "abc" not in str(spec(graph, DEPLOYMENT))


def test_files_may_be_in_folders(preview):
    graph = preview(lambda: pods(files={"rules/a.yml": "x", "b.yml": "y"}, arguments=["--all"]))
    data = graph.one("kubernetes:core/v1:ConfigMap").inputs["data"]
    volumes = spec(graph, DEPLOYMENT)["template"]["spec"]["volumes"]
    (config,) = (one["configMap"] for one in volumes if one["name"] == "files")
    assert {one["path"]: data[one["key"]] for one in config["items"]} == {"rules/a.yml": "x", "b.yml": "y"}
    assert container(graph, DEPLOYMENT)["args"] == ["--all"]


def meshed():
    cache = RedisCluster("cache", {**DATA, "password": True})
    web = {"http": {"app": "app.space.svc.cluster.local:15006"}, "redis": {"cache": cache.address}}
    users = RedisCluster("users", {**DATA, "password": True})
    app = pods("app", mesh=web, calls=["users", "cache"])
    connect(app, cache, users)
    connect(pods("web"), app)


def test_a_mesh_takes_calls_in_and_out(preview):
    graph = preview(meshed)
    template = spec(graph, DEPLOYMENT)["template"]
    (envoy,) = template["spec"]["initContainers"]
    assert envoy["restartPolicy"] == "Always" and {"name": "mesh", "containerPort": 15006} in envoy["ports"]
    assert ports(graph, "app") == {"main": 15006} and policy(graph, "web-to-app") == {("TCP", 15006)}
    local = {"APP_ADDRESS": "127.0.0.1:15101", "CACHE_ADDRESS": "127.0.0.1:15102"}
    assert variables(graph, DEPLOYMENT) == local and "mesh" in template["metadata"]["annotations"]
    assert container(graph, DEPLOYMENT)["readinessProbe"]["httpGet"] == {"path": "/health", "port": 15006}


def test_a_mesh_has_the_password_and_the_container_has_not(preview):
    graph = preview(meshed)
    assert container(graph, DEPLOYMENT)["envFrom"] == [{"secretRef": {"name": "app-to-users"}}]
    assert graph.one(SECRET, "app-to-cache").inputs["stringData"].value["CACHE_PASSWORD"]
    assert policy(graph, "app-to-cache") == {("TCP", 6379)}


def test_rejects_a_redis_that_a_mesh_cannot_log_in_to(preview):
    def program():
        cache = RedisCluster("cache", DATA)
        connect(pods("app", mesh={"redis": {"cache": cache.address}}, aws_identity=True), cache)

    with pytest.raises(Exception, match="'cache' needs a password, so that the mesh of 'app' can log in"):
        preview(program)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"storage_gib": 10}, "storage_at must be given with storage_gib"),
        ({**DISK, "storage_gib": 0}, "storage_gib must be at least 1"),
        ({**DISK, "disks": False}, "storage_gib must be absent where EksCluster has no `disks`"),
        ({**DISK, "stable": False}, "stable must be True where each pod has a disk"),
        ({"quorum": True, "replicas": 4}, "replicas must be 3, 5 or 7"),
        ({"quorum": True, "replicas": 3, "maximum": 5}, "replicas must be 3, 5 or 7, and no maximum"),
        ({"peers": {"gossip": 8080}}, "peers must be another port than that of port"),
        ({"peers": {"a": 3000}, "also": {"b": 3000}}, "also must be another port than that of a"),
        ({"also": {"main": 3000}}, "also must be named by lower-case letters"),
        ({"also": {"UI": 3000}}, "also must be named by lower-case letters"),
        ({"also": {"dns": 53}}, "also must be 1024 to 65535"),
        ({"mesh": {}, "port": 15006}, "port must be another port than that of its mesh"),
        ({"files": {"a/b": "", "a__b": ""}}, "files must be named so that they differ"),
    ],
)
def test_rejects_what_cannot_run(preview, arguments, said):
    with pytest.raises(Exception, match=said):
        preview(lambda: pods(**arguments))
