"""A container image of our own, built where it is kept."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.keeping import Logging
from components.machine import Image
from components.service.build.permissions import reading
from components.service.build.project import build_architecture, build_once, build_project
from components.service.image.context import archive, context, digest
from components.service.image.permissions import looking, pushing
from components.state.private_bucket import PrivateBucket

FILES = Path(__file__).parent / "image"
BUILDSPEC, HANDLER = FILES / "buildspec.yml", FILES / "build-image.py"
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
        architecture = build_architecture(self, args)
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
        project = build_project(
            self,
            args,
            architecture=architecture,
            statements=[*reading(args, bucket), *pushing(repository)],
            source={
                "type": "S3",
                "location": pulumi.Output.format("{}/{}", bucket.bucket, source.key),
                "buildspec": buildspec,
            },
            variables={"REPOSITORY": repository.repository_url, "IMAGE_TAG": tag},
            description=f"Builds the image of {name}",
            # A Docker daemon needs it. The machine is of one build alone, and goes with it.
            privileged=True,
        )
        built = build_once(
            self,
            args,
            project,
            handler=HANDLER,
            event={"tag": tag},
            statements=[looking(repository)],
            variables={"REPOSITORY": repository.name},
            description=f"Has the image of {name} built",
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
