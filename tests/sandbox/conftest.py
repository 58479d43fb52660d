"""A sandbox for each test, and a way to run a program in it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fourplane import engine
from fourplane.graph import Graph
from fourplane.project import Project, Settings
from fourplane.sandbox import Sandbox

Deploy = Callable[[Callable[[], object]], Graph]


@pytest.fixture
def cloud() -> Iterator[Sandbox]:
    """The sandbox that this test's programs are deployed into; `cloud.client(service, region)` asks it with boto3."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def deploy(cloud: Sandbox, tmp_path: Path) -> Deploy:
    """Runs a function as a whole Pulumi program, through the real engine, and returns its graph."""

    def run(program: Callable[[], object]) -> Graph:
        stash = ModuleType("program_under_test")
        stash.__dict__["program"] = program
        sys.modules["program_under_test"] = stash
        main = tmp_path / "__main__.py"
        main.write_text("from program_under_test import program\n\nprogram()\n")
        project = Project(tmp_path, "test", main, tmp_path)
        return engine.run(project, "dev", Settings({}, frozenset()), cloud)

    return run
