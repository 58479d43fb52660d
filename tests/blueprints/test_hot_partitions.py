"""The answer to a hot partition: what it is made of, and who may reach whom."""

import json

import pytest

from blueprints.hot_partitions import HotPartitions
from components.access import connect
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.state.redis_cluster import RedisCluster
from fourplane.chaos import Wish, strike
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

POLICY = "aws:iam/rolePolicy:RolePolicy"
FUNCTIONS = ("partition", "redistribute", "protect", "warm", "scale")
WORKERS = [f"hot-{name}" for name in FUNCTIONS if name != "scale"]


def program():
    network = Network("net", {"zones": 2, "interface_endpoints": ["secretsmanager"]})
    cluster = EksCluster("platform", network.private)
    rides = KubernetesNamespace("rides", cluster.pods, cluster.inside)
    watch = KubernetesNamespace("watch", cluster.pods, cluster.inside)
    locations = RedisCluster("locations", {**network.data, "shards": 2, "password": True})
    hot = HotPartitions(
        "hot",
        {
            **network.private,
            "locations": {
                "name": "locations", "address": locations.address, "secret_arn": locations.secret_arn
            },
            "pods": watch.pods,
            "api": {"address": cluster.address, "certificate_authority": cluster.certificate_authority},
            "scaled": {"namespace": rides.namespace, "least": {"matching": 4}},
            "breakers": ["pricing"],
            "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:t"],
        },
        cluster.inside,
    )  # fmt: skip
    connect(hot.monitor, locations)
    for function in hot.functions:
        connect(function, locations, network.endpoints)
    connect(hot.scaler, cluster)


@pytest.fixture(scope="module")
def deployed(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        graph = run_in(tmp_path_factory.mktemp("hot"), program, cloud)
        yield graph, cloud


@pytest.fixture(scope="module")
def graph(deployed):
    return deployed[0]


def statements(graph, name):
    policies = [one for one in graph.all(POLICY) if one.name == name]
    return {
        s["Sid"]: s for one in policies for s in json.loads(one.inputs["policy"])["Statement"] if "Sid" in s
    }


def test_load_is_measured_alarmed_and_answered_and_no_way_more_is_open(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    found = {
        (names.get(way.source, way.source), names.get(way.target, way.target), way.by) for way in reach(graph)
    }
    ours = {way for way in found if any(end.startswith("hot") for end in way[:2])}
    assert ours == {
        ("hot-monitor", "hot-threshold", "metrics"),
        ("hot-threshold", "hot-response", "alarm event"),
        *(("hot-response", f"hot-{name}", "IAM") for name in FUNCTIONS),
        *((name, "locations", by) for name in WORKERS for by in ("security groups", "IAM")),
        *((name, "net", "security groups") for name in WORKERS),
        ("hot-scale", "platform", "security groups"),
        ("hot-monitor", "locations", "network policies"),
        ("hot-monitor", "platform", "network policies"),  # every pod that may call AWS may call at port 443
    }


def test_the_alarm_is_of_more_than_1000_requests_in_any_ten_seconds(graph):
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "hot-threshold").inputs
    assert (alarm["threshold"], alarm["comparisonOperator"]) == (1000, "GreaterThanThreshold")
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["namespace"]) == (10, 1, "dev/hot")
    pods = graph.one("kubernetes:apps/v1:Deployment", "hot-monitor").inputs["spec"]["template"]["spec"]
    told = {one["name"]: one.get("value") for one in pods["containers"][0]["env"]}
    assert (told["METRIC"], told["NAMESPACE"]) == (alarm["metricName"], alarm["namespace"])


def test_the_alarm_starts_the_machine_when_it_goes_off_and_when_it_is_over(deployed):
    graph, cloud = deployed
    rule = json.loads(graph.one("aws:cloudwatch/eventRule:EventRule", "hot-response").inputs["eventPattern"])
    alarm = graph.one("aws:cloudwatch/metricAlarm:MetricAlarm", "hot-threshold").outputs["arn"]
    assert rule["resources"] == [alarm] and rule["detail"]["state"]["value"] == ["ALARM", "OK"]
    (machine,) = cloud.client("stepfunctions", "us-east-1").list_state_machines()["stateMachines"]
    described = cloud.client("stepfunctions", "us-east-1").describe_state_machine(
        stateMachineArn=machine["stateMachineArn"]
    )
    states = json.loads(described["definition"])["States"]
    called = {
        state["Parameters"]["FunctionName"].split(":")[-1].rsplit("-", 1)[0]
        for state in states.values()
        if state["Type"] == "Task"
    }
    assert called == {f"hot-{name}" for name in FUNCTIONS}


def test_the_steps_come_in_the_order_of_the_case_study(graph):
    states = json.loads(graph.one("aws:sfn/stateMachine:StateMachine").inputs["definition"])["States"]
    order = ["Split"]
    while (following := states[order[-1]].get("Next")) in states and len(order) < 6:
        order.append(following)
    assert order == ["Split", "Redistribute", "Shed", "Scale out", "Warm caches", "Shape traffic"]
    emergency = [branch["StartAt"] for branch in states["Emergency"]["Branches"]]
    assert emergency == ["Open breakers", "Degrade"]


def test_each_function_has_a_role_for_what_it_does_and_no_more(graph):
    for name in WORKERS:
        assert statements(graph, name).keys() == {"Interfaces", "Log", "Look", "Trace"}
        assert statements(graph, f"{name}-to-locations").keys() == {"Secret"}
    tell = statements(graph, "hot-monitor")["Tell"]
    assert tell["Condition"] == {"StringEquals": {"cloudwatch:namespace": "dev/hot"}}


def test_the_monitor_s_image_has_what_its_dockerfile_copies_and_what_it_imports(graph):
    context = set(graph.one("aws:s3/bucketObject:BucketObject").inputs["source"].assets)
    modules = {f"hot_cells/{name}.py" for name in ("__init__", "cells", "monitor", "store")}
    assert context == {"Dockerfile", "run.packages", *modules}


def test_pods_are_added_through_one_autoscaler_and_nothing_else_of_the_cluster(graph):
    rules = graph.one("kubernetes:rbac.authorization.k8s.io/v1:Role").inputs["rules"]
    assert rules == [
        {
            "apiGroups": ["autoscaling"],
            "resources": ["horizontalpodautoscalers"],
            "resourceNames": ["matching"],
            "verbs": ["get", "patch"],
        }
    ]
    entry = graph.one("aws:eks/accessEntry:AccessEntry", "hot-scale-access").inputs
    (subject,) = graph.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding").inputs["subjects"]
    assert entry["kubernetesGroups"] == [subject["name"]]
    assert entry["principalArn"] == graph.one("aws:iam/role:Role", "hot-scale").outputs["arn"]


def test_its_functions_go_on_when_a_zone_is_lost(deployed):
    graph, cloud = deployed
    report = strike(graph, cloud.client, Wish("gorilla", zone="us-east-1a"))
    found = {one["component"]: one for one in report.as_json()["components"]}
    parts = [*(f"hot-{name}" for name in FUNCTIONS), "hot-monitor", "hot-threshold", "hot-response"]
    assert {name: found[name]["state"] for name in parts} == dict.fromkeys(parts, "works")


def test_rejects_having_nothing_to_scale(preview):
    scaled = {"namespace": "n", "least": {}}
    args = {"vpc_id": "v", "subnet_ids": ["s"], "locations": {}, "pods": {}, "api": {}, "scaled": scaled}
    with pytest.raises(Exception, match="scaled must be one service or more"):
        preview(lambda: HotPartitions("hot", args))
