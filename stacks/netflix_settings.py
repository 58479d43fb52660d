"""What differs between two deployments of Netflix."""

from typing import Annotated, Self

import pydantic

from stacks.environment import (
    CassandraSettings,
    KubernetesSettings,
    MySqlSettings,
    SearchSettings,
    Site,
    TwoRegionsSettings,
    matching,
)


class NetflixEnvironment(
    Site, CassandraSettings, MySqlSettings, SearchSettings, TwoRegionsSettings, KubernetesSettings
):
    """What Netflix's page needs besides. In two regions both serve, each for the other when it is lost."""

    atlas_instance_type: str = "r7g.large"
    """Machine of the telemetry: its memory is what holds the last hours."""
    delivery_nodes: int = pydantic.Field(3, ge=1)
    """Machines of the cluster that Spinnaker runs on."""
    delivery_replicas: int = pydantic.Field(2, ge=1)
    """Pods of each of Spinnaker's services."""
    delivery_cache_type: str = "cache.t4g.small"
    """Machine of a node of Spinnaker's cache."""
    cache_scale: float = pydantic.Field(1, gt=0, le=1)
    """Share of the internet providers' caches that is built."""
    cache_minimum: int = pydantic.Field(3, ge=1)
    """Machines of each internet provider's cache."""
    monthly_terabytes: float = pydantic.Field(1, gt=0)
    """What viewers are expected to fetch in a month: with $0.02/GB it is the content's budget."""
    probe_minutes: int = pydantic.Field(5, ge=1, le=60)
    """Minutes between two visits of the client that stands for a phone."""
    chaos_scheduled: bool = False
    """Whether machines, a zone and the network are disturbed on purpose in working hours."""
    origin_secret: Annotated[str, matching(r"(\S{32,})?", "32 characters or more")] = ""
    """What CloudFront says to public load balancers to be known, a secret. Empty: they take any
    distribution's."""

    @pydantic.model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.two_regions and not self.domain:
            raise ValueError(
                "domain must be given with two_regions, so that DNS can say which region answers"
            )
        return self
