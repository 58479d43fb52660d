"""Where something is put in, of what has two ends: a queue, a stream."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.access import Store
from components.component import ComponentArgs


class EntryArgs(ComponentArgs):
    address: pulumi.Input[str]
    """What a client asks for."""
    statements: Sequence[Mapping[str, Any]]
    """The least IAM statements that a client needs to put something in."""


class Entry(Store):
    """The end that those have an arrow to who put something in, and cannot take anything out."""

    def __init__(self, name: str, args: EntryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self._statements = list(args["statements"])
        self.address = pulumi.Output.from_input(args["address"])
        self.register_outputs({"address": self.address})

    def grants(self) -> Sequence[Mapping[str, Any]]:
        """Putting something in."""
        return self._statements
