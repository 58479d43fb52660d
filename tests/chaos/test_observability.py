"""What a lost zone leaves of those who watch."""

from components.access import connect
from components.control.alerts import Alerts
from components.control.consul import Consul
from components.control.grafana import Grafana
from components.control.jaeger import Jaeger
from components.control.latency_objectives import LatencyObjectives
from components.control.prometheus import Prometheus
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.chaos import Wish, strike
from fourplane.sandbox import Sandbox

PROMISES = {"order": {"histogram": "order_seconds", "services": ["orders"], "objective_ms": 100}}


def stack():
    network = Network("network", {"zones": 3})
    cluster = EksCluster("cluster", {**network.private, "public_images": True, "disks": True})
    topic = Alerts("alerts", {}).topic_arn
    spaces = {
        name: KubernetesNamespace(name, cluster.pods, cluster.inside).pods for name in ("shop", "watch")
    }
    watch, opts = spaces["watch"], cluster.inside
    orders = {
        **spaces["shop"],
        "image": "a/b:1",
        "port": 8080,
        "scraped": True,
        "calls": ["consul", "jaeger"],
    }
    service = KubernetesService("orders", orders, opts)
    prometheus = Prometheus("prometheus", {**watch, "scrapes": ["orders.shop"], "topic_arn": topic}, opts)
    asks = {**watch, "prometheus": "prometheus"}
    promised = {**asks, "image": "a/python:3", "promises": PROMISES, "alarm_actions": [topic]}
    connect(prometheus, service)
    connect(service, Consul("consul", watch, opts), Jaeger("jaeger", watch, opts))
    connect(Grafana("grafana", asks, opts), prometheus)
    connect(LatencyObjectives("promised", promised, opts), prometheus)


def test_who_watches_goes_on_without_a_zone(run):
    with Sandbox() as cloud:
        report = strike(run(stack, cloud), cloud.client, Wish("gorilla", zone="us-east-1b")).as_json()
    found = {one["component"]: one for one in report["components"]}
    assert {
        "prometheus-alertmanager",
        "prometheus",
        "grafana",
        "jaeger",
        "consul",
        "promised",
    } <= found.keys()
    assert {name: one["why"] for name, one in found.items() if not one["ok"]} == {}
    arrows = {(one["from"], one["to"]) for one in report["arrows"] if one["ok"]}
    assert {("orders", "consul"), ("orders", "jaeger"), ("prometheus", "orders")} <= arrows
