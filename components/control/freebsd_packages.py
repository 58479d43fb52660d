"""FreeBSD packages, copied once from the public repository and kept in a bucket of ours."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Logging
from components.service.build.permissions import reading
from components.service.build.project import build_architecture, build_once, build_project
from components.service.image.context import digest
from components.state.private_bucket import PrivateBucket
from components.system import RELEASE

FILES = Path(__file__).parent / "freebsd"
PROGRAM, HANDLER, BUILDSPEC = (
    FILES / name for name in ("mirror-packages.py", "await-mirror.py", "buildspec.yml")
)
SITE, BRANCH = "https://pkg.FreeBSD.org", "quarterly"
"""Packages of a quarter get what mends them, and no new versions: https://docs.freebsd.org/en/books/handbook/ports/."""
MACHINES = {"arm64": "aarch64", "x86_64": "amd64"}
"""FreeBSD's own names."""
RELEASES = re.compile(r"(\d+)\.\d+")
PACKAGE = re.compile(r"[A-Za-z0-9_.+*?\[\]/-]+")


class FreeBsdPackagesArgs(Logging):
    packages: Sequence[str]
    """Packages as pkg install takes them: names, origins such as "www/py-boto3", whose package has another
    name for every version of Python, or patterns such as "py3*-boto3". Each must be in the catalogue; what
    they depend on comes with them, and pkg itself, which EC2's images of FreeBSD lack."""
    release: NotRequired[str]
    """FreeBSD release of the machines: "14.4". All of one major version have the same packages. Default
    system.RELEASE, that of machines."""
    architecture: NotRequired[str]
    """ "arm64" or "x86_64", that of the machines. Default "arm64", Graviton."""
    endpoint_id: pulumi.Input[str]
    """Gateway endpoint of S3 in the machines' network (VpcEndpoints.s3_endpoint_id): who comes through it may
    read the packages, and nobody else."""
    edition: NotRequired[str]
    """Any text: another one copies what the quarter has by then, security updates among it, to another `url`.
    Default: copied once, so that all machines have the same."""


class FreeBsdPackages(Component):
    """A mirror of some packages and all that they depend on: machines need no way to the internet to start.

    Its files are FreeBSD's own, so their signatures hold, and a machine that checks them (signature_type
    "fingerprints") need not trust this mirror. What a `url` leads to never changes. A deployment waits for
    the copy, and fails where a package is not in the catalogue. It is encrypted with S3's own key, whatever
    `key_arn` is, for pkg signs no requests, and AWS KMS answers only those that are signed:
    https://repost.aws/knowledge-center/s3-kms-signature-version-error.
    """

    url: pulumi.Output[str]
    """What a machine's repository is: "https://<bucket>.s3.<region>.amazonaws.com/…/FreeBSD:14:aarch64/quarterly".
    It must be reached as it stands, without "pkg+" and a mirror_type."""
    bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: FreeBsdPackagesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, args, opts)
        architecture, abi = build_architecture(self, args), self._abi(args)
        wanted = " ".join(self._packages(args["packages"]))
        files = {PROGRAM.name: PROGRAM.read_bytes()}
        buildspec = BUILDSPEC.read_text(encoding="utf-8")
        tag = digest(files, abi, wanted, buildspec, args.get("edition", ""))
        prefix = f"packages/{tag}/{abi}/{BRANCH}"

        kept: Any = {key: value for key, value in args.items() if key in ("log_bucket", "disposable")}
        kept["statements"] = [_machines(args["endpoint_id"])]
        bucket = PrivateBucket(name, kept, self.child)
        source = aws.s3.BucketObject(
            name,
            bucket=bucket.bucket,
            key=f"sources/{tag}.zip",
            source=pulumi.AssetArchive({PROGRAM.name: pulumi.FileAsset(str(PROGRAM))}),
            opts=self.child,
        )
        project = build_project(
            self,
            args,
            architecture=architecture,
            statements=[*reading({}, bucket), _writing(bucket)],
            source={
                "type": "S3",
                "location": pulumi.Output.format("{}/{}", bucket.bucket, source.key),
                "buildspec": buildspec,
            },
            variables={
                "SITE": f"{SITE}/{abi}/{BRANCH}",
                "PACKAGES": wanted,
                "BUCKET": bucket.bucket,
                "PREFIX": prefix,
            },
            description=f"Copies the packages of {name}",
        )
        mirrored = build_once(
            self,
            args,
            project,
            handler=HANDLER,
            event={"prefix": prefix},
            statements=_looking(bucket),
            variables={"BUCKET": bucket.bucket},
            description=f"Has the packages of {name} copied",
        )

        self.bucket = bucket.bucket
        self.url = pulumi.Output.all(bucket.bucket_regional_domain_name, mirrored.id).apply(
            lambda known: f"https://{known[0]}/{prefix}"
        )
        self.register_outputs({"url": self.url, "bucket": self.bucket})

    def _abi(self, args: FreeBsdPackagesArgs) -> str:
        named = args.get("release", RELEASE)
        if not (release := RELEASES.fullmatch(named)):
            self.reject("release", named, "a release such as '14.4'")
        return f"FreeBSD:{release[1]}:{MACHINES[args.get('architecture', 'arm64')]}"

    def _packages(self, packages: Sequence[str]) -> list[str]:
        if not packages or not all(PACKAGE.fullmatch(one) for one in packages):
            self.reject("packages", list(packages), "names, origins or patterns, at least one")
        return sorted(set(packages))


def _machines(endpoint_id: pulumi.Input[str]) -> dict[str, Any]:
    """It is not public, as S3 sees it, since the endpoint is a fixed one:
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html."""
    return {
        "Sid": "Machines",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "packages/*",
        "Condition": {"StringEquals": {"aws:SourceVpce": endpoint_id}},
    }


def _writing(bucket: PrivateBucket) -> dict[str, Any]:
    """What the copy takes, besides its program: to write packages, and why there are none."""
    return {
        "Sid": "Mirror",
        "Effect": "Allow",
        "Action": ["s3:AbortMultipartUpload", "s3:PutObject"],
        "Resource": [
            pulumi.Output.format("{}/{}/*", bucket.arn, under) for under in ("packages", "failures")
        ],
    }


def _looking(bucket: PrivateBucket) -> list[dict[str, Any]]:
    """What the function takes that has them copied: to see whether they are there, or why not."""
    return [
        {"Sid": "Mirror", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket.arn},
        {
            "Sid": "Failures",
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": pulumi.Output.format("{}/failures/*", bucket.arn),
        },
    ]
