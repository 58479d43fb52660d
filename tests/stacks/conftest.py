"""A company's stack, deployed once for all tests that only look at it."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fourplane import engine, project
from fourplane.graph import Graph
from fourplane.preview import Preview
from fourplane.sandbox import Sandbox


@dataclass
class Deployed:
    graph: Graph
    cloud: Sandbox
    region: str

    def client(self, service: str) -> Any:
        return self.cloud.client(service, self.region)


def deploy(cloud: Sandbox, stack: str, *overrides: str) -> Graph:
    found = project.find()
    return engine.run(found, stack, project.settings(found, stack, list(overrides)), cloud)


@functools.cache
def previewed(stack: str, *overrides: str) -> Graph:
    """A stack's graph without a cloud, for who does not change it."""
    found = project.find()
    settings = project.settings(found, stack, list(overrides))
    return engine.run(found, stack, settings, Preview(), preview=True)


def deploy_alone(stack: str, *overrides: str) -> Graph:
    """The graph of a deployment into a cloud of its own."""
    with Sandbox() as cloud:
        return deploy(cloud, stack, *overrides)


@pytest.fixture(scope="session")
def deploy_again() -> Callable[..., Graph]:
    return deploy_alone


@pytest.fixture(scope="module", params=["netflix-dev", "netflix-prod"])
def netflix(request: pytest.FixtureRequest) -> Iterator[Deployed]:
    with Sandbox() as cloud:
        yield Deployed(deploy(cloud, request.param), cloud, "us-east-1")


@pytest.fixture
def netflix_to_break() -> Iterator[Deployed]:
    """A deployment of a test's own."""
    with Sandbox() as cloud:
        yield Deployed(deploy(cloud, "netflix-dev"), cloud, "us-east-1")
