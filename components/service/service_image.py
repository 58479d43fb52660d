"""A container image of our own, built where it is kept."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Logging
from components.logs import log_group, write_statement
from components.machine import Image
from components.policies import policy, trust
from components.service.function import lambda_function
from components.service.image.context import archive, context, digest
from components.service.image.permissions import asking, building
from components.state.private_bucket import PrivateBucket

FILES = Path(__file__).parent / "image"
BUILDSPEC, HANDLER = FILES / "buildspec.yml", FILES / "build-image.py"
BUILDERS = {
    "arm64": ("ARM_CONTAINER", "aws/codebuild/amazonlinux-aarch64-standard:3.0"),
    "x86_64": ("LINUX_CONTAINER", "aws/codebuild/amazonlinux-x86_64-standard:5.0"),
}
"""https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-available.html"""
SECONDS = 900
"""The longest that Lambda runs, and so that a build is waited for."""
IMAGES = 50


class ServiceImageArgs(Logging):
    folder: NotRequired[str]
    """Folder with a Dockerfile and all that it copies. Default: `files` are all."""
    files: NotRequired[Mapping[str, str]]
    """The same as texts, by their paths, instead of a folder."""
    architecture: NotRequired[str]
    """"arm64" or "x86_64", that of the machines that run it. Default "arm64", Graviton."""


class ServiceImage(Component):
    """An image that CodeBuild builds when its sources have changed, scanned when it is pushed.

    Its tag is a digest of the sources, the same from every machine, and is never written twice: what runs is
    what the sources were. A deployment waits for the build, fails with it, and gives nobody the image before
    it is there. A function asks for it, once for each digest, rather than an event of S3: a new bucket sends
    none for about five minutes, and the first image would never be built.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
    """

    image_uri: pulumi.Output[str]
    """ "<repository>:<digest>"."""
    repository_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ServiceImageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        if (architecture := args.get("architecture", "arm64")) not in BUILDERS:
            self.reject("architecture", architecture, "'arm64' or 'x86_64'")
        files, buildspec = context(self, args), BUILDSPEC.read_text(encoding="utf-8")
        tag = digest(files, architecture, buildspec)

        repository = self._repository(args)
        kept: Any = {
            key: value for key, value in args.items() if key in ("key_arn", "log_bucket", "disposable")
        }
        bucket = PrivateBucket(f"{name}-sources", kept, self.child)
        source = aws.s3.BucketObject(
            name, bucket=bucket.bucket, key=f"{tag}.zip", source=archive(args, files), opts=self.child
        )
        project = self._project(
            args,
            statements=building(args, repository, bucket),
            source={
                "type": "S3",
                "location": pulumi.Output.format("{}/{}", bucket.bucket, source.key),
                "buildspec": buildspec,
            },
            variables={"REPOSITORY": repository.repository_url, "IMAGE_TAG": tag},
        )
        function, _ = lambda_function(
            self,
            f"{name}-build",
            args,
            handler="build_image.handler",
            code=pulumi.AssetArchive({"build_image.py": pulumi.FileAsset(str(HANDLER))}),
            statements=asking(repository, project),
            description=f"Has the image of {name} built",
            timeout=SECONDS,
            environment={"variables": {"REPOSITORY": repository.name, "PROJECT": project.name}},
        )
        built = aws.lambda_.Invocation(
            name, function_name=function.name, input=json.dumps({"tag": tag}), opts=self.child
        )

        self.image_uri = pulumi.Output.all(repository.repository_url, built.id).apply(
            lambda known: f"{known[0]}:{tag}"
        )
        self.repository_arn = repository.arn
        self.image: Image = {"image": self.image_uri, "repository_arn": self.repository_arn}
        self.register_outputs({"image_uri": self.image_uri, "repository_arn": self.repository_arn})

    def _repository(self, args: ServiceImageArgs) -> aws.ecr.Repository:
        """Tags that never move, and the last images."""
        disposable, key = args.get("disposable", False), args.get("key_arn")
        repository = aws.ecr.Repository(
            self.name,
            # Not under "<stack>/": that is ImageCache's, from where other machines may pull anything.
            name=f"{pulumi.get_stack()}-{self.name}".lower(),
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[
                {"encryption_type": "AES256"} if key is None else {"encryption_type": "KMS", "kms_key": key}
            ],
            force_delete=disposable,
            opts=pulumi.ResourceOptions(parent=self, protect=not disposable),
        )
        aws.ecr.LifecyclePolicy(
            self.name, repository=repository.name, policy=json.dumps({"rules": EXPIRY}), opts=self.child
        )
        return repository

    def _project(
        self,
        args: ServiceImageArgs,
        *,
        statements: list[dict[str, Any]],
        source: Any,
        variables: Mapping[str, pulumi.Input[str]],
    ) -> aws.codebuild.Project:
        kind, builder = BUILDERS[args.get("architecture", "arm64")]
        logs = log_group(
            self, self.name, days=args.get("log_retention_days", 365), key_arn=args.get("key_arn")
        )
        role = aws.iam.Role(self.name, assume_role_policy=trust("codebuild.amazonaws.com"), opts=self.child)
        allowed = aws.iam.RolePolicy(
            self.name,
            role=role.name,
            policy=policy([*statements, write_statement(logs.arn)]),
            opts=self.child,
        )
        return aws.codebuild.Project(
            self.name,
            description=f"Builds the image of {self.name}",
            service_role=role.arn,
            source=source,
            artifacts={"type": "NO_ARTIFACTS"},
            environment={
                "type": kind,
                "image": builder,
                "compute_type": "BUILD_GENERAL1_SMALL",
                # A Docker daemon needs it. The machine is of one build alone, and goes with it.
                "privileged_mode": True,
                "environment_variables": [{"name": k, "value": v} for k, v in variables.items()],
            },
            build_timeout=30,
            queued_timeout=30,
            logs_config={"cloudwatch_logs": {"group_name": logs.name}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[allowed]),
        )


EXPIRY = [
    {
        "rulePriority": 1,
        "description": "What a build left unfinished",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 1,
        },
        "action": {"type": "expire"},
    },
    {
        "rulePriority": 2,
        "description": "All but the last",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": IMAGES},
        "action": {"type": "expire"},
    },
]
