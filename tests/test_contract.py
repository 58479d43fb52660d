"""What holds for every component, so that no component has to say it again."""

import ast
import functools
import importlib
import inspect
import itertools
import pkgutil
import typing
from pathlib import Path

import pulumi
import pytest
from pulumi.provider.experimental.analyzer import Analyzer

import blueprints
import components
from blueprints.chaos_engineering import ChaosEngineering
from blueprints.content_distribution import ContentDistribution
from blueprints.hot_partitions import HotPartitions
from blueprints.incident_response import IncidentResponse
from blueprints.messaging import Messaging
from blueprints.platform_evolution import PlatformEvolution
from blueprints.recommendations import Recommendations
from blueprints.ride_matching import RideMatching
from blueprints.shopping_cart import ShoppingCart
from blueprints.surge_events import SurgeEvents
from components.access import Peer, Server, Site, Store
from components.component import Component
from components.control.alertmanager import Alertmanager
from components.control.alerts import Alerts
from components.control.atlas import Atlas
from components.control.availability import Availability
from components.control.budget import Budget
from components.control.cdn_availability import CdnAvailability
from components.control.chat_objectives import ChatObjectives
from components.control.compliance import Compliance
from components.control.consul import Consul
from components.control.dashboard import Dashboard
from components.control.database_failover import DatabaseFailover
from components.control.encryption_key import EncryptionKey
from components.control.eureka import Eureka
from components.control.event_calendar import EventCalendar
from components.control.experiment import Experiment
from components.control.feature_flags import FeatureFlags
from components.control.freebsd_packages import FreeBsdPackages
from components.control.grafana import Grafana
from components.control.hystrix import Hystrix
from components.control.image_cache import ImageCache
from components.control.jaeger import Jaeger
from components.control.latency_objectives import LatencyObjectives
from components.control.load_threshold import LoadThreshold
from components.control.log_archive import LogArchive
from components.control.package_cache import PackageCache
from components.control.playback_objectives import PlaybackObjectives
from components.control.prometheus import Prometheus
from components.control.region_health import RegionHealth
from components.control.release import Release
from components.control.runbook import Runbook
from components.control.signing_key import SigningKey
from components.control.spinnaker import Spinnaker
from components.control.state_machine import StateMachine
from components.control.storage_availability import StorageAvailability
from components.control.tracing import Tracing
from components.control.zone_health import ZoneHealth
from components.edge.app_clients import AppClients
from components.edge.beacon import Beacon
from components.edge.cdn_edge import CdnEdge
from components.edge.certificate import Certificate
from components.edge.chat_names import ChatNames
from components.edge.content_edge import ContentEdge
from components.edge.domain import Domain
from components.edge.entrance_health import EntranceHealth
from components.edge.firewall import Firewall
from components.edge.geography import Geography
from components.edge.isp_cache import IspCache
from components.edge.load_balancer import LoadBalancer
from components.edge.network_load_balancer import NetworkLoadBalancer
from components.edge.private_names import PrivateNames
from components.edge.static_fallback import StaticFallback
from components.edge.static_files import StaticFiles
from components.edge.stream_balancer import StreamBalancer
from components.edge.synthetic_client import SyntheticClient
from components.edge.viewer_routing import ViewerRouting
from components.edge.write_fallback import WriteFallback
from components.network import Network
from components.region import Region
from components.service.auto_scaling_service import AutoScalingService
from components.service.autoscaler_access import AutoscalerAccess
from components.service.chat_servers import ChatServers
from components.service.cluster_autoscaler import ClusterAutoscaler
from components.service.eks_cluster import EksCluster
from components.service.eks_nodes import EksNodes
from components.service.encoding import Encoding
from components.service.function import Function
from components.service.gateway import Gateway
from components.service.kubernetes_gateway import KubernetesGateway
from components.service.kubernetes_namespace import KubernetesNamespace
from components.service.kubernetes_service import KubernetesService
from components.service.push_notifications import PushNotifications
from components.service.service_image import ServiceImage
from components.service.spark_job import SparkJob
from components.service.training_pipeline import TrainingPipeline
from components.state.aurora_mysql import AuroraMySql
from components.state.backup_plan import BackupPlan
from components.state.cassandra_ring import CassandraRing
from components.state.content_store import ContentStore
from components.state.dataset import Dataset
from components.state.dax_cluster import DaxCluster
from components.state.dynamo_table import DynamoTable
from components.state.entry import Entry
from components.state.event_archive import EventArchive
from components.state.event_stream import EventStream
from components.state.exit import Exit
from components.state.kafka_cluster import KafkaCluster
from components.state.mnesia_database import MnesiaDatabase
from components.state.model_registry import ModelRegistry
from components.state.postgresql import PostgreSql
from components.state.private_bucket import PrivateBucket
from components.state.redis_cluster import RedisCluster
from components.state.search_domain import SearchDomain
from components.state.warehouse import Warehouse
from components.state.work_queue import WorkQueue
from components.vpc_endpoints import VpcEndpoints
from fourplane.planes import kind
from fourplane.preview import Preview

