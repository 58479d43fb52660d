"""Uber as a platform: services on Kubernetes, what they keep, and what watches them."""

import math
from dataclasses import dataclass

from blueprints.hot_partitions import HotPartitions
from blueprints.ride_matching import CHANGED, DISPATCHED, RideMatching
from components.access import connect
from components.control.consul import Consul
from components.control.grafana import Grafana
from components.control.jaeger import Jaeger
from components.control.latency_objectives import LatencyObjectives, Promise
from components.control.prometheus import Prometheus
from components.edge.tokens import Tokens
from components.machine import architecture
from components.service.cluster_autoscaler import ClusterAutoscaler
from components.service.eks_cluster import EksCluster
from components.service.envoy import Mesh
from components.service.gateway_routes import Route
from components.service.kubernetes_gateway import KubernetesGateway
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_pods import NamespacedPods, Pods
from components.service.kubernetes_service import KubernetesService
from components.service.python_kit import with_kit
from components.service.service_image import ServiceImage
from components.state.aurora_mysql import AuroraMySql
from components.state.cassandra_ring import CassandraRing
from components.state.event_archive import EventArchive
from components.state.sizes import redis_shards_of_memory
from stacks.ground import Ground, Told
from stacks.programs import JAVA, SCALA, SERVICES, SPARK, TEMURIN
from stacks.uber_phases import evolution, front
from stacks.uber_settings import UberEnvironment

PUBLIC = "public.ecr.aws"
TRIP = ("Cql.java", "Json.java", "Metrics.java", "TripService.java")
FOLDER = "/etc/service"
ROUTES: dict[str, Route] = {
    "rides-location": {
        "paths": ["/api/locations"],
        # Four positions a second from each driver; the drivers of a phone network have few addresses.
        "requests_per_second": 400,
        "scope": "rides/drive",
        "priority": 20,
        "connect_timeout_ms": 1000,
    },
    "rides-matching": {
        "paths": ["/api/rides"],
        "scope": "rides/ride",
        "priority": 10,
        "timeout_ms": 5000,
        "connect_timeout_ms": 1000,
    },
    "trip": {"paths": ["/api/trips"], "priority": 30, "timeout_ms": 4000, "connect_timeout_ms": 1000},
}
"""What users call. A slow network, 800 ms more for a connection at worst, is no reason to give up."""
MESHED = ("rides-matching", "rides-location", "rides-trip-processor", "trip", "payment", "pricing")
"""Services that speak through an Envoy."""
PROMISES: dict[str, Promise] = {
    "match": {"histogram": "match_seconds", "services": ["rides-matching"], "objective_ms": 3000},
    "location": {
        "histogram": "location_update_seconds",
        "services": ["rides-location"],
        "objective_ms": 50,
    },
    "cache": {
        "histogram": "redis_seconds",
        "services": ["rides-matching", "rides-location"],
        "objective_ms": 1,
    },
    "database": {"histogram": "cassandra_read_seconds", "services": ["trip"], "objective_ms": 10},
}


UPDATES_OF_A_POD = 20_000
"""Positions that a pod of the location service takes in a second. To be measured where it runs."""
COPIES = 2
"""Of each shard of the location cache, one in each of the other zones."""


def platform(env: UberEnvironment, ground: Ground, told: Told, tokens: Tokens | None) -> KubernetesGateway:
    """The gateway, behind which all of it stands."""
    network, logged = ground.network, ground.logged
    evolution(env, ground)

    # State
    trips = CassandraRing(
        "trips",
        {
            **network.data,
            **ground.images.pull("docker/library/cassandra:5.0"),
            **logged,
            "nodes_per_zone": env.cassandra_nodes_per_zone,
            "instance_type": env.cassandra_instance_type,
            "data_gib": env.cassandra_data_gib,
        },
    )
    users = AuroraMySql(
        "users",
        {
            **network.data,
            **logged,
            "instance_class": env.mysql_instance_class,
            "replicas": env.mysql_replicas,
        },
    )

    # What the rest runs on
    cluster = EksCluster(
        "platform",
        {
            **network.private,
            **logged,
            "disks": True,
            "public_images": True,
            "instance_type": env.platform_instance_type,
            "minimum": env.platform_nodes,
            "maximum": 3 * env.platform_nodes,
            "public_cidrs": env.kubernetes_cidrs,
        },
    )
    pods: Pods = {**cluster.pods}
    services = KubernetesNamespace("services", {**pods}, cluster.inside).pods
    control = KubernetesNamespace("observability", {**pods}, cluster.inside).pods

    # Control
    watch = _watch(env, ground, told, cluster, control)
    mesh: Mesh = {"tracing_address": watch.jaeger.address}

    # Service
    pricing = KubernetesService(
        "pricing",
        {
            **_service(env, services, mesh),
            "image": f"{PUBLIC}/{SPARK}",
            "files": {"PricingService.scala": _source("PricingService.scala")},
            "command": [*SCALA.split(), f"{FOLDER}/PricingService.scala"],
            "start_seconds": 600,
            "memory_mib": 1024,
        },
        cluster.inside,
    )
    built_for = architecture(env.platform_instance_type)
    payment_image = ServiceImage(
        "payment-image",
        {**logged, "architecture": built_for, "files": with_kit(SERVICES / "payment")},
    )
    payment = KubernetesService(
        "payment",
        {
            **_service(env, services, mesh),
            **payment_image.image,
            "calls": [users.name],
            "environment": {"USERS_SECRET_ARN": users.secret_arn},
            "aws_identity": True,
        },
        cluster.inside,
    )
    trip = KubernetesService(
        "trip",
        {
            **_service(env, services, {**mesh, "http": {payment.name: payment.cluster_address}}),
            "image": f"{PUBLIC}/{TEMURIN}",
            "files": {file: _source(file) for file in TRIP},
            "command": [
                *("sh", "-c"),
                f"javac -d /tmp/classes {FOLDER}/*.java && exec {JAVA} -cp /tmp/classes TripService",
            ],
            "calls": [trips.name],
            "memory_mib": 1024,
        },
        cluster.inside,
    )
    rides = RideMatching(
        "rides",
        {
            **network.data,
            **logged,
            "alarm_actions": told.here,
            "pods": services,
            "architecture": built_for,
            "mesh": {**mesh, "http": {pricing.name: pricing.cluster_address}},
            "registry": watch.consul.name,
            "cache": {
                "shards": redis_shards_of_memory(env.location_terabytes, env.location_node_type, COPIES),
                "replicas": COPIES,
                "node_type": env.location_node_type,
            },
            "stream": {
                "partitions": env.kafka_partitions,
                "brokers_per_zone": env.kafka_brokers_per_zone,
                "instance_type": env.kafka_instance_type,
                "private_links": True,
            },
            "matching": {"replicas": env.service_minimum},
            "location": {"replicas": location_pods(env)},
        },
        cluster.inside,
    )
    EventArchive(
        "analytics",
        {
            **logged,
            **rides.events.feed,
            "topics": [DISPATCHED, CHANGED],
            "alarm_actions": told.here,
        },
    )

    # Edge
    gateway = KubernetesGateway(
        "gateway",
        {
            **services,
            "image": f"{PUBLIC}/docker/library/kong:3.9",
            "routes": ROUTES,
            "front": front(env, ground, tokens),
            "tracing_address": watch.jaeger.http_address,
            "replicas": env.service_minimum,
        },
        cluster.inside,
    )

    # Who may call whom
    connect(gateway, rides.matching, rides.location, trip)
    connect(rides.matching, pricing)
    connect(rides.location, watch.consul)
    connect(trip, trips, payment)
    connect(payment, users)
    running = (gateway, rides.matching, rides.location, rides.trip_processor, trip, payment, pricing)
    for service in running:
        connect(service, watch.jaeger)
    connect(watch.prometheus, *running)
    for machines in (trips, cluster):
        connect(machines, network.endpoints)
    _hot(env, ground, told, cluster, services, rides)
    return gateway


