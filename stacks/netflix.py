"""Netflix: global video streaming."""

from pathlib import Path
from typing import Annotated

import pulumi
import pydantic

from blueprints.chaos_engineering import ChaosEngineering, ChaosEngineeringArgs
from components.access import connect
from components.control.availability import Availability
from components.control.encryption_key import EncryptionKey
from components.control.image_cache import ImageCache
from components.control.log_archive import LogArchive
from components.edge.cdn_edge import CdnEdge
from components.edge.geography import Geography
from components.keeping import Keeping, Logging
from components.network import Network
from components.placement import Placement
from components.provider import provider, use
from components.service.auto_scaling_service import AutoScalingService, Program
from components.service.gateway import Gateway
from components.state.aurora_mysql import AuroraMySql
from components.state.cassandra_ring import CassandraRing
from components.state.content_store import ContentStore
from stacks.environment import Environment, matching

SERVICES = Path(__file__).parent / "services"


class NetflixEnvironment(Environment):
    """What Netflix's page needs besides."""

    cassandra_nodes_per_zone: int = pydantic.Field(1, ge=1)
    """Nodes of the user data ring in every zone."""
    cassandra_instance_type: str = "m7g.large"
    """Machine of a ring node."""
    service_minimum: int = pydantic.Field(3, ge=1)
    """Machines that each service keeps when there is no load."""
    mysql_instance_class: str = "db.r7g.large"
    """Machine of a node of the billing database."""
    mysql_replicas: int = pydantic.Field(1, ge=0)
    """Nodes of the billing database that can take over from the writer, each in another zone."""
    chaos_scheduled: bool = False
    """Whether machines, a zone and the network are disturbed on purpose in working hours."""
    pagerduty_url: Annotated[str, matching(r"(https://\S+)?", "an https URL")] = ""
    """A PagerDuty service's integration URL, a secret. Empty: nobody is woken."""
    price_class: str = "PriceClass_All"
    """Where CloudFront serves from."""


class Fleet(Placement, Logging):
    """What the services have in common."""

    port: int
    minimum: int


def netflix(env: NetflixEnvironment) -> None:
    """CloudFront, Kong, the user, streaming and billing services, and what they keep."""
    use(provider(env.region, env.endpoint), {"stack": pulumi.get_stack(), "owner": env.owner})
    key = EncryptionKey("key", {})
    logs = LogArchive("logs", {"disposable": env.disposable})
    images = ImageCache("images", {})
    network = Network(
        "network",
        {
            "zones": env.zones,
            "single_zone_egress": env.single_zone_egress,
            "key_arn": key.key_arn,
            "log_retention_days": env.log_retention_days,
        },
    )
    kept: Keeping = {
        "key_arn": key.key_arn,
        "log_bucket": logs.bucket,
        "disposable": env.disposable,
    }
    logged: Logging = {**kept, "log_retention_days": env.log_retention_days}

    # State
    users = CassandraRing(
        "users",
        {
            **network.data,
            **images.pull("docker/library/cassandra:5.0"),
            **logged,
            "nodes_per_zone": env.cassandra_nodes_per_zone,
            "instance_type": env.cassandra_instance_type,
        },
    )
    bills = AuroraMySql(
        "bills",
        {
            **network.data,
            **logged,
            "instance_class": env.mysql_instance_class,
            "replicas": env.mysql_replicas,
        },
    )
    content = ContentStore("content", {**kept})

    # Service
    fleet: Fleet = {**network.private, **logged, "port": 8080, "minimum": env.service_minimum}
    user = AutoScalingService(
        "user",
        {
            **fleet,
            **images.pull("docker/library/eclipse-temurin:21-jdk"),
            "calls": ["users"],
            "program": _program("UserService.java", "java -XX:MaxRAMPercentage=60"),
        },
    )
    streaming = AutoScalingService(
        "streaming",
        {
            **fleet,
            **images.pull("docker/library/golang:1.23"),
            "calls": ["content"],
            "program": _program(
                "streaming_service.go", "go run", AWS_REGION=env.region, GOCACHE="/tmp/go", GOMEMLIMIT="1GiB"
            ),
        },
    )
    billing = AutoScalingService(
        "billing",
        {
            **fleet,
            **images.pull("docker/library/python:3.12-slim"),
            "calls": ["bills"],
            "program": _program("billing_service.py", "python3", PYTHONUNBUFFERED="1"),
        },
    )
    gateway = Gateway(
        "gateway",
        {
            **network.private,
            **images.pull("docker/library/kong:3.9"),
            **logged,
            "minimum": env.service_minimum,
            "routes": {
                "user": {"paths": ["/api/users"], "requests_per_second": 100},
                "streaming": {"paths": ["/api/streams"], "requests_per_second": 100},
            },
        },
    )

    # Edge
    edge = CdnEdge(
        "edge",
        {
            **kept,
            "origin_arn": gateway.load_balancer_arn,
            "origin_dns_name": gateway.dns_name,
            "log_bucket_domain_name": logs.bucket_domain_name,
            "price_class": env.price_class,
        },
    )
    for area, p99_ms in (("us", 150), ("eu", 120), ("asia", 180)):
        Geography(area, {"area": area, "host": edge.domain_name, "path": "/api/users", "p99_ms": p99_ms})

    # Control
    compute = Availability(
        "compute", {"load_balancer_dimension": gateway.load_balancer_dimension, "percent": 99.9}
    )
    fleets = {"gateway": gateway, "user": user, "streaming": streaming, "billing": billing}
    chaos: ChaosEngineeringArgs = {
        "vpc_arn": network.vpc_arn,
        "fleets": list(fleets),
        "zone": network.zones[0],
        "group_names": {name: fleet.group_name for name, fleet in fleets.items()},
        "stop_alarm_arns": {"compute": compute.alarm_arn},
        "scheduled": env.chaos_scheduled,
        "key_arn": key.key_arn,
        "log_retention_days": env.log_retention_days,
    }
    if env.pagerduty_url:
        chaos["pagerduty_url"] = pulumi.Output.secret(env.pagerduty_url)
    ChaosEngineering("chaos", chaos)

    # Who may call whom
    connect(edge, gateway)
    connect(gateway, user, streaming)
    connect(user, users)
    connect(streaming, content)
    connect(billing, bills)
    for machines in (gateway, user, streaming, billing, users):
        connect(machines, network.endpoints)

    pulumi.export("url", pulumi.Output.format("https://{}", edge.domain_name))
    pulumi.export("user_data", users.address)


def _program(file: str, command: str, **environment: str) -> Program:
    """A service of ours: a command of its image, and the file that it runs."""
    return {
        "files": {f"/opt/service/{file}": (SERVICES / file).read_text(encoding="utf-8")},
        "mounts": ["/opt/service:/opt/service:ro"],
        "arguments": f"{command} /opt/service/{file}",
        "environment": environment,
    }
