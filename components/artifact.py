"""A program that its makers publish as a package, and how a machine gets it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi

from components.machine import BootFile

FETCH = Path(__file__).parent / "boot" / "fetch-artifact.sh"


class Artifact(TypedDict):
    """What `PackageCache.artifact` gives: one file of one version of a package."""

    artifact_url: pulumi.Input[str]
    """The file's address at a CodeArtifact repository."""
    artifact_repository_arn: pulumi.Input[str]
    """ARN of that repository."""
    artifact_domain_arn: pulumi.Input[str]
    """ARN of the domain that the repository is in, which gives out the tokens for it."""
    artifact_sha256: NotRequired[str]
    """The file's SHA-256, 64 hexadecimal digits in lower case: a machine runs no other. Default: what the
    repository has is what runs."""


def fetch_statements(args: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a machine's role needs to fetch an `Artifact`."""
    return [
        {
            "Sid": "PackageToken",
            "Effect": "Allow",
            "Action": "codeartifact:GetAuthorizationToken",
            "Resource": args["artifact_domain_arn"],
        },
        {
            # It takes no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
            "Sid": "PackageBearer",
            "Effect": "Allow",
            "Action": "sts:GetServiceBearerToken",
            "Resource": "*",
            "Condition": {"StringEquals": {"sts:AWSServiceName": "codeartifact.amazonaws.com"}},
        },
        {
            "Sid": "Package",
            "Effect": "Allow",
            "Action": "codeartifact:ReadFromRepository",
            "Resource": args["artifact_repository_arn"],
        },
    ]


def fetch_settings(args: Mapping[str, Any], path: str) -> pulumi.Output[str]:
    """The text of /etc/fourplane/artifact.env, by which fetch-artifact brings an `Artifact` to a path."""

    def text(known: dict[str, str]) -> str:
        _, _, _, _, owner, domain = known["domain_arn"].split(":")
        settings = {
            "DOMAIN": domain.removeprefix("domain/"),
            "OWNER": owner,
            "URL": known["url"],
            "SHA256": args.get("artifact_sha256", ""),
            "FILE": path,
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    return pulumi.Output.all(domain_arn=args["artifact_domain_arn"], url=args["artifact_url"]).apply(text)


def fetch_files(settings: str) -> dict[str, BootFile]:
    """The program that fetches it, and its settings."""
    return {
        "/etc/fourplane/artifact.env": BootFile(settings),
        "/usr/local/bin/fetch-artifact": BootFile.program(FETCH),
    }
