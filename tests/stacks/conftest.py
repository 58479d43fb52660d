"""A company's stack, deployed once for all tests of it."""

import functools
from collections.abc import Iterator
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


_standing: list[Deployed] = []  # one at most: a process has one cloud at a time


def _end() -> None:
    while _standing:
        _standing.pop().cloud.__exit__(None, None, None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Function) -> None:
    if "deployed" not in item.fixturenames:  # it may deploy into a cloud of its own
        _end()


@pytest.fixture(scope="package")
def wanted(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    yield request.param
    _end()


@pytest.fixture
def deployed(wanted: tuple[str, ...]) -> Deployed:
    """What `on` names. A test that changes anything there is marked `apart`."""
    if not _standing:
        cloud = Sandbox().__enter__()
        _standing.append(Deployed(deploy(cloud, *wanted), cloud, "us-east-1"))
    return _standing[0]


def on(stack: str, *others: str, **settings: object) -> pytest.MarkDecorator:
    """The stack that a test's `deployed` is, or each of some, with settings of its own.

    Tests of the same deployment follow each other, whichever file they are in: it is made once.
    """
    overrides = [f"{key}={value}" for key, value in settings.items()]
    each = [(one, *overrides) for one in (stack, *others)]
    return pytest.mark.parametrize("wanted", each, indirect=True, ids=" ".join)
