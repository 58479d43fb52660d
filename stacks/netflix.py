"""Netflix: global video streaming."""

from pathlib import Path

import pulumi
import pydantic

from components.access import connect
from components.control.encryption_key import EncryptionKey
from components.control.image_cache import ImageCache
from components.control.log_archive import LogArchive
from components.edge.cdn_edge import CdnEdge
from components.edge.geography import Geography
from components.keeping import Keeping, Logging
from components.network import Network
from components.provider import provider, use
from components.service.auto_scaling_service import AutoScalingService
from components.service.gateway import Gateway
from components.state.cassandra_ring import CassandraRing
from stacks.environment import Environment

SERVICES = Path(__file__).parent / "services"


class NetflixEnvironment(Environment):
    """What Netflix's page needs besides."""

    cassandra_nodes_per_zone: int = pydantic.Field(1, ge=1)
    """Nodes of the user data ring in every zone."""
    cassandra_instance_type: str = "m7g.large"
    """Machine of a ring node."""
    service_minimum: int = pydantic.Field(3, ge=1)
    """Machines that each service keeps when there is no load."""
    price_class: str = "PriceClass_All"
    """Where CloudFront serves from."""


def netflix(env: NetflixEnvironment) -> None:
    """CloudFront, Kong, the user service and its Cassandra ring."""
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

    # Service
    user = AutoScalingService(
        "user",
        {
            **network.private,
            **images.pull("docker/library/eclipse-temurin:21-jdk"),
            **logged,
            "port": 8080,
            "calls": ["users"],
            "minimum": env.service_minimum,
            "program": {
                "files": {"/opt/user/UserService.java": (SERVICES / "UserService.java").read_text()},
                "mounts": ["/opt/user:/opt/user:ro"],
                "arguments": "java -XX:MaxRAMPercentage=60 /opt/user/UserService.java",
            },
        },
    )
    gateway = Gateway(
        "gateway",
        {
            **network.private,
            **images.pull("docker/library/kong:3.9"),
            **logged,
            "minimum": env.service_minimum,
            "routes": {"user": {"paths": ["/api/users"], "requests_per_second": 100}},
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

    # Who may call whom
    connect(edge, gateway)
    connect(gateway, user, network.endpoints)
    connect(user, users, network.endpoints)
    connect(users, network.endpoints)

    pulumi.export("url", pulumi.Output.format("https://{}", edge.domain_name))
    pulumi.export("user_data", users.address)
