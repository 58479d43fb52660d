"""One page a company. A Pulumi stack is named <company>-<environment>."""

from stacks.netflix import netflix
from stacks.netflix_settings import NetflixEnvironment

STACKS = {
    "netflix": (NetflixEnvironment, netflix),
}
