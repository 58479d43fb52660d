import pytest
import yaml

from components.access import connect
from components.control.jaeger import Jaeger
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

CLUSTER = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
KNOWN = {}


def stack(**more):
    space = KubernetesNamespace("space", CLUSTER)
    traces = Jaeger("traces", {**space.pods, **more})
    pod = {**space.pods, "image": "a/b:1", "port": 8080, "calls": ["traces"]}
    connect(KubernetesService("app", pod), traces)


@pytest.fixture
def graph(preview):
    if "graph" not in KNOWN:
        KNOWN["graph"] = preview(lambda: stack(replicas=3, hours=24))
    return KNOWN["graph"]


@pytest.fixture
def settings(graph):
    return yaml.safe_load(graph.one("kubernetes:core/v1:ConfigMap", "traces").inputs["data"]["jaeger.yml"])


def pod(graph):
    return graph.one("kubernetes:apps/v1:StatefulSet", "traces").inputs["spec"]


def test_a_span_is_sent_to_every_pod_and_what_is_sent_is_kept(settings):
    told, kept = (settings["service"]["pipelines"][f"traces/{one}"] for one in ("told", "kept"))
    assert told["receivers"] == ["otlp"] and kept["receivers"] == ["otlp/copies"]
    assert kept["exporters"] == ["jaeger_storage_exporter"]
    where = {settings["exporters"][one]["endpoint"] for one in told["exporters"]}
    assert where == {f"traces-{n}.traces-pods.space.svc.cluster.local:14317" for n in range(3)}
    copies = settings["receivers"]["otlp/copies"]["protocols"]["grpc"]
    assert copies["endpoint"] == "0.0.0.0:14317"
    assert settings["receivers"]["otlp"]["protocols"]["http"]["endpoint"] == "0.0.0.0:4318"


def test_its_settings_name_nothing_that_they_do_not_have(settings):
    service = settings["service"]
    assert {*service["extensions"]} == settings["extensions"].keys()
    for kind in ("receivers", "processors", "exporters"):
        named = {one for pipeline in service["pipelines"].values() for one in pipeline[kind]}
        assert named == settings[kind].keys()
    stores = settings["extensions"]["jaeger_storage"]["backends"].keys()
    assert {settings["exporters"]["jaeger_storage_exporter"]["trace_storage"]} == stores
    assert {settings["extensions"]["jaeger_query"]["storage"]["traces"]} == stores


def test_traces_are_on_a_disk_of_each_pod_for_as_long_as_is_asked(graph, settings):
    badger = settings["extensions"]["jaeger_storage"]["backends"]["disk"]["badger"]
    assert badger["ttl"] == {"spans": "24h"} and badger["ephemeral"] is False
    (container,) = pod(graph)["template"]["spec"]["containers"]
    disk = next(one["mountPath"] for one in container["volumeMounts"] if one["name"] == "data")
    assert all(folder.startswith(f"{disk}/") for folder in badger["directories"].values())
    assert len(pod(graph)["volumeClaimTemplates"]) == 1 and pod(graph)["replicas"] == 3


def test_a_node_asks_for_its_health_where_it_says_it(graph, settings):
    (container,) = pod(graph)["template"]["spec"]["containers"]
    asked = container["readinessProbe"]["httpGet"]
    where = settings["extensions"]["healthcheckv2"]["http"]["endpoint"]
    assert asked["path"] == "/status" and where == f"0.0.0.0:{asked['port']:.0f}"


def test_services_reach_its_spans_ports_and_neither_its_pages_nor_its_copies(graph):
    assert between(Directory(graph)) == {("app", "traces", 4317), ("app", "traces", 4318)}
    given = graph.one("kubernetes:core/v1:Secret", "app-to-traces").inputs["stringData"].value
    assert given["TRACES_ADDRESS"] == "traces.space.svc.cluster.local:4317"


@pytest.mark.parametrize(
    ("args", "words"), [({"replicas": 1}, "replicas must be at least 2"), ({"hours": 0}, "hours must be at")]
)
def test_rejects(preview, args, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: stack(**args))
