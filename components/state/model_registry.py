"""What was learned, version by version: SageMaker's registry of models, and their files."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Keeping
from components.policies import beside
from components.state.dataset import Dataset
from components.state.entry import Entry
from components.state.exit import Exit


class ModelRegistryArgs(Keeping):
    """Nothing but how it is kept."""


class ModelRegistry(Component):
    """A group of versions of one model, each approved or not, and the bucket that their files are in.

    Who trains has an arrow to its `entry`, and may register versions and write their files; who uses a model
    has one to its `exit`, and may find the newest version and read its file.
    """

    group_name: pulumi.Output[str]
    """The group's, which versions are looked up by."""
    arn: pulumi.Output[str]
    """Of the group."""
    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        group = aws.sagemaker.ModelPackageGroup(
            name,
            model_package_group_name=f"{pulumi.get_stack()}-{name}",
            model_package_group_description=f"Versions of {name}",
            opts=pulumi.ResourceOptions(parent=self, protect=not args.get("disposable", False)),
        )
        kept: Any = dict(args)
        self.files = Dataset(f"{name}-files", kept, self.child)

        self.group_name, self.arn, self.bucket = group.model_package_group_name, group.arn, self.files.bucket
        versions = pulumi.Output.all(group.arn, group.model_package_group_name).apply(
            lambda known: beside(known[0], "sagemaker", f"model-package/{known[1]}/*")
        )
        # Both have its name, so that an arrow to either is one to the registry.
        self.entry = self._end(Entry, self.files.entry.grants(), versions, "CreateModelPackage")
        self.exit = self._end(Exit, self.files.exit.grants(), versions)
        self.register_outputs({"group_name": self.group_name, "arn": self.arn, "bucket": self.bucket})

    def _end(
        self,
        kind: Any,
        files: Sequence[Mapping[str, Any]],
        versions: pulumi.Output[str],
        *more: str,
    ) -> Any:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html"""
        actions = ("DescribeModelPackage", "ListModelPackages", *more)
        statement = {
            "Sid": "Models",
            "Effect": "Allow",
            "Action": [f"sagemaker:{action}" for action in actions],
            "Resource": [self.arn, versions],
        }
        return kind(self.name, {"address": self.group_name, "statements": [*files, statement]}, self.child)
