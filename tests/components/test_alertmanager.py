import json
import subprocess

import pytest

from components.control.alertmanager import Alertmanager

KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
ARGS = {
    "cluster": "c",
    "cluster_name": "dev-c",
    "node_security_group_id": "sg-1",
    "namespace": "watch",
    "topic_arn": "arn:aws:sns:eu-west-1:123456789012:alerts",
    "topic_key_arn": KEY,
}
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
STATEFUL = "kubernetes:apps/v1:StatefulSet"


@pytest.fixture
def graph(preview):
    return preview(lambda: Alertmanager("tell", ARGS))


@pytest.fixture
def settings(graph):
    return graph.one("kubernetes:core/v1:ConfigMap", "tell").inputs["data"]["alertmanager.yml"]


def test_alertmanager_takes_its_settings_and_sends_all_to_people(settings, tmp_path, program):
    (file := tmp_path / "alertmanager.yml").write_text(settings)
    amtool = program("amtool", "prometheus-alertmanager")
    checked = subprocess.run([amtool, "check-config", str(file)], capture_output=True, text=True, timeout=30)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    route = [amtool, "config", "routes", "test", f"--config.file={file}", "alertname=Any"]
    assert subprocess.run(route, capture_output=True, text=True, timeout=30).stdout.strip() == "people"


def test_its_pods_may_publish_to_the_topic_and_nothing_else(graph):
    found = json.loads(graph.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])["Statement"]
    publish, key = found
    assert (publish["Action"], publish["Resource"]) == ("sns:Publish", ARGS["topic_arn"])
    assert key["Resource"] == KEY
    assert key["Condition"] == {"StringEquals": {"kms:ViaService": "sns.eu-west-1.amazonaws.com"}}


def test_its_pods_gossip_with_each_other_alone(graph):
    policies = {one.name: one.inputs["spec"] for one in graph.all(POLICY)}
    (rule,) = policies["tell-among-in"]["ingress"]
    assert rule["ports"] == [{"protocol": one, "port": 9094} for one in ("TCP", "UDP")]
    assert rule["from"][0]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "tell"}}
    (container,) = graph.one(STATEFUL, "tell").inputs["spec"]["template"]["spec"]["containers"]
    assert {"--cluster.peer=$(PEERS):9094", "--cluster.advertise-address=$(POD_IP):9094"} <= {
        *container["args"]
    }
    assert {"PEERS", "POD_IP"} <= {one["name"] for one in container["env"]}


def test_rejects_one_pod(preview):
    with pytest.raises(Exception, match="replicas must be at least 2, so that one can be lost, got 1"):
        preview(lambda: Alertmanager("tell", {**ARGS, "replicas": 1}))
