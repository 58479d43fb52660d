"""CodeBuild, and functions that are called while a stack is made."""

import io
import json
import zipfile

import pulumi_aws as aws
import pytest

from components.service.service_image import ServiceImage
from fourplane.errors import Mistake
from tests.sandbox.machines import REGION


def test_a_project_is_kept_and_a_function_is_asked_for_its_image(deploy, cloud):
    sources = {"files": {"Dockerfile": "FROM scratch"}}
    graph = deploy(lambda: ServiceImage("app", sources))
    name = graph.one("aws:codebuild/project:Project").id
    (kept,) = cloud.client("codebuild", REGION).batch_get_projects(names=[name])["projects"]
    bucket, _, key = kept["source"]["location"].partition("/")
    whole = cloud.client("s3", REGION).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(whole)).namelist() == ["Dockerfile"]
    asked = graph.one("aws:lambda/invocation:Invocation")
    assert json.loads(asked.outputs["result"]) == {"tag": key.removesuffix(".zip")}


def test_rejects_a_project_that_codebuild_would_refuse(deploy):
    def program():
        aws.codebuild.Project(
            "it",
            service_role="arn:aws:iam::123456789012:role/it",
            source={"type": "S3", "location": "a/b.zip"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "ARM", "image": "i", "compute_type": "BUILD_GENERAL1_SMALL"},
        )

    with pytest.raises(Mistake, match="type must be one of"):
        deploy(program)
