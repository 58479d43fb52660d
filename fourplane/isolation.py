"""What a program may change while it runs, and finds as it should be: nothing stays for the next one."""

import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi

from fourplane.graph import Graph, texts
from fourplane.project import Project

OURS = str(Path(__file__).parent)


@contextmanager
def inside(project: Project, graph: Graph) -> Generator[None]:
    """The working directory, module path and argv of a program under `pulumi up`; its prints go to stderr."""
    folder = str(project.main.parent)
    before, argv, path, modules, out = os.getcwd(), sys.argv, list(sys.path), set(sys.modules), sys.stdout
    environment = dict(os.environ)
    os.chdir(folder)
    sys.argv, sys.path, sys.stdout = [str(project.main)], [folder, *sys.path], Printed(graph)
    try:
        yield
    finally:
        os.chdir(before)
        sys.argv, sys.path, sys.stdout = argv, path, out
        if environment != dict(os.environ):
            os.environ.clear()
            os.environ.update(environment)
        for name in [name for name in sys.modules if name not in modules and of_the_program(name, project)]:
            del sys.modules[name]


class Printed(io.TextIOBase):
    """Where a program's prints go: stdout is for the command's own result."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def write(self, text: str) -> int:
        return sys.stderr.write(self._graph.mask(text))

    def flush(self) -> None:
        sys.stderr.flush()


def of_the_program(module: str, project: Project) -> bool:
    """Whether a module is the program's own: two projects may each have their "settings"."""
    file = getattr(sys.modules[module], "__file__", None) or ""
    return is_own(file, project) and module != "__main__"


def is_own(file: str, project: Project) -> bool:
    """Whether a file is the program's, rather than a library's or ours."""
    inside_project = file.startswith(f"{project.root}{os.sep}")
    return inside_project and "site-packages" not in file and not file.startswith(OURS + os.sep)


@contextmanager
def secrets_noted(graph: Graph) -> Generator[None]:
    """Note every value that the program calls a secret, so that it can be hidden wherever it ends up."""
    make: Any = pulumi.Output.secret

    def secret(val: Any) -> Any:
        graph.secrets.update(texts(val))
        output = make(val)
        output._data.add_done_callback(note_result)
        return output

    def note_result(done: Any) -> None:
        if not done.cancelled() and not done.exception():
            graph.secrets.update(texts(done.result().value))

    pulumi.Output.secret = staticmethod(secret)
    try:
        yield
    finally:
        pulumi.Output.secret = staticmethod(make)
