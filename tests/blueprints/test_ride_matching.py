"""Riders and drivers brought together: what it is made of, who may reach whom, and no way more."""

import functools
import json

import pytest

from blueprints.ride_matching import PROGRAMS, RideMatching
from components.access import connect
from components.control.consul import Consul
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from fourplane.preview import Preview
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
WORKLOADS = {
    "rides-matching": "kubernetes:apps/v1:StatefulSet",
    "rides-location": "kubernetes:apps/v1:Deployment",
    "rides-trip-processor": "kubernetes:apps/v1:Deployment",
}


def program(zones=3, **more):
    network = Network("net", {"zones": zones})
    cluster = EksCluster("platform", {**network.private, "disks": True})
    inside = cluster.inside
    services = KubernetesNamespace("services", cluster.pods, inside).pods
    consul = Consul("consul", services, inside)
    mesh = {"tracing_address": "jaeger.o.svc.cluster.local:4317"}
    pricing = KubernetesService("pricing", {**services, "image": "p", "port": 8080, "mesh": mesh}, inside)
    called = {"pricing": "pricing.services.svc.cluster.local:15006"}
    args = {**network.data, "pods": services, "mesh": {**mesh, "http": called}, "registry": "consul", **more}
    rides = RideMatching("rides", args, inside)
    connect(rides.matching, pricing)
    connect(rides.location, consul)


@pytest.fixture(scope="module")
def graph(run_in, tmp_path_factory):
    with Sandbox() as cloud:
        return run_in(tmp_path_factory.mktemp("rides"), program, cloud)


def pod(graph, name):
    spec = graph.one(WORKLOADS[name], name).inputs["spec"]["template"]["spec"]
    return spec["containers"][0]


def environment(graph, name):
    return {one["name"]: one.get("value") for one in pod(graph, name)["env"]}


def test_the_arrows_are_the_ways_and_no_way_more_is_open(graph):
    names = {urn: resource.name for urn, resource in graph.items()}
    ends = [(names.get(way.source, way.source), names.get(way.target, way.target)) for way in reach(graph)]
    assert {pair for pair in ends if any(end.startswith("rides") for end in pair)} == {
        ("rides-location", "rides-locations"),
        ("rides-matching", "rides-locations"),
        ("rides-matching", "rides-events"),
        ("rides-matching", "rides-matching"),
        ("rides-trip-processor", "rides-events"),
        ("rides-trip-processor", "rides-pushes"),
        ("rides-matching", "pricing"),
        ("rides-location", "consul"),
        # The nodes' group, which all pods share; and what may call AWS's APIs may call the cluster's own.
        ("platform", "rides-locations"),
        ("platform", "rides-events"),
        ("rides-matching", "platform"),
        ("rides-trip-processor", "platform"),
    }


def test_matching_keeps_its_names_and_gossips(graph):
    assert pod(graph, "rides-matching")["ports"][1:] == [{"name": "gossip", "containerPort": 3000}]
    told = environment(graph, "rides-matching")
    assert told["PEERS"].startswith("rides-matching-pods.") and told["GOSSIP_PORT"] == "3000"


def test_programs_find_the_cache_and_prices_in_their_own_proxy(graph):
    matching, location = (environment(graph, f"rides-{name}") for name in ("matching", "location"))
    # By their order: "pricing" and "rides-locations".
    assert matching["PRICING_ADDRESS"] == "127.0.0.1:15101"
    assert matching["LOCATIONS_ADDRESS"] == matching["RIDES_LOCATIONS_ADDRESS"] == "127.0.0.1:15102"
    assert location["LOCATIONS_ADDRESS"] == location["RIDES_LOCATIONS_ADDRESS"] == "127.0.0.1:15101"
    assert location["REGISTRY"] == "CONSUL" and location["MESH_PORT"] == "15006"
    from_arrow = [one["secretRef"]["name"] for one in pod(graph, "rides-location")["envFrom"]]
    assert from_arrow == ["rides-location-to-consul"]


def test_the_processor_is_the_group_that_it_may_be(graph):
    arrow = graph.one("aws:iam/rolePolicy:RolePolicy", "rides-trip-processor-to-rides-events")
    said = {one["Sid"]: one for one in json.loads(arrow.inputs["policy"])["Statement"]}
    group = environment(graph, "rides-trip-processor")["GROUP"]
    assert said["Group"]["Resource"].endswith(f"/{group}")


def test_the_cache_is_sharded_and_asks_for_a_password(graph):
    cache = graph.one("aws:elasticache/replicationGroup:ReplicationGroup", "rides-locations")
    assert cache.inputs["numNodeGroups"] == 3 and cache.inputs["authToken"]
    topics = {one.inputs["name"] for one in graph.all("aws:msk/topic:Topic")}
    assert topics == {"driver.location.updated", "trip.state.changed"}


def test_sizes_are_what_was_asked_for(run_in, tmp_path):
    def asked():
        program(
            cache={"shards": 5, "node_type": "cache.r7g.xlarge"},
            stream={"partitions": 6, "brokers_per_zone": 2},
            matching={"replicas": 4, "maximum": 40},
        )

    graph = run_in(tmp_path, asked, Preview(), preview=True)
    cache = graph.one("aws:elasticache/replicationGroup:ReplicationGroup", "rides-locations")
    assert (cache.inputs["numNodeGroups"], cache.inputs["nodeType"]) == (5, "cache.r7g.xlarge")
    assert {one.inputs["partitionCount"] for one in graph.all("aws:msk/topic:Topic")} == {6}
    assert graph.one("aws:msk/cluster:Cluster").inputs["numberOfBrokerNodes"] == 6
    scaled = graph.one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "rides-matching").inputs["spec"]
    assert (scaled["minReplicas"], scaled["maxReplicas"]) == (4, 40)


def test_of_four_zones_three_keep_the_events_and_who_must_know_is_told_how_they_are(run_in, tmp_path):
    asked = functools.partial(program, 4, alarm_actions=["arn:topic"])
    graph = run_in(tmp_path, asked, Preview(), preview=True)
    brokers = graph.one("aws:msk/cluster:Cluster").inputs["brokerNodeGroupInfo"]["clientSubnets"]
    assert len(brokers) == 3 and len(graph.one(SUBNETS).inputs["subnetIds"]) == 4
    alarms = graph.all("aws:cloudwatch/metricAlarm:MetricAlarm")
    assert alarms and all(one.inputs["alarmActions"] == ["arn:topic"] for one in alarms)


@pytest.mark.parametrize(
    ("asked", "builder"), [({}, "ARM_CONTAINER"), ({"architecture": "x86_64"}, "LINUX_CONTAINER")]
)
def test_images_are_built_for_the_nodes(run_in, tmp_path, asked, builder):
    graph = run_in(tmp_path, functools.partial(program, **asked), Preview(), preview=True)
    builds = graph.all("aws:codebuild/project:Project")
    assert {one.inputs["environment"]["type"] for one in builds} == {builder} and len(builds) == 3


@pytest.mark.parametrize("name", ["matching", "location", "trip_processor"])
def test_every_image_has_what_its_dockerfile_copies_and_runs_as_nobody(name):
    lines = (PROGRAMS / name / "Dockerfile").read_text().splitlines()
    copied = [
        word
        for line in lines
        if line.startswith("COPY") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    assert copied and all(pattern == "." or list((PROGRAMS / name).glob(pattern)) for pattern in copied)
    assert lines[-2] == "USER 10001"
    bases = {line.split()[1] for line in lines if line.startswith("FROM")}
    assert bases == {"public.ecr.aws/docker/library/debian:bookworm-slim"}
