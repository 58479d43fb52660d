"""Where something is taken out, of what has two ends: a queue, a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.access import Store
from components.component import ComponentArgs


class ExitArgs(ComponentArgs):
    address: pulumi.Input[str]
    """What a client asks for."""
    statements: Sequence[Mapping[str, Any]]
    """The least IAM statements that a client needs to take something out."""


class Exit(Store):
    """The end that those have an arrow to who take something out, and cannot put anything in."""

    def __init__(self, name: str, args: ExitArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._statements = list(args["statements"])
        self.address = pulumi.Output.from_input(args["address"])
        self.register_outputs({"address": self.address})

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Taking something out."""
        return self._statements
