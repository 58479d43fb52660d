import json
import shutil
import subprocess

import pytest
import yaml

from components.control.spinnaker import FILES, SERVICES, Spinnaker
from components.machine import render
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

ARGS = {
    "cluster": "delivery",
    "cluster_name": "dev-delivery",
    "node_security_group_id": "sg-nodes",
    "data": {
        "vpc_id": "vpc-1",
        "subnet_ids": ["subnet-a", "subnet-b"],
        "zones": ["us-east-1a", "us-east-1b"],
        "cidr_blocks": ["10.0.1.0/24", "10.0.2.0/24"],
    },
}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
POLICY = "aws:iam/rolePolicy:RolePolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
OTHER = {
    "version": "2026.3.1",
    "registry": "registry.example.org/mirror",
    "replicas": 3,
    "manages": {"component": "user"},
    "key_arn": KEY,
}
KNOWN = {}
ARROWS = {
    "deck": {"gate"},
    "gate": {"orca", "clouddriver", "rosco", "front50", "echo", "igor"},
    "orca": {"clouddriver", "front50", "rosco", "echo", "igor"},
    "clouddriver": {"front50"},
    "echo": {"orca", "front50"},
    "igor": {"echo"},
}


@pytest.fixture
def spinnaker(preview):
    """spinnaker(**more): the graph of one, previewed once for all tests that ask for the same."""

    def spinnaker(**more):
        asked = json.dumps(more, sort_keys=True)
        if asked not in KNOWN:
            KNOWN[asked] = preview(lambda: Spinnaker("spinnaker", {**ARGS, **more}))
        return KNOWN[asked]

    return spinnaker


def files(graph, service):
    """The settings of a service, parsed."""
    data = graph.one("kubernetes:core/v1:ConfigMap", f"spinnaker-{service}").inputs["data"]
    return {name: yaml.safe_load(text) for name, text in data.items() if name.endswith(".yml")}


def statements(graph, service):
    document = graph.one(POLICY, f"spinnaker-{service}").inputs["policy"]
    return {one["Sid"]: one for one in json.loads(document)["Statement"]}


def test_its_services_call_each_other_as_its_documentation_draws_them_and_no_others(spinnaker):
    short = {
        (client.removeprefix("spinnaker-"), server.removeprefix("spinnaker-"), port)
        for client, server, port in between(Directory(spinnaker()))
    }
    assert short == {
        (client, server, SERVICES[server].port) for client, all in ARROWS.items() for server in all
    }


