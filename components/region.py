"""Another region of the same stack."""

import pulumi

from components.component import Component, ComponentArgs


class RegionArgs(ComponentArgs):
    """A region takes no settings: its provider, `ResourceOptions(providers=[provider("eu-west-1")])`, says
    which it is."""


class Region(Component):
    """What a stack has in a region beside its own: everything whose parent it is.

    Its parts are named as those of the stack's own region are, so programs, routes and settings are the same.
    """

    def __init__(self, name: str, args: RegionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        self.register_outputs({})

    def token(self) -> str:
        """Named after it too: a URN has the types of what is around a resource, not the names, and what is in
        two regions must be told apart."""
        return f"fourplane:index/{self.name}:Region"

    @classmethod
    def plane(cls) -> str:
        return ""
