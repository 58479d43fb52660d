import json
import re
import subprocess

import pytest
import yaml

from components.access import connect
from components.control.grafana import Grafana
from components.control.prometheus import FILES as RULES
from components.control.prometheus import Prometheus
from components.service.kubernetes_namespace import KubernetesNamespace
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

CLUSTER = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
WATCHED = {"scrapes": ["a.b"], "topic_arn": "arn:aws:sns:us-east-1:123456789012:t"}
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
KNOWN = {}


def stack(**more):
    space = KubernetesNamespace("space", CLUSTER)
    pictures = Grafana("pictures", {**space.pods, "prometheus": "the-metrics", **more})
    connect(pictures, Prometheus("the-metrics", {**space.pods, **WATCHED}))


@pytest.fixture
def graph(preview):
    if "graph" not in KNOWN:
        KNOWN["graph"] = preview(stack)
    return KNOWN["graph"]


def files(graph):
    data = graph.one("kubernetes:core/v1:ConfigMap", "pictures").inputs["data"]
    return {key.replace("__", "/"): text for key, text in data.items()}


def dashboards(graph):
    return {name: json.loads(text) for name, text in files(graph).items() if name.startswith("shown/")}


def expressions(graph):
    """What its dashboards ask Prometheus, with what Grafana would put in."""
    for board in dashboards(graph).values():
        for target in (target for panel in board["panels"] for target in panel["targets"]):
            yield target["expr"].replace("$__rate_interval", "1m").replace("$service", ".*")


def test_it_asks_the_prometheus_that_it_is_connected_to(graph):
    (source,) = yaml.safe_load(files(graph)["datasources/prometheus.yml"])["datasources"]
    assert source["url"] == "http://$THE_METRICS_ADDRESS"
    given = graph.one("kubernetes:core/v1:Secret", "pictures-to-the-metrics").inputs["stringData"].value
    assert given["THE_METRICS_ADDRESS"] == "the-metrics.space.svc.cluster.local:9090"
    assert ("pictures", "the-metrics", 9090) in between(Directory(graph))
    boards = dashboards(graph).values()
    assert {panel["datasource"]["uid"] for one in boards for panel in one["panels"]} == {source["uid"]}


def test_its_dashboards_are_where_its_settings_say(graph):
    (provider,) = yaml.safe_load(files(graph)["dashboards/folder.yml"])["providers"]
    spec = graph.one("kubernetes:apps/v1:Deployment", "pictures").inputs["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    told = {one["name"]: one.get("value") for one in container["env"]}
    mounted = next(one["mountPath"] for one in container["volumeMounts"] if one["name"] == "files")
    assert told["GF_PATHS_PROVISIONING"] == mounted and provider["options"]["path"] == f"{mounted}/shown"
    assert {one["uid"] for one in dashboards(graph).values()} == {"services", "matching", "partitions"}


def test_prometheus_understands_all_that_they_ask(graph, tmp_path, program):
    rules = [{"record": f"a{n}", "expr": expr} for n, expr in enumerate(expressions(graph))]
    (file := tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": rules}]}))
    checked = subprocess.run(
        [program("promtool", "prometheus"), "check", "rules", str(file)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert checked.returncode == 0 and f"{len(rules)} rules found" in checked.stdout, checked.stderr


def test_they_ask_for_recorded_series_that_the_rules_record(graph):
    recorded = (RULES / "rules" / "services.yml.j2").read_text()
    named = {expr.partition("{")[0] for expr in expressions(graph) if expr.startswith("service:")}
    assert len(named) == 3 and all(f"record: {one}\n" in recorded for one in named)


def test_of_what_envoys_say_prometheus_keeps_what_they_ask_for(graph):
    settings = (RULES / "prometheus.yml.j2").read_text()
    kept = re.compile(re.search(r"regex: (envoy_.+)", settings)[1])
    asked = {name for expr in expressions(graph) for name in re.findall(r"\benvoy_\w+(?={)", expr)}
    assert len(asked) >= 4 and [name for name in asked if not kept.fullmatch(name)] == []


def test_the_password_is_made_once_and_in_no_file(graph):
    version = graph.one(VERSION)
    password = version.inputs["secretString"].value
    given = graph.one("kubernetes:core/v1:Secret", "pictures-secrets").inputs["stringData"].value
    assert given["GF_SECURITY_ADMIN_PASSWORD"] == password and len(password) >= 32
    assert version.options["ignoreChanges"] == ["secretString"]
    assert not any(password in text for text in files(graph).values())


def test_more_dashboards_stand_beside_its_own(preview):
    board = json.dumps({"uid": "fares", "panels": []})
    graph = preview(lambda: stack(dashboards={"fares": board}))
    assert files(graph)["shown/fares.json"] == board and len(dashboards(graph)) == 4
