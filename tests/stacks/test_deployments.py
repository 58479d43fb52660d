"""One deployment beside another."""

import pytest

from fourplane.sandbox import Sandbox
from tests.stacks.conftest import deploy, on


@pytest.mark.apart
@on("netflix-dev")
def test_deploying_twice_gives_the_same_graph(deployed):
    deployed.cloud.__exit__(None, None, None)
    with Sandbox() as another:
        assert deploy(another, "netflix-dev").as_json() == deployed.graph.as_json()
