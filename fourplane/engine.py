"""Runs an unmodified Pulumi program in this process and returns what it registered.

The program talks to the Pulumi SDK as always. Behind the SDK stands a `Monitor`, which does what the engine
does before it calls a provider (transforms, inheritance of providers and regions, references, secrets), and
then asks a `Cloud`. All of it happens on one thread, so that the same program gives the same graph.
"""

import asyncio
import contextvars
import gc
import inspect
import logging
import runpy
import threading
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import pulumi
from pulumi.runtime import mocks, settings
from pulumi.runtime.stack import run_in_stack

from fourplane import blame, isolation, shortcuts
from fourplane.errors import Failure, Mistake
from fourplane.graph import Graph, Resource
from fourplane.monitor import Monitor, Traces
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

    `preview`: whether outputs that the cloud does not give are unknown, as in `pulumi preview`, or an error.
    """
    graph = Graph(stack)
    monitor = Monitor(graph, cloud, config, project, preview, progress)
    collecting = gc.isenabled()
    gc.disable()  # what a run makes lives to its end, and looking for garbage in it doubles the time
    try:
        contextvars.Context().run(_run, project, stack, config, monitor, preview)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        cause = monitor.failure or error
        cause.__traceback__ = monitor.traces.get(id(cause), (cause, cause.__traceback__))[1]
        kind = Mistake if isinstance(cause, (pulumi.RunError, Mistake)) else Failure
        line = blame.line(cause, project, stack, monitor.failed)
        raise kind(graph.mask(line), graph.mask("".join(traceback.format_exception(cause)))) from None
    finally:
        if collecting:
            gc.enable()
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
            lock=threading.RLock(),
            outputs=set(),
            package_refs={},
            base_providers_by_ref={},
        )
    )
    pulumi.runtime.set_all_config(config.values, list(config.secret_keys))
    loop = _Loop(monitor.traces)
    asyncio.set_event_loop(loop)
    try:
        with (
            isolation.inside(project, monitor.graph),
            isolation.secrets_noted(monitor.graph),
            shortcuts.taken(project),
        ):
            loop.run_until_complete(run_in_stack(lambda: _program(project, monitor)))
    finally:
        _quiet_close(loop)


def _program(project: Project, monitor: Monitor) -> None:
    try:
        runpy.run_path(str(project.main), run_name="__main__")
    except BaseException as error:
        monitor.remember(error)
        raise


class _Loop(asyncio.SelectorEventLoop):
    """Runs what the SDK hands to threads at once, where it stands: one order, one thread, no locks.

    It also keeps the traceback of what a task raised: asyncio drops it when several wait for the same task.
    """

    def __init__(self, traces: Traces) -> None:
        super().__init__()
        self._traces = traces

    def create_task(self, *args: Any, **options: Any) -> Any:
        task: Any = super().create_task(*args, **options)
        task.add_done_callback(self._note)
        return task

    def _note(self, task: asyncio.Task[Any]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._traces.setdefault(id(error), (error, error.__traceback__))

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        future = self.create_future()
        try:
            answer = func(*args)
        except Exception as error:
            future.set_exception(error)
            return future
        if inspect.iscoroutine(answer):
            return self.create_task(answer)
        future.set_result(answer)
        return future


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
