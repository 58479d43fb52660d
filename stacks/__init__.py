"""One page a company. A Pulumi stack is named <company>-<environment>."""

import importlib
from collections.abc import Callable
from typing import Any

from stacks.amazon_settings import AmazonEnvironment
from stacks.environment import Environment
from stacks.netflix_settings import NetflixEnvironment
from stacks.uber_settings import UberEnvironment
from stacks.whatsapp_settings import WhatsAppEnvironment

STACKS: dict[str, type[Environment]] = {
    "amazon": AmazonEnvironment,
    "netflix": NetflixEnvironment,
    "uber": UberEnvironment,
    "whatsapp": WhatsAppEnvironment,
}
"""The companies, and what differs between two deployments of each."""


def page(company: str) -> Callable[[Any], None]:
    """What builds a company from its settings. Read when it is asked for: with it come the SDK's modules."""
    return getattr(importlib.import_module(f"stacks.{company}"), company)
