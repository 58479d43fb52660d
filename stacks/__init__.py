"""One page a company. A Pulumi stack is named <company>-<environment>."""

from stacks.netflix import NetflixEnvironment, netflix

STACKS = {
    "netflix": (NetflixEnvironment, netflix),
}
