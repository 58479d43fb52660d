"""Runs an unmodified Pulumi program in this process and returns what it registered.

The program talks to the Pulumi SDK as always. Behind the SDK stands a `Monitor`, which does what the engine does before
it calls a provider (transforms, provider and region inheritance, resource references, secrets) and then asks a `Cloud`.
Everything happens on one thread in the order of the program, so that the same program gives the same graph.
"""

import asyncio
import contextvars
import logging
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_in_stack

from fourplane import blame
from fourplane.errors import Failure, Mistake, Stop
from fourplane.graph import Graph, Resource
from fourplane.monitor import Monitor
from fourplane.project import Project, Settings


class Cloud(Protocol):
    """Who answers for the resources and functions that a program uses."""

    def create(self, resource: Resource) -> tuple[str, dict[str, Any]]:
        """The id and the outputs of a new resource. Raises Failure where it cannot be made."""
        ...

    def read(self, resource: Resource, id: str) -> dict[str, Any]:
        """The outputs of a resource that exists."""
        ...

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        """The result of a function such as aws:index/getAvailabilityZones:getAvailabilityZones."""
        ...


def run(
    project: Project,
    stack: str,
    config: Settings,
    cloud: Cloud,
    *,
    preview: bool = False,
    progress: Callable[[Resource], None] = lambda resource: None,
) -> Graph:
    """The graph of a stack. Raises Mistake for what the user can mend, Failure for the rest.

    `preview`: whether outputs that the cloud does not give are unknown (as in `pulumi preview`) rather than an error.
    """
    graph = Graph(stack)
    monitor = Monitor(graph, cloud, config, project, preview, progress)
    try:
        contextvars.Context().run(_run, project, stack, config, monitor, preview)
    except Stop as stop:
        raise type(stop)(graph.mask(str(stop))) from None
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, MemoryError)):
            raise
        cause = blame.first_cause(error, monitor.failure)
        kind = Mistake if isinstance(cause, (pulumi.RunError, Mistake)) else Failure
        raise kind(graph.mask(blame.line(cause, project, stack, monitor.failed))) from None
    return graph


def _run(project: Project, stack: str, config: Settings, monitor: Monitor, preview: bool) -> None:
    settings.reset_options(
        project=project.name, stack=stack, root_directory=str(project.root), preview=preview
    )
    settings.configure(
        mocks.MockSettings(
            monitor=monitor,
            engine=mocks.MockEngine(_logger(monitor.graph)),
            project=project.name,
            stack=stack,
            root_directory=str(project.root),
            organization="organization",
            dry_run=preview,
            callbacks=None,
            lock=settings.SETTINGS.lock,
            outputs=set(),
            package_refs={},
            base_providers_by_ref={},
        )
    )
    pulumi.runtime.set_all_config(config.values, list(config.secret_keys))
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Inline())
    asyncio.set_event_loop(loop)
    try:
        with _inside(project):
            loop.run_until_complete(run_in_stack(lambda: _program(project)))
    finally:
        _quiet_close(loop)


def _program(project: Project) -> None:
    runpy.run_path(str(project.main), run_name="__main__")


class _Inline(ThreadPoolExecutor):
    """Runs what the SDK hands to threads at once, where it stands: one order, one thread, no locks."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@contextmanager
def _inside(project: Project) -> Iterator[None]:
    """The working directory, module path and argv that `pulumi up` gives a program."""
    folder = str(project.main.parent)
    before, argv, path = os.getcwd(), sys.argv, list(sys.path)
    os.chdir(folder)
    sys.argv, sys.path = [str(project.main)], [folder, *sys.path]
    try:
        yield
    finally:
        os.chdir(before)
        sys.argv, sys.path = argv, path


def _quiet_close(loop: asyncio.AbstractEventLoop) -> None:
    """Ends what a failed program left waiting, without asyncio's complaints about it."""
    loop.set_exception_handler(lambda loop, context: None)
    pending = asyncio.all_tasks(loop)
    for task in pending:
        task.cancel()
    if pending:
        loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    asyncio.set_event_loop(None)


def _logger(graph: Graph) -> logging.Logger:
    logger = logging.Logger("fourplane.program", logging.WARNING)
    handler = logging.Handler()
    handler.emit = lambda record: graph.warnings.append(graph.mask(record.getMessage()))
    logger.addHandler(handler)
    return logger
