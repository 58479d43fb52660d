"""What every test may use."""

import functools
import gc
import shutil
import socketserver
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from fourplane import engine
from fourplane.graph import Graph
from fourplane.preview import Preview
from fourplane.project import Project, Settings
from tests.apart import in_child

Program = Callable[[], object]

# Graphs are large and hold no cycles worth looking for: the defaults cost an eighth of the suite.
gc.set_threshold(100_000, 20, 50)

# How often, in seconds, a server looks whether it is to stop: by default its test ends half a second late.
socketserver.BaseServer.serve_forever.__defaults__ = (0.02,)

COMPANIES = sorted(path.stem for path in Path("stacks/case_studies").glob("*.yaml"))
SLOW = ("tests/stacks/", "tests/boot/")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest comes first, so that no worker is left alone with it in the end."""
    items.sort(key=lambda item: [not item.nodeid.startswith(folder) for folder in SLOW])


class Spread(LoadScopeScheduling):
    """A file is of one worker, so that what it makes for its tests is made once; of tests/stacks, which
    deploys, all that is of a company."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if not file.startswith(SLOW[0]):
            return file
        return next((company for company in COMPANIES if company in nodeid), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread:
    return Spread(config, log)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "apart: runs in a child process: whatever it breaks is whole for the next test"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if pyfuncitem.get_closest_marker("apart") is None:
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}

    def failure() -> str:
        try:
            pyfuncitem.obj(**arguments)
        except BaseException:
            return str(pyfuncitem.repr_failure(pytest.ExceptionInfo.from_current()))
        return ""

    if said := in_child(failure):
        pytest.fail(said, pytrace=False)
    return True


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