@dataclass(frozen=True)
class Watch:
    """What the services tell, ask, and are asked by."""

    jaeger: Jaeger
    consul: Consul
    prometheus: Prometheus


def _watch(
    env: UberEnvironment, ground: Ground, told: Told, cluster: EksCluster, pods: NamespacedPods
) -> Watch:
    """Traces, metrics, who is where, and the objectives as alarms."""
    inside, kept = cluster.inside, env.disposable
    jaeger = Jaeger("jaeger", {**pods, "disposable": kept}, inside)
    consul = Consul("consul", {**pods, **ground.kept, "servers": env.consul_servers}, inside)
    meshed = [f"{service}.services" for service in MESHED]
    prometheus = Prometheus(
        "prometheus",
        {
            **pods,
            "scrapes": [*meshed, "gateway.services"],
            "meshed": meshed,
            "topic_arn": ground.alerts.topic_arn,
            "topic_key_arn": ground.key.key_arn,
            "disposable": kept,
        },
        inside,
    )
    grafana = Grafana("grafana", {**pods, **ground.kept, "prometheus": prometheus.name}, inside)
    objectives = LatencyObjectives(
        "objectives",
        {
            **pods,
            "image": f"{PUBLIC}/lambda/python:3.13",  # it has boto3
            "prometheus": prometheus.name,
            "promises": PROMISES,
            "alarm_actions": told.here,
        },
        inside,
    )
    ClusterAutoscaler("autoscaler", {**pods}, inside)
    connect(grafana, prometheus)
    connect(objectives, prometheus)
    return Watch(jaeger, consul, prometheus)


def _hot(
    env: UberEnvironment,
    ground: Ground,
    told: Told,
    cluster: EksCluster,
    pods: NamespacedPods,
    rides: RideMatching,
) -> None:
    """What is done about an airport or a stadium."""
    cache = rides.locations
    hot = HotPartitions(
        "hot",
        {
            **ground.network.private,
            **ground.logged,
            "locations": {"name": cache.name, "address": cache.address, "secret_arn": cache.secret_arn},
            "pods": pods,
            "architecture": architecture(env.platform_instance_type),
            "api": {"address": cluster.address, "certificate_authority": cluster.certificate_authority},
            "scaled": {
                "namespace": pods["namespace"],
                "least": {"rides-matching": env.service_minimum, "rides-location": location_pods(env)},
            },
            "breakers": ["pricing"],
            "alarm_actions": told.here,
        },
        cluster.inside,
    )
    connect(hot.monitor, cache)
    for function in hot.functions:
        connect(function, cache, ground.network.endpoints)
    connect(hot.scaler, cluster)


def location_pods(env: UberEnvironment) -> int:
    return max(env.service_minimum, math.ceil(env.updates_per_second / UPDATES_OF_A_POD))


class Service(NamespacedPods):
    """What the services of this page have in common."""

    port: int
    replicas: int
    maximum: int
    scraped: bool
    mesh: Mesh


def _service(env: UberEnvironment, pods: NamespacedPods, mesh: Mesh) -> Service:
    return {
        **pods,
        "port": 8080,
        "replicas": env.service_minimum,
        "maximum": 4 * env.service_minimum,
        "scraped": True,
        "mesh": mesh,
    }


def _source(file: str) -> str:
    return (SERVICES / file).read_text(encoding="utf-8")
