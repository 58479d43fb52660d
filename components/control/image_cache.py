"""Container images, fetched once from the public registry and kept in the account's own."""

import re

import pulumi
import pulumi_aws as aws

from components.component import Component, ComponentArgs
from components.machine import Image

UPSTREAM = "public.ecr.aws"
PREFIX = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")


class ImageCacheArgs(ComponentArgs):
    """Nothing to choose."""


class ImageCache(Component):
    """Images of public.ecr.aws through the account's registry: machines need no way to the internet to
    start."""

    registry: pulumi.Output[str]
    """ "<account>.dkr.ecr.<region>.amazonaws.com/<stack>"."""

    def __init__(self, name: str, args: ImageCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        prefix = pulumi.get_stack().lower()[:30]  # ECR's own limit
        if not PREFIX.fullmatch(prefix):
            self.reject("the stack's name", prefix, "lower-case letters, digits and single '-', '_' or '.'")
        aws.ecr.RepositoryCreationTemplate(
            name,
            prefix=prefix,
            description="Images cached from the public registry",
            applied_fors=["PULL_THROUGH_CACHE"],
            encryption_configurations=[{"encryption_type": "AES256"}],
            image_tag_mutability="MUTABLE",  # a cached tag follows the public one
            opts=self.child,
        )
        rule = aws.ecr.PullThroughCacheRule(
            name, ecr_repository_prefix=prefix, upstream_registry_url=UPSTREAM, opts=self.child
        )
        invoke = pulumi.InvokeOutputOptions(parent=self)
        partition = aws.get_partition_output(opts=invoke)
        region = aws.get_region_output(region=self._region, opts=invoke).region

        self._repositories = pulumi.Output.format(
            "arn:{}:ecr:{}:{}:repository/{}/*", partition.partition, region, rule.registry_id, prefix
        )
        self.registry = pulumi.Output.format(
            "{}.dkr.ecr.{}.{}/{}", rule.registry_id, region, partition.dns_suffix, prefix
        )
        self.register_outputs({"registry": self.registry})

    def pull(self, image: str) -> Image:
        """The arguments of a component that runs a public image: pull("docker/library/kong:3.9")."""
        return {
            "image": pulumi.Output.format("{}/{}", self.registry, image),
            "repository_arn": self._repositories,
            "cached": True,
        }
