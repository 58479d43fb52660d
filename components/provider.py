"""Which cloud a program talks to."""

import inspect
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import tagged


def provider(region: str, endpoint: str = "") -> aws.Provider:
    """The AWS provider of a region; with an `endpoint`, an emulator's URL that every service is called at."""
    if not endpoint:
        return aws.Provider(f"aws-{region}", region=region)
    services = inspect.signature(aws.ProviderEndpointArgs.__init__).parameters.keys() - {"self", "__self__"}
    everywhere: Any = [{service: endpoint for service in sorted(services)}]
    return aws.Provider(
        f"aws-{region}",
        region=region,
        endpoints=everywhere,
        access_key="123456789012",  # what emulators take for the account
        secret_key="emulator",
        s3_use_path_style=True,
        skip_credentials_validation=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
    )


def use(home: aws.Provider, tags: dict[str, str]) -> None:
    """Give every resource of this program, unless it names a provider of its own, this one, and these
    tags."""

    def at_home(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
        if isinstance(args.resource, pulumi.ProviderResource):
            return pulumi.ResourceTransformationResult(args.props, args.opts)
        props = tagged(args, tags) if isinstance(args.resource, pulumi.CustomResource) else dict(args.props)
        opts = args.opts
        if opts.parent is None and opts.provider is None and not _names_aws(opts):
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(provider=home))
        return pulumi.ResourceTransformationResult(props, opts)

    pulumi.runtime.register_stack_transformation(at_home)


def _names_aws(opts: pulumi.ResourceOptions) -> bool:
    """Whether a component is given an AWS provider; one of another cloud, such as a cluster's, does not
    count."""
    given = opts.providers or ()
    listed = given.values() if isinstance(given, Mapping) else given
    return any(isinstance(provider, aws.Provider) for provider in listed)
