import json

import pytest

from components.access import connect
from components.control.latency_objectives import LatencyObjectives
from components.control.prometheus import Prometheus
from components.service.kubernetes_namespace import KubernetesNamespace
from fourplane.reach.directory import Directory
from fourplane.reach.pods import between

CLUSTER = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
MATCH = {"histogram": "match_seconds", "services": ["matching"], "objective_ms": 3000}
REDIS = {"histogram": "redis_seconds", "services": ["matching", "location"], "objective_ms": 1}
PROMISES = {"match": MATCH, "redis": REDIS}
KNOWN = {}


def stack(**more):
    space = KubernetesNamespace("space", CLUSTER)
    args = {"image": "a/python:3", "prometheus": "metrics", "promises": PROMISES, "alarm_actions": [TOPIC]}
    promised = LatencyObjectives("promised", {**space.pods, **args, **more})
    connect(promised, Prometheus("metrics", {**space.pods, "scrapes": ["a.b"], "topic_arn": TOPIC}))


@pytest.fixture
def graph(preview):
    if "graph" not in KNOWN:
        KNOWN["graph"] = preview(stack)
    return KNOWN["graph"]


def alarms(graph):
    return {one.name: one.inputs for one in graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")}


def settings(graph):
    return json.loads(graph.one("kubernetes:core/v1:ConfigMap", "promised").inputs["data"]["settings.json"])


def test_an_alarm_rings_for_each_promise_that_is_not_kept_and_where_nobody_measures(graph):
    found = alarms(graph)
    assert {name: one["threshold"] for name, one in found.items()} == {
        "promised-match": 3000,
        "promised-redis": 1,
    }
    for one in found.values():
        assert one["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert one["treatMissingData"] == "breaching" and one["alarmActions"] == [TOPIC]


def test_its_pods_put_what_its_alarms_look_at(graph):
    names = {one["metricName"] for one in alarms(graph).values()}
    (namespace,) = {one["namespace"] for one in alarms(graph).values()}
    assert names == settings(graph)["queries"].keys() and namespace == settings(graph)["namespace"]


def test_its_pods_may_put_metrics_of_its_own_namespace_alone(graph):
    policy = graph.one("aws:iam/rolePolicy:RolePolicy", "promised").inputs["policy"]
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Action"] == "cloudwatch:PutMetricData"
    own = {"cloudwatch:namespace": settings(graph)["namespace"]}
    assert statement["Condition"] == {"StringEquals": own}


def test_its_pods_ask_the_prometheus_that_it_is_connected_to(graph):
    given = graph.one("kubernetes:core/v1:Secret", "promised-to-metrics").inputs["stringData"].value
    assert given[settings(graph)["address_variable"]] == "metrics.space.svc.cluster.local:9090"
    assert ("promised", "metrics", 9090) in between(Directory(graph))


def test_it_stands_in_the_region_that_it_is_given(preview):
    assert settings(preview(lambda: stack(region="eu-west-1")))["region"] == "eu-west-1"


@pytest.mark.parametrize(
    ("promises", "words"),
    [
        ({}, "promises must be one promise or more"),
        ({"Match": MATCH}, "promises must be named by lower-case letters"),
        ({"a": {**MATCH, "histogram": "a b"}}, "histogram must be the name of a metric of Prometheus"),
        ({"a": {**MATCH, "services": []}}, "services must be names of services, one or more"),
        ({"a": {**MATCH, "services": ["a.*"]}}, "services must be names of services, one or more"),
        ({"a": {**MATCH, "objective_ms": 0}}, "objective_ms must be over 0, got 0"),
    ],
)
def test_rejects(preview, promises, words):
    with pytest.raises(Exception, match=words):
        preview(lambda: stack(promises=promises))