def test_its_services_run_one_release_on_their_own_ports(spinnaker):
    graph = spinnaker(**OTHER)
    for service, shape in SERVICES.items():
        pod = graph.one(DEPLOYMENT, f"spinnaker-{service}").inputs["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert container["image"] == f"registry.example.org/mirror/{service}:2026.3.1"
        assert [port["containerPort"] for port in container["ports"]] == [shape.port]


def test_what_would_do_its_work_twice_runs_once(spinnaker):
    graph = spinnaker(**OTHER)
    pods = {s: graph.one(DEPLOYMENT, f"spinnaker-{s}").inputs["spec"] for s in SERVICES}
    assert {service for service, one in pods.items() if one["replicas"] == 1} == {"echo", "igor"}
    assert {one["strategy"]["type"] for s, one in pods.items() if s in ("echo", "igor")} == {"Recreate"}


def test_pipelines_are_in_a_versioned_bucket_that_front50_alone_may_use(spinnaker):
    graph = spinnaker(**OTHER)
    bucket = graph.one("aws:s3/bucket:Bucket")
    versions = graph.one("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versions["versioningConfiguration"] == {"status": "Enabled"} and bucket.protect
    found = statements(graph, "front50")
    assert found["Objects"]["Resource"] == f"{bucket.outputs['arn']}/*" and found["Key"]["Resource"] == KEY
    s3 = files(graph, "front50")["front50.yml"]["spinnaker"]["s3"]
    assert (s3["enabled"], s3["bucket"], s3["region"]) == (True, bucket.outputs["bucket"], "us-east-1")
    identities = graph.all("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert {one.name for one in identities} == {"spinnaker-front50", "spinnaker-clouddriver"}


def test_the_others_keep_their_state_in_redis_over_tls_with_a_password_from_the_environment(spinnaker):
    graph = spinnaker()
    url = "rediss://:${SPINNAKER_REDIS_PASSWORD}@${SPINNAKER_REDIS_ADDRESS}"
    for service, shape in SERVICES.items():
        pod = graph.one(DEPLOYMENT, f"spinnaker-{service}").inputs["spec"]["template"]["spec"]
        named = [one["secretRef"]["name"] for one in pod["containers"][0].get("envFrom", [])]
        assert named == ([f"spinnaker-{service}-to-spinnaker-redis"] if shape.cached else [])
        if shape.cached:
            assert files(graph, service)[f"{service}.yml"]["services"]["redis"]["baseUrl"] == url


def test_the_cache_takes_what_spinnaker_asks_of_it(spinnaker):
    graph = spinnaker()
    group = graph.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs
    assert group["clusterMode"] == "disabled" and group["transitEncryptionEnabled"]
    settings = graph.one("aws:elasticache/parameterGroup:ParameterGroup").inputs["parameters"]
    assert {one["name"]: one["value"] for one in settings} == {
        "notify-keyspace-events": "gxE",
        "maxmemory-policy": "noeviction",
    }


def test_clouddriver_changes_the_stack_s_groups_alone(spinnaker):
    found = statements(spinnaker(), "clouddriver")
    assert found["Change"]["Condition"] == {"StringEquals": {"aws:ResourceTag/stack": "dev"}}
    assert found["Change"]["Resource"].endswith(":autoScalingGroup:*:autoScalingGroupName/*")
    assert all(":Describe" in action for action in found["See"]["Action"])
    assert not any("*" in action for one in found.values() for action in one["Action"])


def test_clouddriver_manages_the_groups_that_it_is_told_of(spinnaker):
    found = statements(spinnaker(**OTHER), "clouddriver")
    assert found["Change"]["Condition"] == {"StringEquals": {"aws:ResourceTag/component": "user"}}


def test_every_service_finds_the_others_by_name(spinnaker):
    shared = files(spinnaker(), "gate")["spinnaker.yml"]["services"]
    for service, shape in SERVICES.items():
        host = "localhost" if service == "deck" else f"spinnaker-{service}.spinnaker.svc.cluster.local"
        assert shared[service]["baseUrl"] == f"http://{host}:{shape.port}"
    assert not shared["fiat"]["enabled"]


def test_there_is_no_public_door(spinnaker):
    graph = spinnaker()
    kinds = {one.inputs["spec"].get("type", "ClusterIP") for one in graph.all("kubernetes:core/v1:Service")}
    assert kinds == {"ClusterIP"} and graph.all("kubernetes:networking.k8s.io/v1:Ingress") == []


def test_no_secret_is_in_a_file(spinnaker):
    graph = spinnaker()
    token = graph.one("aws:elasticache/replicationGroup:ReplicationGroup").inputs["authToken"].value
    for one in graph.all("kubernetes:core/v1:ConfigMap"):
        assert token not in json.dumps(one.inputs["data"])


def test_apache_takes_deck_s_settings(tmp_path, program):
    apache = program("apache2", "apache2")
    modules = "/usr/lib/apache2/modules"
    values = {"port": 9000, "gate": "127.0.0.1:8084", "root": str(tmp_path), "modules": modules}
    text = render(FILES / "apache2.conf.j2", **values, settings=str(tmp_path / "settings-local.js"))
    (tmp_path / "apache2.conf").write_text(text)
    checked = subprocess.run(
        [apache, "-t", "-f", str(tmp_path / "apache2.conf")], capture_output=True, text=True, timeout=30
    )
    assert checked.returncode == 0 and "Syntax OK" in checked.stderr, checked.stderr


def test_deck_asks_the_host_that_it_came_from():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; apt-get install nodejs")
    script = (FILES / "settings-local.js").read_text()
    window = "const window = {location: {origin: 'https://it'}, spinnakerSettings: {}};"
    said = subprocess.run(
        [node, "-e", f"{window}{script};console.log(window.spinnakerSettings.gateUrl)"],
        capture_output=True, text=True, check=True, timeout=30,
    )  # fmt: skip
    assert said.stdout.strip() == "https://it/gate"


def test_rejects_what_is_no_release(spinnaker):
    with pytest.raises(Exception, match="version must be a release of Spinnaker, such as '2026"):
        spinnaker(version="latest")
