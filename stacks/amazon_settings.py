"""What differs between two deployments of Amazon."""

from typing import Annotated, Literal, get_args

import pydantic

from stacks.environment import MySqlSettings, SearchSettings, Site, TwoRegionsSettings, matching

MOMENT = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"

Row = Literal["cdn", "compute", "database", "storage", "analytics"]
"""The rows of the case study's table of costs."""


def _whole(value: dict[Row, float]) -> dict[Row, float]:
    missing = [row for row in get_args(Row) if row not in value]
    if missing:
        raise ValueError(f"must have a sum for {' and '.join(missing)} too")
    return value


class AmazonEnvironment(Site, MySqlSettings, SearchSettings, TwoRegionsSettings):
    """What Amazon's page needs besides. In the other region are copies of carts and orders."""

    cart_cache_type: str = "dax.r5.large"
    """Machine of a node of the carts' cache."""
    warehouse_node_type: str = "ra3.xlplus"
    """Machine of the warehouse."""
    warehouse_nodes: int = pydantic.Field(2, ge=1)
    """Machines of the warehouse in each zone that has any."""
    warehouse_standby: bool = True
    """Whether two zones have all of the warehouse's machines each."""
    clicks_per_hour: float = pydantic.Field(100_000, gt=0)
    """Clicks in an hour, on average."""
    views_per_hour: float = pydantic.Field(500_000, gt=0)
    """Pages seen in an hour."""
    purchases_per_hour: float = pydantic.Field(10_000, gt=0)
    """Purchases in an hour."""
    hot_cache_type: str = "cache.r7g.large"
    """Machine of a node of the recommendations' cache."""
    prime_day: Annotated[str, matching(MOMENT, "a moment of UTC, such as '2027-07-13T07:00:00Z'")] = (
        "2027-07-13T07:00:00Z"
    )
    """When Prime Day begins."""
    prime_day_ends: Annotated[str, matching(MOMENT, "a moment of UTC, such as '2027-07-15T07:00:00Z'")] = (
        "2027-07-15T07:00:00Z"
    )
    """When it is over."""
    campaign_arn: Annotated[str, matching(r"(arn:\S+)?", "the ARN of a campaign of Amazon Personalize")] = ""
    """A campaign of Amazon Personalize, against which our own model is tested. Empty: there is none."""
    learn_percent: float = pydantic.Field(100, gt=0, le=100)
    """Share of all users that the recommendations' model learns from."""
    budgets_usd: Annotated[
        dict[Row, Annotated[float, pydantic.Field(gt=0)]], pydantic.AfterValidator(_whole)
    ] = pydantic.Field(
        default_factory=lambda: {"cdn": 51, "compute": 480, "database": 180, "storage": 2, "analytics": 1100}
    )
    """US dollars a month for each row of the case study's table of costs: what `fourplane cost` says, and
    some headroom."""
    busiest_reads: int = pydantic.Field(2000, ge=1)
    """Read units a second that each of the cart's busy tables takes at the peak of a normal day."""
    busiest_writes: int = pydantic.Field(1000, ge=1)
    """Write units a second, likewise."""
