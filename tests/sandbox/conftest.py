"""A sandbox for each test, and a way to deploy a program into it."""

from collections.abc import Callable, Iterator

import pytest

from fourplane.graph import Graph
from fourplane.sandbox import Sandbox

Program = Callable[[], object]
Deploy = Callable[[Program], Graph]


@pytest.fixture
def cloud() -> Iterator[Sandbox]:
    """The sandbox of this test: `cloud.client(service, region)` asks it with boto3."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def deploy(cloud: Sandbox, run: Callable[..., Graph]) -> Deploy:
    """deploy(program): the graph of a function that was deployed as a whole Pulumi program."""
    return lambda program: run(program, cloud)
