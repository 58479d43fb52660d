"""What every test may use."""

import functools
import gc
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

# Graphs are large and hold no cycles worth looking for: the collector's defaults cost an eighth of the suite.
gc.set_threshold(100_000, 20, 50)


@pytest.fixture
def program() -> Callable[[str, str], str]:
    """program(name, package): a program's path, or a skip that says how to get it."""

    def find(name: str, package: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"{name} is not installed; apt-get install {package}")
        return path

    return find


@pytest.fixture(scope="session")
def run_in() -> Callable[..., Graph]:
    """run_in(folder, program, cloud): a function as a whole Pulumi program, its stack "dev", through the
    real engine."""

    def run(folder: Path, program: Program, cloud: engine.Cloud, **options: bool) -> Graph:
        stash = ModuleType("program_under_test")
        stash.__dict__["program"] = program
        sys.modules["program_under_test"] = stash
        main = folder / "__main__.py"
        main.write_text("from program_under_test import program\n\nprogram()\n")
        project = Project(folder, "test", main, folder)
        return engine.run(project, "dev", Settings({}, frozenset()), cloud, **options)

    return run


@pytest.fixture
def run(tmp_path: Path, run_in: Callable[..., Graph]) -> Callable[..., Graph]:
    """run(program, cloud): the same, in a folder of the test's own."""
    return functools.partial(run_in, tmp_path)


@pytest.fixture
def preview(run: Callable[..., Graph]) -> Callable[[Program], Graph]:
    """preview(program): the graph of a program, with no cloud."""
    return lambda program: run(program, Preview(), preview=True)
