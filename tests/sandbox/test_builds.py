"""CodeBuild, and functions that are called while a stack is made."""

import io
import json
import os
import subprocess
import sys
import zipfile

import pulumi_aws as aws
import pytest

from components.control.freebsd_packages import PROGRAM, FreeBsdPackages
from components.service.service_image import ServiceImage
from fourplane import wire
from fourplane.errors import Mistake
from fourplane.sandbox import assets
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


def test_packages_have_an_address_of_their_own_region_and_a_build_that_has_its_program(deploy, cloud):
    wanted = {"packages": ["ejabberd"], "endpoint_id": "vpce-1"}
    graph = deploy(lambda: FreeBsdPackages("packages", wanted))
    told = graph.one("fourplane:index:FreeBsdPackages").outputs
    assert told["url"].startswith(f"https://{told['bucket']}.s3.{REGION}.amazonaws.com/packages/")
    source = graph.one("aws:codebuild/project:Project").inputs["source"]
    bucket, _, key = source["location"].partition("/")
    whole = cloud.client("s3", REGION).get_object(Bucket=bucket, Key=key)["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(whole)).namelist() == [PROGRAM.name]
    assert f"python3 {PROGRAM.name}" in source["buildspec"]


@pytest.mark.parametrize(
    "made",
    [
        lambda: ServiceImage("it", {"files": {"Dockerfile": "FROM scratch"}}),
        lambda: FreeBsdPackages("it", {"packages": ["a"], "endpoint_id": "vpce-1"}),
    ],
    ids=["image", "packages"],
)
def test_the_function_that_asks_for_a_build_has_all_that_it_needs(deploy, tmp_path, made):
    graph = deploy(made)
    function = graph.one("aws:lambda/function:Function")
    code = assets.zipped(wire.plain(function.inputs)["code"])
    zipfile.ZipFile(io.BytesIO(code)).extractall(tmp_path)
    module = function.inputs["handler"].removesuffix(".handler")
    program = (
        f"import {module}; from components.service.build import await_build;"
        f"print(callable({module}.handler), await_build.__file__)"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, check=True, capture_output=True, text=True
    )
    assert said.stdout.startswith(f"True {tmp_path}/components/")


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
