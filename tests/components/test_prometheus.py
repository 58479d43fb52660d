import subprocess

import pytest
import yaml

from components.access import connect
from components.control.prometheus import Prometheus
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

CLUSTER = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:t"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/k"
ARGS = {
    "topic_arn": TOPIC,
    "topic_key_arn": KEY,
    "scrapes": ["orders.shop", "carts.shop"],
    "meshed": ["orders.shop"],
}
CONFIG = "kubernetes:core/v1:ConfigMap"
STATEFUL = "kubernetes:apps/v1:StatefulSet"
KNOWN = {}
RULES_TEST = """
rule_files: [rules/services.yml, rules/watching.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="orders", service="orders", instance="orders-0"}', values: 1+0x20}
      - {series: 'up{job="carts", service="carts", instance="carts-0"}', values: 0+0x20}
      - series: 'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="mesh", service="orders", envoy_response_code_class="2"}'
        values: 0+90x20
      - series: 'envoy_http_downstream_rq_xx{envoy_http_conn_manager_prefix="mesh", service="orders", envoy_response_code_class="5"}'
        values: 0+10x20
      - {series: 'alertmanager_cluster_members{job="metrics-alertmanager", service="metrics-alertmanager", instance="a"}', values: 3+0x20}
      - {series: 'alertmanager_cluster_members{job="metrics-alertmanager", service="metrics-alertmanager", instance="b"}', values: 1+0x20}
    alert_rule_test:
      - alertname: ServiceGone
        eval_time: 15m
        exp_alerts:
          - exp_labels: {severity: critical, service: carts}
            exp_annotations: {summary: No pod of carts has answered for two minutes}
      - alertname: PodUnread
        eval_time: 15m
        exp_alerts:
          - exp_labels: {severity: warning, service: carts, job: carts, instance: carts-0}
            exp_annotations: {summary: Pod carts-0 of carts has not answered for two minutes}
      - alertname: ManyErrors
        eval_time: 15m
        exp_alerts:
          - exp_labels: {severity: critical, service: orders}
            exp_annotations: {summary: orders answers 10% of its requests with 5xx}
      - alertname: AlertmanagersApart
        eval_time: 15m
        exp_alerts:
          - exp_labels: {severity: warning, service: metrics-alertmanager}
            exp_annotations: {summary: "Not all pods of Alertmanager know each other, so that people may be told twice"}
      - {alertname: AlertsNotTaken, eval_time: 15m, exp_alerts: []}
"""  # noqa: E501


def stack(**more):
    watch, shop = (KubernetesNamespace(name, CLUSTER).pods for name in ("watch", "shop"))
    pods = {**shop, "image": "a/b:1", "port": 8080, "scraped": True}
    metrics = Prometheus("metrics", {**watch, **ARGS, **more})
    connect(metrics, KubernetesService("orders", pods), KubernetesService("carts", pods))


@pytest.fixture
def graph(preview):
    if "graph" not in KNOWN:
        KNOWN["graph"] = preview(stack)
    return KNOWN["graph"]


@pytest.fixture
def folder(graph, tmp_path):
    """Its files, as its pods have them."""
    (pod,) = [one for one in graph.all(STATEFUL) if one.name == "metrics"]
    data = graph.one(CONFIG, "metrics").inputs["data"]
    volumes = {one["name"]: one for one in pod.inputs["spec"]["template"]["spec"]["volumes"]}
    for item in volumes["files"]["configMap"]["items"]:
        (path := tmp_path / item["path"]).parent.mkdir(exist_ok=True)
        path.write_text(data[item["key"]])
    return tmp_path


def ran(*command):
    return subprocess.run([str(one) for one in command], capture_output=True, text=True, timeout=60)


def test_prometheus_takes_its_settings_and_rules(folder, program):
    checked = ran(
        program("promtool", "prometheus"), "check", "config", "--lint=all", folder / "prometheus.yml"
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "SUCCESS" in checked.stdout and "2 rule files found" in checked.stdout


def test_it_finds_every_pod_of_what_it_is_told_of_and_its_mesh_too(folder):
    found = yaml.safe_load((folder / "prometheus.yml").read_text())
    jobs = {one["job_name"]: one for one in found["scrape_configs"]}
    assert jobs.keys() == {"metrics", "metrics-alertmanager", "orders", "carts", "orders-mesh"}
    record = "_main._tcp.orders-pods.shop.svc.cluster.local"
    assert {jobs[one]["dns_sd_configs"][0]["names"][0] for one in ("orders", "orders-mesh")} == {record}
    assert jobs["orders-mesh"]["metrics_path"] == "/stats/prometheus"
    (told,) = found["alerting"]["alertmanagers"]
    assert told["dns_sd_configs"][0]["names"] == [
        "_main._tcp.metrics-alertmanager-pods.watch.svc.cluster.local"
    ]


def test_its_arrows_lead_to_what_it_reads_and_to_who_is_told(graph):
    assert between(Directory(graph)) == {
        ("metrics", "orders", 8080),
        ("metrics", "carts", 8080),
        ("metrics", "metrics-alertmanager", 9093),
    }


def test_the_rules_tell_of_what_is_gone_or_fails_and_of_nothing_else(folder, program):
    (folder / "test.yml").write_text(RULES_TEST)
    checked = ran(program("promtool", "prometheus"), "test", "rules", folder / "test.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_either_pod_is_enough_and_each_has_a_disk_of_its_own(graph):
    spec = graph.one(STATEFUL, "metrics").inputs["spec"]
    assert spec["replicas"] == 2 and spec["template"]["spec"]["securityContext"]["runAsUser"] == 65534
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "50Gi"
    (container,) = spec["template"]["spec"]["containers"]
    assert "--storage.tsdb.retention.size=40GB" in container["args"]


def test_more_rules_stand_beside_its_own(preview):
    text = "groups: []\n"
    graph = preview(lambda: stack(rules={"fares.yml": text}))
    assert graph.one(CONFIG, "metrics").inputs["data"]["rules__fares.yml"] == text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"scrapes": ["orders"], "meshed": []}, "scrapes must be '<service>.<namespace>'"),
        ({"scrapes": ["a.b", "a.c"], "meshed": []}, "scrapes must be named once each"),
        ({"meshed": ["fares.shop"]}, "meshed must be one of what it scrapes"),
        ({"replicas": 1}, "replicas must be at least 2, so that one can be lost"),
        ({"rules": {"services.yml": ""}}, "rules must be files '<name>.yml' that are not"),
        ({"storage_gib": 1}, "storage_gib must be at least 5"),
        ({"retention_days": 0}, "retention_days must be at least 1"),
    ],
)
def test_rejects(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: stack(**args))
