"""What differs between two deployments of Netflix."""

from typing import Annotated, Self

import pydantic

from stacks.environment import Environment, matching

DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}"


class NetflixEnvironment(Environment):
    """What Netflix's page needs besides."""

    domain: Annotated[
        str, matching(f"({DOMAIN})?", "a domain in lower case, such as 'netflix.example.com'")
    ] = ""
    """Domain of the site, for which TLS is spoken everywhere. Empty: CloudFront's own name, and plain HTTP
    inside the network."""
    two_regions: bool = False
    """Whether another region, `twin_region`, serves beside the first, and for it when it is lost."""
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
    search_instance_type: str = "r7g.large.search"
    """Machine of a node of the search index."""
    search_masters: bool = True
    """Whether the search index has three machines that do nothing but lead it."""
    atlas_instance_type: str = "r7g.large"
    """Machine of the telemetry: its memory is what holds the last hours."""
    delivery_nodes: int = pydantic.Field(3, ge=1)
    """Machines of the cluster that Spinnaker runs on."""
    delivery_replicas: int = pydantic.Field(2, ge=1)
    """Pods of each of Spinnaker's services."""
    delivery_cache_type: str = "cache.t4g.small"
    """Machine of a node of Spinnaker's cache."""
    kubernetes_cidrs: list[str] = pydantic.Field(default_factory=list[str])
    """Networks that may call that cluster's Kubernetes API from outside. Empty: it is private."""
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
    pagerduty_url: Annotated[str, matching(r"(https://\S+)?", "an https URL")] = ""
    """A PagerDuty service's integration URL, a secret. Empty: nobody is woken."""
    origin_secret: Annotated[str, matching(r"(\S{32,})?", "32 characters or more")] = ""
    """What CloudFront says to public load balancers to be known, a secret. Empty: they take any
    distribution's."""
    price_class: str = "PriceClass_All"
    """Where CloudFront serves from."""

    @property
    def twin_region(self) -> str:
        """The other of the case study's two: US and EU."""
        return "us-east-1" if self.region.startswith("eu-") else "eu-west-1"

    @pydantic.model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.two_regions and not self.domain:
            raise ValueError(
                "domain must be given with two_regions, so that DNS can say which region answers"
            )
        return self
