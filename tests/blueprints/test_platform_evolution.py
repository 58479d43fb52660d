"""What each phase of a platform's evolution has, and what it keeps of the one before."""

import subprocess
import sys

import pytest

from blueprints.platform_evolution import CALLS, SOURCES, PlatformEvolution
from components.access import connect
from components.network import Network
from components.service.eks_cluster import EksCluster
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.python_kit import with_kit
from components.state.kafka_cluster import KafkaCluster
from fourplane.chaos import Wish, strike
from fourplane.reach import reach
from fourplane.sandbox import Sandbox

GROUP = "aws:autoscaling/group:Group"
DATABASE = "aws:rds/instance:Instance"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def evolution(phase, on_cluster=False, **more):
    """The blueprint on a network, and on a cluster where its pods are to run."""
    network = Network("network", {"zones": 3})
    args = {**network.private, "phase": phase, "data": network.data, **more}
    if not on_cluster:
        return PlatformEvolution("rides", args), network
    cluster = EksCluster("apps", {**network.private})
    pods = KubernetesNamespace("space", cluster.pods, cluster.inside).pods
    return PlatformEvolution("rides", {**args, "pods": pods}, cluster.inside), network


@pytest.fixture
def evolve(preview):
    """evolve(phase, on_cluster, **more): the graph of the blueprint."""
    return lambda *args, **more: preview(lambda: evolution(*args, **more))


def arrows(graph):
    """Who may call whom, but for balancers, nodes and AWS's own."""
    names = {urn: resource.name for urn, resource in graph.items()}
    found = {(names.get(way.source), names.get(way.target)) for way in reach(graph) if way.by != "IAM"}
    return {way for way in found if None not in way and "apps" not in way and way[0] != way[1]}


def kept(graph):
    """The URNs of its state, which have its types and parents, without who may reach it."""
    inside = (
        "PlatformEvolution$fourplane:index:PostgreSql",
        "PlatformEvolution$fourplane:index:ServiceImage",
    )
    return {
        urn
        for urn in graph
        if any(one in urn for one in inside) and "securityGroup" not in urn.split("::")[-2].split("$")[-1]
    }


CALLED = {(f"rides-{one}", f"rides-{other}") for one, others in CALLS.items() for other in others}
STORED = {(f"rides-{one}", "rides-database") for one in CALLS}


def test_a_monolith_is_one_machine_and_one_database_in_one_zone(evolve):
    graph = evolve("monolith")
    sizes = graph.one(GROUP).inputs
    assert (sizes["minSize"], sizes["maxSize"]) == (1, 1)
    assert graph.one("aws:rds/instance:Instance").inputs["multiAz"] is False
    assert arrows(graph) == {("rides-app", "rides-database")}


def test_services_call_each_other_and_each_keeps_its_own_in_the_same_database(evolve):
    graph = evolve("soa")
    assert arrows(graph) == CALLED | STORED
    assert {group.inputs["minSize"] for group in graph.all(GROUP)} == {3} and len(graph.all(GROUP)) == 4
    assert graph.one("aws:rds/instance:Instance").inputs["multiAz"] is True


def test_pods_call_each_other_through_their_mesh(evolve):
    graph = evolve("platform", True, tracing_address="jaeger:4317")
    assert arrows(graph) == CALLED | STORED
    pod = graph.one(DEPLOYMENT, "rides-matching").inputs["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["initContainers"]] == ["envoy"]
    told = {one["name"]: one.get("value") for one in pod["containers"][0]["env"]}
    assert told["RIDES_TRIP_ADDRESS"].startswith("127.0.0.1:")
    mesh = graph.one("kubernetes:core/v1:ConfigMap", "rides-matching-mesh").inputs["data"]["envoy.yaml"]
    assert "rides-trip-pods.space.svc.cluster.local" in mesh and "4317" in mesh


def test_only_the_trip_service_tells_of_trips(preview):
    def program():
        rides, network = evolution("platform", True, events="events")
        kafka = KafkaCluster("events", {**network.data, "topics": {"trip.state.changed": {"partitions": 3}}})
        connect(rides.services["trip"], kafka)

    graph = preview(program)
    containers = {
        pod.name: pod.inputs["spec"]["template"]["spec"]["containers"][0] for pod in graph.all(DEPLOYMENT)
    }
    telling = {
        name for name, one in containers.items() if {"name": "EVENTS", "value": "events"} in one["env"]
    }
    assert telling == {"rides-trip"} and ("rides-trip", "events") in arrows(graph)


def test_what_holds_data_is_the_same_in_every_phase(evolve):
    graphs = [evolve("monolith"), evolve("soa"), evolve("platform"), evolve("platform", True)]
    first, *others = [kept(graph) for graph in graphs]
    assert any(urn.endswith(f"{DATABASE}::rides-database") for urn in first)
    assert all(other == first for other in others)
    inputs = [graph.one(DATABASE).inputs for graph in graphs]
    # A second zone is added in place; the first is only chosen while there is no other.
    changed = {key for one in inputs for key in one if one[key] != inputs[1].get(key)}
    assert changed == {"multiAz", "availabilityZone"}


def test_a_stack_with_services_of_its_own_keeps_the_database_until_it_says_otherwise(evolve):
    graph = evolve("platform")
    assert not graph.all(GROUP) and arrows(graph) == set() and kept(graph)
    assert kept(evolve("platform", keep_database=False)) == set()


def test_the_image_has_the_program_and_all_that_it_stands_on(tmp_path):
    for at, text in with_kit(SOURCES).items():
        (tmp_path / at).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / at).write_text(text)
    imports = "import rides.events, rides.peers, components.service.python.database"
    place = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-S", "-P", "-c", imports], env=place, check=True)
    assert (tmp_path / "Dockerfile").exists() and (tmp_path / "rides/__main__.py").exists()


def test_says_which_paths_each_service_answers(preview):
    found = {}

    def program(phase):
        found[phase] = evolution(phase)[0].routes

    for phase in ("monolith", "soa"):
        preview(lambda phase=phase: program(phase))
    assert found["monolith"] == {"rides-app": {"paths": ["/api"]}}
    assert found["soa"]["rides-matching"] == {"paths": ["/api/rides", "/api/drivers"]}
    assert found["soa"].keys() == {f"rides-{service}" for service in CALLS}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({"phase": "mesh"}, "phase must be one of monolith, soa, platform, got 'mesh'"),
        ({"phase": "soa", "keep_database": False}, "keep_database must be True while"),
        ({"phase": "soa", "events": "events"}, "events must be given with pods"),
    ],
)
def test_rejects_what_cannot_be(evolve, args, words):
    with pytest.raises(Exception, match=words):
        evolve(**args)


@pytest.fixture
def struck(run):
    """struck(fault, zone, *evolution): what does not work after it, by component."""

    def struck(fault, zone, *args):
        with Sandbox() as cloud:
            report = strike(run(lambda: evolution(*args), cloud), cloud.client, Wish(fault, zone=zone))
        return {
            one["component"]: one["state"]
            for one in report.as_json()["components"]
            if one["state"] != "works"
        }

    return struck


def test_a_monolith_is_a_single_point_of_failure(struck):
    assert struck("monkey", "", "monolith")["rides-app"] == "degraded"
    lost = struck("gorilla", "us-east-1a", "monolith")
    assert lost["rides-database"] == "broken"


def test_a_platform_survives_the_loss_of_a_zone(struck):
    assert struck("gorilla", "us-east-1a", "platform", True) == {}
