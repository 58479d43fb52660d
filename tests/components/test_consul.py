import base64
import json
import uuid

import pytest

from components.access import connect
from components.control.consul import Consul
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

CLUSTER = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
SECRET = "kubernetes:core/v1:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
KNOWN = {}


def stack(calls=("directory",), **more):
    space = KubernetesNamespace("space", CLUSTER)
    directory = Consul("directory", {**space.pods, "key_arn": KEY, **more})
    pod = {**space.pods, "image": "a/b:1", "port": 8080, "calls": list(calls), "aws_identity": True}
    connect(KubernetesService("app", pod), directory)


@pytest.fixture
def graph(preview):
    if "graph" not in KNOWN:
        KNOWN["graph"] = preview(stack)
    return KNOWN["graph"]


def settings(graph):
    return json.loads(graph.one("kubernetes:core/v1:ConfigMap", "directory").inputs["data"]["server.json"])


def pod(graph):
    return graph.one("kubernetes:apps/v1:StatefulSet", "directory").inputs["spec"]


@pytest.mark.parametrize("servers", [3, 5])
def test_as_many_servers_as_are_asked_for_wait_for_each_other(preview, servers):
    graph = preview(lambda: stack(servers=servers))
    assert settings(graph)["bootstrap_expect"] == settings(graph)["autopilot"]["min_quorum"] == servers
    (container,) = pod(graph)["template"]["spec"]["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    assert pod(graph)["replicas"] == servers and told["SERVERS"] == str(servers)
    assert told["NAME"] == "directory" and told["PEERS"] == "directory-pods.space.svc.cluster.local"


def test_nobody_is_answered_without_a_token_and_nothing_listens_that_nobody_needs(graph):
    found = settings(graph)
    assert found["acl"] == {"enabled": True, "default_policy": "deny", "down_policy": "extend-cache"}
    assert {name for name, port in found["ports"].items() if port == -1} == {"dns", "grpc", "grpc_tls"}
    assert found["connect"] == {"enabled": False}


def test_its_secrets_are_of_the_kinds_that_consul_takes_and_made_once(graph):
    versions = {one.name.removeprefix("directory-"): one for one in graph.all(VERSION)}
    made = {name: one.inputs["secretString"].value for name, one in versions.items()}
    assert len(base64.b64decode(made["gossip-key"], validate=True)) == 32
    assert uuid.UUID(made["management-token"]) != uuid.UUID(made["services-token"])
    assert all(one.options["ignoreChanges"] == ["secretString"] for one in versions.values())
    assert graph.one(SECRET, "directory-secrets").inputs["stringData"].value == {
        "GOSSIP_KEY": made["gossip-key"],
        "MANAGEMENT_TOKEN": made["management-token"],
        "SERVICES_TOKEN": made["services-token"],
    }


def test_services_get_its_address_and_their_own_token(graph):
    given = graph.one(SECRET, "app-to-directory").inputs["stringData"].value
    token = graph.one(VERSION, "directory-services-token").inputs["secretString"].value
    assert given["DIRECTORY_ADDRESS"] == "directory.space.svc.cluster.local:8500"
    assert given["DIRECTORY_PASSWORD"] == token


def test_who_does_not_call_it_may_read_that_token_alone(preview):
    graph = preview(lambda: stack(calls=()))
    secret, key = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy", "app-to-directory").inputs["policy"])[
        "Statement"
    ]
    services = graph.one("aws:secretsmanager/secret:Secret", "directory-services-token")
    assert secret["Resource"] == services.outputs["arn"] and key["Resource"] == KEY


def test_callers_reach_its_api_and_servers_alone_the_rest(graph):
    assert between(Directory(graph)) == {("app", "directory", 8500)}
    policies = {
        one.name: one.inputs["spec"] for one in graph.all("kubernetes:networking.k8s.io/v1:NetworkPolicy")
    }
    (rule,) = policies["directory-among-in"]["ingress"]
    assert {(one["protocol"], one["port"]) for one in rule["ports"]} == {
        (protocol, port) for protocol in ("TCP", "UDP") for port in (8300, 8301, 8302)
    }


def test_no_secret_is_in_a_file(graph):
    made = [one.inputs["secretString"].value for one in graph.all(VERSION)]
    files = json.dumps(graph.one("kubernetes:core/v1:ConfigMap", "directory").inputs["data"])
    assert len(made) == 3 and not any(one in files for one in made)


@pytest.mark.parametrize("servers", [1, 2, 4, 6])
def test_rejects_servers_that_would_not_agree(preview, servers):
    with pytest.raises(Exception, match="servers must be 3 or 5, so that most are left when some are lost"):
        preview(lambda: stack(servers=servers))
