"""Build the company that the stack is named after: the stack "netflix-dev" is Netflix with dev's settings."""

import pulumi

from components.component import ArgumentError
from stacks import STACKS, page

company = pulumi.get_stack().rpartition("-")[0]
if company not in STACKS:
    known = ", ".join(f"{name}-<environment>" for name in sorted(STACKS))
    raise ArgumentError(f"the stack's name must be one of {known}, got '{pulumi.get_stack()}'")
page(company)(STACKS[company].load())