VPC = "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1"
BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/a/1"
LISTENER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2"
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"]}
ZONED = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"],
    "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
}
ALARM = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:a"
KAFKA = "arn:aws:kafka:us-east-1:123456789012:cluster/a/1-1"
TOPIC = "arn:aws:sns:us-east-1:123456789012:t"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf"
PODS = {"cluster": "c", "cluster_name": "dev-c", "node_security_group_id": "sg-1"}
IMAGE = {"image": "public.ecr.aws/docker/library/nginx:1"}
MIRRORED = {"packages_url": "https://a.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly"}
RELEASE = {"release_url": "https://example.com/program-1.2.jar"}
ARTIFACT = {
    "artifact_url": "https://shop-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/packages/a/a-1.war",
    "artifact_repository_arn": "arn:aws:codeartifact:us-east-1:123456789012:repository/shop/packages",
    "artifact_domain_arn": "arn:aws:codeartifact:us-east-1:123456789012:domain/shop",
}
BALANCED = {"load_balancer_dimension": "app/a/1", "target_group_dimension": "targetgroup/a/1"}
WATCHED = {
    "vpc_arn": VPC,
    "zones": ZONED["zones"],
    "fleets": {"a": {**BALANCED, "group_name": "a-1"}},
    "topic_arn": TOPIC,
}
COPY = {
    "global_cluster_id": "b",
    "copy_id": "b",
    "copy_arn": "arn:aws:rds:us-east-1:123456789012:cluster:b",
    "writer_arn": "arn:aws:rds:eu-west-1:123456789012:cluster:b",
    "writer_address": "b.cluster-1.us-east-1.rds.amazonaws.com:3306",
}
PROMISED = {"video_start_ms": 100, "rebuffer_percent": 0.5, "uhd_percent": 25, "usd_per_gigabyte": 0.02}
CACHES = {**PLACE, "public_subnet_ids": ["subnet-3", "subnet-4"]}
SMALLEST = {
    Alerts: {},
    AppClients: {
        "api": "a",
        "scopes": {"b": "B"},
        "apps": {"c": {"callback_urls": ["https://example.com/"], "scopes": ["b"]}},
    },
    Atlas: {**PLACE, **IMAGE, **RELEASE},
    AuroraMySql: ZONED,
    Availability: {"load_balancer_dimension": "app/a/1", "percent": 99.9},
    AutoScalingService: {**PLACE, **IMAGE, "port": 80},
    BackupPlan: {"table_arns": ["arn:aws:dynamodb:us-east-1:123456789012:table/a"]},
    Beacon: {},
    Budget: {"monthly_usd": 1, "components": ["a"]},
    CassandraRing: {**ZONED, **IMAGE},
    CdnEdge: {"origin_arn": BALANCER, "origin_dns_name": "a.elb.amazonaws.com"},
    CdnAvailability: {"distribution_id": "E1", "percent": 99.95},
    ChaosEngineering: {**WATCHED, "stop_alarm_arns": {"a": ALARM}},
    Certificate: {"domain": "example.com", "zone_id": "Z1"},
    ChatObjectives: {"namespace": "a", "nodes": 1, "connections_per_server": 1},
    ChatNames: {
        "domain": "chat.example.com",
        "areas": {
            "eu": {
                "region": "eu-west-1",
                "vpc_id": "vpc-1",
                "dns_name": "a.elb.eu-west-1.amazonaws.com",
                "balancer_zone_id": "Z1",
                "servers": ["10.0.0.4"],
            }
        },
    },
    Compliance: {"topic_arn": TOPIC},
    ContentDistribution: {
        **CACHES,
        **IMAGE,
        "isps": {"a": {"cidr_blocks": ["198.51.100.0/24"], "terabytes": 1, "edge": "us"}},
        "objectives": PROMISED,
        "monthly_terabytes": 1,
    },
    ContentEdge: {"near": "us-east-1", "origin_domain_name": "a.s3.us-east-1.amazonaws.com"},
    ContentStore: {},
    Domain: {"domain": "example.com"},
    Dashboard: {"alarms": {"a": {"a": ALARM}}},
    DatabaseFailover: {"database": COPY, "settings": ["/dev/a/b"], "topic_arn": TOPIC},
    DaxCluster: {**ZONED, "table_arns": ["arn:aws:dynamodb:us-east-1:123456789012:table/a"]},
    DynamoTable: {"key": {"partition": ("a", "S")}},
    Encoding: {"source_bucket": "a", "target_bucket": "b", "target_arn": "arn:aws:s3:::b"},
    EncryptionKey: {},
    Entry: {"address": "a", "statements": []},
    EventStream: {},
    Exit: {"address": "a", "statements": []},
    Warehouse: ZONED,
    WorkQueue: {},
    EventArchive: {"cluster_arn": KAFKA, "topics": ["a"]},
    Eureka: {**ZONED, **IMAGE, **ARTIFACT},
    EntranceHealth: {"load_balancer_dimension": "app/a/1", "target_group_dimension": "targetgroup/a/1"},
    EventCalendar: {
        "events": {"sale": {"starts": "2030-07-16T07:00:00Z", "ends": "2030-07-18T07:00:00Z"}},
        "fleets": {"web": {"group_name": "web-1", "minimum": 2, "maximum": 8}},
    },
    Experiment: {
        "fault": "monkey",
        "targets": {"a": {"kind": "instances", "tags": {"component": "a"}}},
        "actions": {"a": {"action": "aws:ec2:terminate-instances", "target": "a"}},
        "statements": [],
        "stop_alarm_arns": [ALARM],
    },
    FeatureFlags: {"flags": {"a": {"description": "A"}}},
    FreeBsdPackages: {"packages": ["a"], "endpoint_id": "vpce-1"},
    Firewall: {},
    Gateway: {**PLACE, **IMAGE, "routes": {"a": {"paths": ["/a"]}}},
    Geography: {"area": "us", "host": "a.example.net", "p99_ms": 100},
    Hystrix: {**PLACE, **IMAGE},
    ImageCache: {},
    IncidentResponse: WATCHED,
    IspCache: {**CACHES, **IMAGE, "edge": "us", "terabytes": 1},
    LoadBalancer: {**PLACE, "target_port": 80},
    NetworkLoadBalancer: {**PLACE, "port": 5222, "target_port": 5222, "health_check_port": 8081},
    StreamBalancer: {
        **PLACE,
        "front": PLACE,
        "packages_url": "https://packages.s3.us-east-1.amazonaws.com/FreeBSD:14:aarch64/quarterly",
        "servers": ["10.0.0.5", "10.0.1.5"],
        "server_count": 2,
        "ports": [5222],
        "connections_per_server": 1000,
    },
    LogArchive: {},
    Network: {},
    PackageCache: {},
    PlaybackObjectives: {"namespace": "a", "objectives": PROMISED},
    PlatformEvolution: {**PLACE, "phase": "soa", "data": ZONED},
    KafkaCluster: {**ZONED, "topics": {"a": {}}},
    PostgreSql: ZONED,
    PrivateBucket: {},
    PushNotifications: {},
    Region: {},
    Release: RELEASE,
    PrivateNames: {"domain": "a.example.com", "vpc_id": "vpc-1", "zone_id": "Z1"},
    RegionHealth: {"zone_alarm_arns": {"a": ALARM, "b": ALARM}},
    Runbook: {
        "alarm_arns": {"a": ALARM},
        "document": "{}",
        "parameters": {},
        "statements": [],
        "topic_arn": TOPIC,
    },
    SearchDomain: ZONED,
    SigningKey: {},
    ServiceImage: {"files": {"Dockerfile": "FROM scratch"}},
    StaticFallback: {},
    StaticFiles: {"bucket": "a", "folder": str(Path(components.__path__[0]) / "edge/beacon")},
    SurgeEvents: {
        **PLACE,
        "events": {"sale": {"starts": "2030-07-16T07:00:00Z", "ends": "2030-07-18T07:00:00Z"}},
        "fleets": {"web": {"group_name": "web-1", "minimum": 2, "maximum": 8}},
        "hottest": {
            "site": "https://example.com",
            "bucket": "b",
            "bucket_arn": "arn:aws:s3:::b",
            "key": "hottest",
        },
        "service": "http://orders:8080",
    },
    SyntheticClient: {"host": "example.com", "paths": ["/"]},
    StorageAvailability: {"bucket": "content", "percent": 99.99},
    Tracing: {"services": {"a": {}}},
    ViewerRouting: {"networks": {"a": ["198.51.100.0/24"]}},
    VpcEndpoints: {**PLACE, "vpc_arn": VPC, "route_table_ids": ["rtb-1"]},
    WriteFallback: {**BALANCED, "listener_arn": LISTENER, "topic_arn": TOPIC},
    ZoneHealth: {"zone": "us-east-1a", "fleets": {"a": BALANCED}},
    EksCluster: PLACE,
    EksNodes: {**PLACE, "cluster_name": "dev-c"},
    KubernetesGateway: {
        **PODS,
        **IMAGE,
        "namespace": "n",
        "node_group_name": "g",
        "routes": {"a": {"paths": ["/a"]}},
        "front": {**PLACE, "cidr_blocks": ["10.0.0.0/24"]},
    },
    ClusterAutoscaler: {**PODS, "namespace": "n", "node_group_name": "eks-c"},
    KubernetesNamespace: PODS,
    KubernetesService: {**PODS, **IMAGE, "namespace": "n", "port": 8080},
    Alertmanager: {**PODS, "namespace": "n", "topic_arn": TOPIC},
    Consul: {**PODS, "namespace": "n"},
    Grafana: {**PODS, "namespace": "n", "prometheus": "p"},
    Jaeger: {**PODS, "namespace": "n"},
    LatencyObjectives: {
        **PODS,
        **IMAGE,
        "namespace": "n",
        "prometheus": "p",
        "promises": {"a": {"histogram": "a_seconds", "services": ["a"], "objective_ms": 1}},
    },
    Prometheus: {**PODS, "namespace": "n", "scrapes": ["a.n"], "topic_arn": TOPIC},
    RedisCluster: ZONED,
    Spinnaker: {**PODS, "data": {**ZONED, "cidr_blocks": ["10.0.0.0/24"]}},
    AutoscalerAccess: {
        **PODS,
        "namespace": "n",
        "role_arn": "arn:aws:iam::123456789012:role/a",
        "autoscalers": ["a"],
    },
    Function: {**PLACE, "code": {"a.py": __file__}, "handler": "a.b"},
    HotPartitions: {
        **PLACE,
        "locations": {"name": "a", "address": "a.example.com:6379", "secret_arn": SECRET},
        "pods": {**PODS, "namespace": "n"},
        "api": {"address": "a.eks.amazonaws.com:443", "certificate_authority": "YQ=="},
        "scaled": {"namespace": "n", "least": {"a": 2}},
    },
    LoadThreshold: {"namespace": "a", "metric_name": "b"},
    RideMatching: {**ZONED, "cidr_blocks": ["10.0.0.0/24"], "pods": {**PODS, "namespace": "n"}},
    Dataset: {},
    MnesiaDatabase: {**ZONED, **MIRRORED, "domain": "eu.example.com"},
    ChatServers: {
        **ZONED,
        **MIRRORED,
        "domain": "eu.example.com",
        "stores": ["10.0.0.4", "10.0.1.4"],
        "partitions": 8,
        "cookie_secret_arn": SECRET,
        "programs_bucket": "a",
        "programs_arn": "arn:aws:s3:::a",
        "proxies": 3,
    },
    Messaging: {
        "domain": "eu.example.com",
        "public": PLACE,
        "private": PLACE,
        "data": ZONED,
        "endpoint_id": "vpce-1",
    },
    ModelRegistry: {},
    Recommendations: {**PLACE, "data": ZONED, "hourly": {"clicks": 1, "views": 1, "purchases": 1}},
    SparkJob: {**PLACE, "program": __file__},
    TrainingPipeline: {
        **PLACE,
        "definition": str(Path(__file__).parent / "components/data/pipeline.json.j2"),
    },
    ShoppingCart: {**PLACE, "data": ZONED},
    StateMachine: {"definition": '{"StartAt": "a", "States": {"a": {"Type": "Succeed"}}}'},
}
OF_CLOUDFRONT = {
    Beacon,
    CdnAvailability,
    CdnEdge,
    ContentDistribution,
    Domain,
    Firewall,
    Geography,
    PlaybackObjectives,
}
"""What has parts in CloudFront's own region, wherever it stands itself."""
WITHOUT_REGION = {"aws:budgets", "aws:cloudfront", "aws:iam", "aws:route53"}
LEVELS = {Component, Peer, Server, Site, Store}


