"""Packages, fetched once from the public registry and kept in the account's own."""

import re
from typing import NotRequired

import pulumi
import pulumi_aws as aws

from components.artifact import Artifact
from components.component import Component, ComponentArgs

UPSTREAM = "public:maven-central"
DOMAIN = re.compile(r"[a-z][a-z0-9-]{0,48}[a-z0-9]")
PART = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
COORDINATES = re.compile(rf"({PART}):({PART}):([A-Za-z0-9_.-]*\d[A-Za-z0-9_.-]*):({PART})")
SHA256 = re.compile(r"[0-9a-f]{64}")


class PackageCacheArgs(ComponentArgs):
    key_arn: NotRequired[pulumi.Input[str]]
    """KMS key that the packages are encrypted with (EncryptionKey). Default: CodeArtifact's own."""


class PackageCache(Component):
    """Packages of Maven Central through the account's CodeArtifact: machines need no way to the internet to
    start, and what one of them has fetched is there on a day when the public registry is not.

    It holds copies alone, and is not protected. Machines reach it inside the network where the network knows
    `bucket_arn`. CodeArtifact is in 13 regions, us-east-1 and eu-west-1 among them:
    https://docs.aws.amazon.com/general/latest/gr/codeartifact.html.
    """

    repository_arn: pulumi.Output[str]
    bucket_arn: pulumi.Output[str]
    """Amazon's bucket that the packages are served from: Network's `package_bucket_arn`."""

    def __init__(self, name: str, args: PackageCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        full_name = f"{pulumi.get_stack().lower()}-{name}"
        if not DOMAIN.fullmatch(full_name):
            expected = "at most 50 lower-case letters, digits and '-', the first a letter"
            self.reject("the stack's name and its own", full_name, expected)
        domain = aws.codeartifact.Domain(
            name, domain=full_name, encryption_key=args.get("key_arn"), opts=self.child
        )
        repository = aws.codeartifact.Repository(
            name,
            domain=domain.domain,
            repository=name,
            description="Packages cached from the public registry",
            external_connections={"external_connection_name": UPSTREAM},
            opts=self.child,
        )

        self._domain_arn = domain.arn
        # https://docs.aws.amazon.com/codeartifact/latest/ug/maven-curl.html
        self._endpoint = pulumi.Output.format(
            "https://{}-{}.d.codeartifact.{}.amazonaws.com/maven/{}",
            domain.domain,
            domain.owner,
            domain.arn.apply(lambda arn: arn.split(":")[3]),
            repository.repository,
        )
        self.repository_arn = repository.arn
        self.bucket_arn = domain.s3_bucket_arn
        self.register_outputs({"repository_arn": self.repository_arn, "bucket_arn": self.bucket_arn})

    def artifact(self, coordinates: str, sha256: str | None = None) -> Artifact:
        """The arguments of a component that runs a package's file: artifact("org.example:server:1.2:war").

        `sha256`: the file's, where no other may run. Raises ArgumentError for what does not name one file of
        one version.
        """
        if not (named := COORDINATES.fullmatch(coordinates)):
            expected = "'<group>:<artifact>:<version>:<packaging>' of one version"
            self.reject("an artifact", coordinates, expected)
        group, artifact, version, packaging = named.groups()
        path = f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.{packaging}"
        found: Artifact = {
            "artifact_url": pulumi.Output.format("{}/{}", self._endpoint, path),
            "artifact_repository_arn": self.repository_arn,
            "artifact_domain_arn": self._domain_arn,
        }
        if sha256 is None:
            return found
        if not SHA256.fullmatch(sha256):
            self.reject("sha256", sha256, "64 hexadecimal digits in lower case")
        return {**found, "artifact_sha256": sha256}
