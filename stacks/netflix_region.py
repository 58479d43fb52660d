"""One region of Netflix: what serves the users who are nearest to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.access import connect
from components.control.atlas import Atlas
from components.control.eureka import Eureka
from components.control.hystrix import Hystrix
from components.edge.load_balancer import Tls
from components.keeping import Logging
from components.placement import Placement
from components.service.auto_scaling_service import AutoScalingService, Program
from components.service.gateway import Gateway, GatewayArgs
from components.service.gateway_routes import Route
from components.state.aurora_mysql import AuroraMySql, AuroraMySqlArgs
from components.state.cassandra_ring import CassandraRing, CassandraRingArgs
from components.state.content_store import ContentStore
from components.state.search_domain import SearchDomain
from stacks.ground import Ground
from stacks.netflix_settings import NetflixEnvironment
from stacks.programs import JAVA, SCALA, SERVICES, SPARK, TEMURIN

ATLAS = "https://github.com/Netflix/atlas/releases/download"
ROUTES: dict[str, Route] = {
    "streaming": {"paths": ["/api/streams"], "requests_per_second": 100, "priority": 10},
    # Its ring answers in three round trips or more: a slow network is no reason to give up.
    "user": {"paths": ["/api/users"], "requests_per_second": 100, "priority": 40, "timeout_ms": 3000},
    # Under load, what nobody misses goes first.
    "recommendation": {
        "paths": ["/api/recommendations"],
        "priority": 90,
        "fallback": '{"recommendations": {"hits": {"hits": []}}}',
    },
}


class Fleet(Placement, Logging, Tls):
    """What the services have in common."""

    port: int
    minimum: int


@dataclass(frozen=True)
class Serving:
    """The parts of a region that the rest of the stack needs."""

    ground: Ground
    users: CassandraRing
    bills: AuroraMySql
    content: ContentStore
    gateway: Gateway
    user: AutoScalingService
    billing: AutoScalingService
    atlas: Atlas
    fleets: dict[str, AutoScalingService | Gateway]


def serve(
    env: NetflixEnvironment,
    ground: Ground,
    first: Serving | None = None,
    copies: Sequence[Ground] = (),
) -> Serving:
    """Kong, four services, what they keep, and what tells them of each other and of failures.

    `first`: the region that this one joins. `copies`: the grounds of those that will join it.
    """
    opts, network, images, logged = ground.opts, ground.network, ground.images, ground.logged

    # State
    ring: CassandraRingArgs = {
        **network.data,
        **images.pull("docker/library/cassandra:5.0"),
        **logged,
        "nodes_per_zone": env.cassandra_nodes_per_zone,
        "instance_type": env.cassandra_instance_type,
    }
    database: AuroraMySqlArgs = {
        **network.data,
        **logged,
        "instance_class": env.mysql_instance_class,
        "replicas": env.mysql_replicas,
    }
    if first:
        ring["joins"], database["primary"] = first.users.seeds, first.bills.primary
    if copies:
        database["replicated_to"] = {copy.region: copy.key.key_arn for copy in copies}
    users = CassandraRing("users", ring, opts)
    bills = AuroraMySql("bills", database, opts)
    titles = SearchDomain(
        "titles",
        {
            **network.data,
            **logged,
            "instance_type": env.search_instance_type,
            "dedicated_masters": env.search_masters,
        },
        opts,
    )
    content = ContentStore("content", {**ground.kept}, opts)

    # Service
    fleet: Fleet = {
        **network.private,
        **logged,
        **ground.tls,
        "port": 8080,
        "minimum": env.service_minimum,
    }
    user = AutoScalingService(
        "user",
        {
            **fleet,
            **images.pull(TEMURIN),
            "calls": ["users"],
            "program": _program("UserService.java", JAVA),
        },
        opts,
    )
    recommendation = AutoScalingService(
        "recommendation",
        {
            **fleet,
            **images.pull(SPARK),
            "calls": ["titles"],
            "start_seconds": 600,
            "program": _program("RecommendationService.scala", SCALA, AWS_REGION=ground.region),
        },
        opts,
    )
    streaming = AutoScalingService(
        "streaming",
        {
            **fleet,
            **images.pull("docker/library/golang:1.23"),
            "calls": ["content"],
            "program": _program(
                "streaming_service.go",
                "go run",
                AWS_REGION=ground.region,
                GOCACHE="/tmp/go",
                GOMEMLIMIT="1GiB",
            ),
        },
        opts,
    )
    billing = AutoScalingService(
        "billing",
        {
            **fleet,
            **images.pull("docker/library/python:3.12-slim"),
            "calls": ["bills"],
            "program": _program("billing_service.py", "python3", PYTHONUNBUFFERED="1"),
        },
        opts,
    )
    entrance: GatewayArgs = {
        **network.private,
        **images.pull("docker/library/kong:3.9"),
        **logged,
        "minimum": env.service_minimum,
        "routes": ROUTES,
    }
    if env.two_regions:
        entrance["front"] = {**network.public, **ground.front, "internet_facing": True}
    else:
        entrance = {**entrance, **ground.front}
    gateway = Gateway("gateway", entrance, opts)

    # Control
    eureka = Eureka(
        "eureka",
        {
            **network.public,
            "zones": network.zones,
            **images.pull("docker/library/tomcat:9.0-jdk17-temurin"),
            **ground.packages.artifact("com.netflix.eureka:eureka-server:1.10.17:war"),
            **logged,
        },
        opts,
    )
    hystrix = Hystrix(
        "hystrix",
        {**network.private, **logged, **ground.tls, **images.pull("docker/library/python:3.12-slim")},
        opts,
    )
    atlas = Atlas(
        "atlas",
        {
            **network.private,
            **logged,
            **ground.tls,
            **images.pull("docker/library/eclipse-temurin:21-jre"),
            "release_url": f"{ATLAS}/v1.7.8/atlas-standalone-1.7.8.jar",
            "instance_type": env.atlas_instance_type,
        },
        opts,
    )

    # Who may call whom
    connect(gateway, user, recommendation, streaming, hystrix)
    connect(user, users, eureka, atlas)
    connect(recommendation, titles)
    connect(streaming, content)
    connect(billing, bills)
    for machines in (gateway, user, recommendation, streaming, billing, users, eureka, hystrix, atlas):
        connect(machines, network.endpoints)

    fleets = {
        "gateway": gateway,
        "user": user,
        "recommendation": recommendation,
        "streaming": streaming,
        "billing": billing,
    }
    return Serving(ground, users, bills, content, gateway, user, billing, atlas, fleets)


def _program(file: str, command: str, **environment: str) -> Program:
    """A service of ours: a command of its image, and the file that it runs."""
    return {
        "files": {f"/opt/service/{file}": (SERVICES / file).read_text(encoding="utf-8")},
        "mounts": ["/opt/service:/opt/service:ro"],
        "arguments": f"{command} /opt/service/{file}",
        "environment": environment,
    }