def everything() -> set[type]:
    """Every component class that any module of ours defines."""
    for package in (components, blueprints):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found, waiting = set(), [Component]
    while waiting:
        waiting.extend(children := waiting.pop().__subclasses__())
        found |= set(children)
    return {cls for cls in found if cls.__module__.split(".")[0] in ("components", "blueprints")} - LEVELS


def declared_outputs(cls: type) -> set[str]:
    annotations = {k: v for base in cls.__mro__ for k, v in getattr(base, "__annotations__", {}).items()}
    return {key for key, kind in annotations.items() if typing.get_origin(kind) is pulumi.Output}


def arguments(cls: type) -> type:
    return cls.__init__.__annotations__["args"]


def test_every_component_has_a_smallest_example():
    assert everything() == SMALLEST.keys()


@pytest.fixture(scope="module")
def smallest(run_in, tmp_path_factory):
    """smallest(cls): the graph of its smallest example, for who does not change it."""
    folder = tmp_path_factory.mktemp("smallest")
    return functools.cache(
        lambda cls: run_in(folder, lambda: cls("it", SMALLEST[cls]), Preview(), preview=True)
    )


@pytest.mark.parametrize("cls", SMALLEST, ids=lambda cls: cls.__name__)
class TestEveryComponent:
    def test_is_documented(self, cls):
        assert vars(cls)["__doc__"] and inspect.getmodule(cls).__doc__

    def test_owns_every_child(self, cls, smallest):
        graph = smallest(cls)
        assert [r.name for r in graph.values() if r.parent not in graph] == ["it"]

    def test_names_every_child_after_itself(self, cls, smallest):
        graph = smallest(cls)
        assert [r.urn for r in graph.values() if not (r.name == "it" or r.name.startswith("it-"))] == []

    def test_registers_the_outputs_it_declares(self, cls, smallest):
        graph = smallest(cls)
        made = next(one for one in graph.values() if one.name == "it" and kind(one) == cls.__name__)
        assert made.outputs.keys() == declared_outputs(cls)

    def test_tags_every_child_that_can_be_tagged(self, cls, smallest):
        graph = smallest(cls)
        for resource in graph.values():
            if isinstance(tags := resource.inputs.get("tags"), dict):
                assert {"component", "plane"} <= tags.keys(), resource.urn

    def test_stands_in_the_region_that_it_is_given(self, cls, preview):
        args = {**SMALLEST[cls], "region": "eu-west-1"}
        graph = preview(lambda: cls("it", args))
        elsewhere = {"us-east-1"} if cls in OF_CLOUDFRONT else set()
        placed = {r.inputs["region"] for r in graph.values() if "region" in r.inputs}
        assert placed <= {"eu-west-1"} | elsewhere
        own = [r for r in graph.values() if r.custom and r.package == "aws"]
        regional = [r for r in own if "region" not in r.inputs]
        assert {r.type.split("/")[0] for r in regional} <= WITHOUT_REGION

    def test_refuses_a_misspelt_argument(self, cls, preview):
        with pytest.raises(
            Exception, match=f"{cls.__name__} 'it': no argument 'regin'; did you mean 'region'?"
        ):
            preview(lambda: cls("it", {**SMALLEST[cls], "regin": "eu-west-1"}))

    def test_can_be_used_from_another_language(self, cls):
        schema = Analyzer("fourplane").analyze([cls])["component_definitions"][cls.__name__]
        assert len(schema.outputs) == len(declared_outputs(cls))
        assert {p for p, v in schema.inputs.items() if not v.optional} == {
            camel(key) for key in arguments(cls).__required_keys__
        }

    def test_documents_every_argument(self, cls):
        known = {key for shape in shapes(arguments(cls)) for key in documented(shape)}
        assert {*arguments(cls).__required_keys__, *arguments(cls).__optional_keys__} == known


def shapes(shape: type) -> list[type]:
    """A TypedDict and those that it extends: at run time it forgets them as bases, so its source is read."""
    names = [base.id for base in source(shape).bases if isinstance(base, ast.Name) and base.id != "TypedDict"]
    bases = [getattr(inspect.getmodule(shape), name) for name in names]
    return [shape, *(s for base in bases for s in shapes(base))]


def documented(shape: type) -> set[str]:
    """The keys of a TypedDict that are followed by a docstring of their own."""
    return {
        key.target.id
        for key, text in itertools.pairwise(source(shape).body)
        if isinstance(key, ast.AnnAssign) and isinstance(text, ast.Expr)
    }


def source(cls: type) -> ast.ClassDef:
    return ast.parse(inspect.getsource(cls)).body[0]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)
