"""What differs between two deployments of WhatsApp."""

from typing import Literal

import pydantic

from stacks.environment import Named

AREAS = {"na": "us-east-1", "eu": "eu-west-1", "asia": "ap-southeast-1"}
"""North America, Europe and Asia, and where in AWS each is."""
NEAR = {"na": ("us", "ca", "mx", "sa"), "eu": ("eu", "af", "il", "me"), "asia": ("ap",)}
"""How the names of AWS's regions begin in an area, or near it."""


class WhatsAppEnvironment(Named):
    """What WhatsApp's page needs besides."""

    system: Literal["freebsd", "linux"] = "freebsd"
    """What machines run: FreeBSD, or Amazon Linux with containers."""
    connections_per_server: int = pydantic.Field(1_000_000, ge=1)
    """Phones that one chat server keeps connected, for which kernels, Erlang and nginx are sized."""
    chat_servers_per_zone: int = pydantic.Field(1, ge=1)
    """Chat servers in every zone of every region."""
    chat_instance_type: str = "r7g.8xlarge"
    """Machine of a chat server."""
    stores_per_zone: int = pydantic.Field(1, ge=1)
    """Machines in every zone of every region that keep users and what waits for them."""
    store_instance_type: str = "r7g.2xlarge"
    """Machine of those."""
    store_gib: int = pydantic.Field(500, ge=1)
    """Disk of each of them, in GiB."""
    store_partitions: int = pydantic.Field(64, ge=1)
    """Partitions of what they keep."""
    proxies: int = pydantic.Field(3, ge=2)
    """Machines of nginx in every region, of which one may be lost."""
    proxy_instance_type: str = "r7g.2xlarge"
    """Machine of those."""

    @pydantic.field_validator("region")
    @classmethod
    def _of_the_world(cls, region: str) -> str:
        # Networks of two partitions cannot be linked: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
        if not _area(region) or "-gov-" in region:
            raise ValueError("must be a region that networks in Europe, America and Asia can be linked with")
        return region

    @property
    def areas(self) -> dict[str, str]:
        """Each area's region. The stack's own, `region`, is that of the area which it is in."""
        return {**AREAS, _area(self.region): self.region}


def _area(region: str) -> str:
    return next((area for area, prefixes in NEAR.items() if region.split("-")[0] in prefixes), "")
