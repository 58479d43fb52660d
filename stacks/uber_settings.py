"""What differs between two deployments of Uber."""

from typing import Literal

import pydantic

from stacks.environment import CassandraSettings, KubernetesSettings, MySqlSettings, Site

Phase = Literal["monolith", "soa", "platform"]


class UberEnvironment(Site, CassandraSettings, MySqlSettings, KubernetesSettings):
    """What Uber's page needs besides."""

    phase: Phase = "platform"
    """How far the road from one Python program is gone: docs/evolution.md."""
    legacy_database: bool = True
    """Whether the database of the first two phases still stands in the third, until its rows have moved."""
    database_class: str = "db.m7g.large"
    """Machine of that database."""
    updates_per_second: int = pydantic.Field(1000, ge=1)
    """Positions that drivers send in a second, four each."""
    location_terabytes: float = pydantic.Field(0.1, gt=0, allow_inf_nan=False)
    """Memory of the location cache's nodes, in terabytes."""
    location_node_type: str = "cache.r7g.large"
    """Machine of a node of the location cache."""
    cassandra_data_gib: int = pydantic.Field(100, ge=1)
    """Disk of a node of the trips' ring, in GiB."""
    kafka_partitions: int = pydantic.Field(12, ge=1)
    """Parts of each kind of events, which are read side by side."""
    kafka_brokers_per_zone: int = pydantic.Field(1, ge=1)
    """Kafka brokers in every zone."""
    kafka_instance_type: str = "kafka.m7g.large"
    """Machine of a Kafka broker."""
    platform_nodes: int = pydantic.Field(6, ge=1)
    """Machines of the cluster that services run on."""
    platform_instance_type: str = "m7g.xlarge"
    """Machine of that cluster."""
    consul_servers: int = pydantic.Field(3, ge=3, le=5)
    """Servers of the service directory, 3 or 5."""
