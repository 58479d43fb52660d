"""How an image is built: the function that asks for it, and the commands of the build."""

import importlib.util
import json
import subprocess
from types import SimpleNamespace

import pytest
import yaml
from moto.backends import get_backend

from components.service.build import await_build
from components.service.service_image import BUILDSPEC, HANDLER
from fourplane.sandbox import Sandbox
from fourplane.sandbox.creator import ACCOUNT

REGION = "us-east-1"
MANIFEST = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
URL = "123456789012.dkr.ecr.us-east-1.amazonaws.com/dev/app"


@pytest.fixture
def cloud(monkeypatch):
    settings = {"REPOSITORY": "dev/app", "PROJECT": "app", "AWS_DEFAULT_REGION": REGION}
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(await_build, "POLL_SECONDS", 0)
    with Sandbox() as sandbox:
        sandbox.client("ecr", REGION).create_repository(repositoryName="dev/app")
        sandbox.client("codebuild", REGION).create_project(
            name="app",
            source={"type": "S3", "location": "bucket/source.zip"},
            artifacts={"type": "NO_ARTIFACTS"},
            environment={"type": "ARM_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_SMALL"},
            serviceRole="arn:aws:iam::123456789012:role/app",
        )
        yield sandbox


@pytest.fixture
def module(cloud):
    spec = importlib.util.spec_from_file_location("build_image", HANDLER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ask(module):
    """ask(milliseconds): has tag "t" built, with time left or none."""

    def ask(milliseconds=60000):
        return module.handler(
            {"tag": "t"}, SimpleNamespace(get_remaining_time_in_millis=lambda: milliseconds)
        )

    return ask


@pytest.fixture
def says(monkeypatch):
    """says(*statuses): how CodeBuild says that the build is, one answer after the other."""

    def says(*statuses):
        answers = iter(statuses)
        monkeypatch.setattr(await_build, "look", lambda id: {"id": id, "buildStatus": next(answers)})

    return says


def builds():
    return get_backend("codebuild")[ACCOUNT][REGION].build_metadata_history.get("app", [])


def push(cloud):
    cloud.client("ecr", REGION).put_image(
        repositoryName="dev/app", imageManifest=json.dumps(MANIFEST), imageTag="t"
    )


def test_has_an_image_built_that_is_not_there(ask):
    assert ask() == {"tag": "t"} and len(builds()) == 1


def test_waits_for_the_build(ask, says):
    says("IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED")
    assert ask() == {"tag": "t"}


def test_builds_no_image_that_is_there(ask, cloud):
    push(cloud)
    assert ask() == {"tag": "t"} and not builds()


def test_fails_with_its_build(ask, says):
    says("FAILED")
    with pytest.raises(RuntimeError, match="of t: FAILED"):
        ask()


def test_takes_the_image_that_another_build_has_pushed(ask, says, cloud, monkeypatch):
    says("FAILED")
    monkeypatch.setattr(await_build, "start", lambda: push(cloud) or "app:1")
    assert ask() == {"tag": "t"}


def test_waits_no_longer_than_it_may(ask, says):
    says("IN_PROGRESS")
    with pytest.raises(TimeoutError, match="deploy again"):
        ask(milliseconds=1000)


def test_the_build_pushes_what_it_has_built_under_the_tag(tmp_path):
    log = tmp_path / "log"
    for name in ("aws", "docker"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\n[ -t 0 ] || cat >/dev/null\necho "{name} $*" >> {log}\n')
        program.chmod(0o755)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REPOSITORY": URL, "IMAGE_TAG": "t"}
    phases = yaml.safe_load(BUILDSPEC.read_text())["phases"]
    for command in [one for phase in ("pre_build", "build") for one in phases[phase]["commands"]]:
        subprocess.run(["bash", "-c", command], env=env, check=True, stdin=subprocess.DEVNULL)
    assert set(log.read_text().splitlines()) == {
        "aws ecr get-login-password",
        "docker login --username AWS --password-stdin 123456789012.dkr.ecr.us-east-1.amazonaws.com",
        f"docker build --pull --tag {URL}:t .",
        f"docker push {URL}:t",
    }
