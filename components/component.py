"""What every component shares: its token, its children's parent, tags and region, and strict arguments."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn, NotRequired, TypedDict

import pulumi

PLANES = ("edge", "service", "state", "control")


class ArgumentError(pulumi.RunError):
    """A value that cannot work. Pulumi prints a RunError as one line, without a traceback."""


class ComponentArgs(TypedDict):
    """What every component takes."""

    region: NotRequired[str]
    """The AWS region of the component and all its parts. Default: its provider's."""


class Component(pulumi.ComponentResource):
    """A Pulumi component. Its token is part of every child's URN, so renaming the class replaces them."""

    def __init__(
        self, name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        self.name = name
        self._check_keys(args)
        around = opts.parent if opts else None
        self._region: str | None = args.get("region") or getattr(around, "_region", None)
        mark = pulumi.ResourceOptions(transformations=[self._mark])
        opts = pulumi.ResourceOptions.merge(opts, mark)
        super().__init__(self.token(), name, dict(args), opts)
        self.child = pulumi.ResourceOptions(parent=self)

    @classmethod
    def plane(cls) -> str:
        """The plane it belongs to, by the folder that it lives in. Empty for a blueprint, whose parts have
        their own."""
        folders = cls.__module__.split(".")
        return "" if "blueprints" in folders else next((f for f in folders if f in PLANES), "network")

    def token(self) -> str:
        """Its type, as Pulumi has it."""
        return f"fourplane:index:{type(self).__name__}"

    def reject(self, argument: str, got: object, expected: str) -> NoReturn:
        raise ArgumentError(
            f"{type(self).__name__} '{self.name}': {argument} must be {expected}, got {got!r}"
        )

    def _mark(self, args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        """Tag what can be tagged, the outermost component of a plane deciding, and place what can be
        placed."""
        if not isinstance(args.resource, pulumi.CustomResource):
            return pulumi.ResourceTransformationResult(args.props, args.opts)
        marks = {"component": self.name, "plane": self.plane()} if self.plane() else {}
        props = tagged(args, marks, decisive=True)
        if self._region and hasattr(type(args.resource), "region") and props.get("region") is None:
            props = {**props, "region": self._region}
        return pulumi.ResourceTransformationResult(props, args.opts)

    def _check_keys(self, args: Mapping[str, Any]) -> None:
        """A TypedDict is only a dict at run time, so a typo would otherwise fall back to the default."""
        shape = type(self).__init__.__annotations__["args"]
        where = f"{type(self).__name__} '{self.name}'"
        known = {*shape.__required_keys__, *shape.__optional_keys__}
        for key in sorted(args.keys() - known):
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise ArgumentError(f"{where}: no argument '{key}'{hint}")
        for key in sorted(shape.__required_keys__ - args.keys()):
            raise ArgumentError(f"{where}: '{key}' is required")


def tagged(
    args: pulumi.ResourceTransformationArgs, tags: Mapping[str, str], decisive: bool = False
) -> dict[str, Any]:
    """A resource's arguments with tags added, in the shape that its type wants.

    `decisive`: whether these tags win over those of the same key that it has already.
    """
    props = dict(args.props)

    def merged(own: Mapping[str, Any]) -> dict[str, Any]:
        return {**own, **tags} if decisive else {**tags, **own}

    if args.type_ == "aws:autoscaling/group:Group":
        own: Any = props.get("tags") or []
        values = merged({tag["key"]: tag["value"] for tag in own})
        props["tags"] = [{"key": k, "value": v, "propagate_at_launch": True} for k, v in values.items()]
    elif hasattr(type(args.resource), "tags_all"):
        own = props.get("tags") or {}
        props["tags"] = own.apply(merged) if isinstance(own, pulumi.Output) else merged(own)
    if args.type_ == "aws:ec2/launchTemplate:LaunchTemplate":
        launched: Any = props.get("tag_specifications") or []
        props["tag_specifications"] = [{**one, "tags": merged(one["tags"])} for one in launched]
    return props
