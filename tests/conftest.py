"""What every test may use."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from fourplane import engine
from fourplane.graph import Graph
from fourplane.preview import Preview
from fourplane.project import Project, Settings

Program = Callable[[], object]


@pytest.fixture
def program() -> Callable[[str, str], str]:
    """program(name, package): a program's path, or a skip that says how to get it."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed; apt-get install {package}")
        return path

    return find


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Graph]:
    """run(program, cloud): a function as a whole Pulumi program, its stack "dev", through the real engine."""

    def run(program: Program, cloud: engine.Cloud, **options: bool) -> Graph:
        stash = ModuleType("program_under_test")
        stash.__dict__["program"] = program
        sys.modules["program_under_test"] = stash
        main = tmp_path / "__main__.py"
        main.write_text("from program_under_test import program\n\nprogram()\n")
        project = Project(tmp_path, "test", main, tmp_path)
        return engine.run(project, "dev", Settings({}, frozenset()), cloud, **options)

    return run


@pytest.fixture
def preview(run: Callable[..., Graph]) -> Callable[[Program], Graph]:
    """preview(program): the graph of a program, with no cloud."""
    return lambda program: run(program, Preview(), preview=True)
