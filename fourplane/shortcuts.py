"""The ways of the Pulumi SDK that cost the most, shortened: the same answers, at half the time.

The SDK is written for a program that waits for an engine over a network; here the engine is in the process,
and what the program itself costs is all there is. These stand in for parts of pulumi 3.272.0, which
pyproject.toml pins.
"""

import asyncio
import functools
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi
from pulumi import _types
from pulumi.output import _OutputData
from pulumi.runtime import resource, rpc
from pulumi.runtime.proto import source_pb2

from fourplane import isolation
from fourplane.project import Project

CONSTRUCTORS = 3
"""The innermost frames that are the SDK's: Resource, CustomResource or ComponentResource, and the class."""


@contextmanager
def taken(project: Project) -> Generator[None]:
    """Go the short ways as long as a program runs."""
    shorter: list[tuple[Any, str, Callable[..., Any]]] = [
        (resource, "_get_stack_trace", functools.partial(own_line, project)),
        (rpc, "transfer_properties", outputs_to_come),
        (_types, "unwrap_type", functools.cache(_types.unwrap_type)),
    ]
    before = [(place, name, getattr(place, name)) for place, name, _ in shorter]
    for place, name, function in shorter:
        setattr(place, name, function)
    try:
        yield
    finally:
        for place, name, function in before:
            setattr(place, name, function)


def own_line(project: Project) -> source_pb2.StackTrace:
    """The innermost line of the program that made a resource: the only one of its callers that is read."""
    frame: FrameType | None = sys._getframe(1)
    constructors = 0
    while frame and constructors < CONSTRUCTORS:
        constructors += frame.f_code.co_name == "__init__"
        frame = frame.f_back
    while frame and not isolation.is_own(frame.f_code.co_filename, project):
        frame = frame.f_back
    if not frame:
        return source_pb2.StackTrace()
    at = source_pb2.SourcePosition(uri=Path(frame.f_code.co_filename).as_uri(), line=frame.f_lineno)
    return source_pb2.StackTrace(frames=[source_pb2.StackFrame(pc=at)])


def outputs_to_come(
    made: pulumi.Resource, properties: Mapping[str, Any], custom: bool
) -> dict[str, Callable[..., None]]:
    """Give a resource an output for each of its properties, and say how each is answered.

    Each is one future, as the SDK's own `id` and `urn` are, and not four and a task that waits for them.
    Nobody waits for them at the end, for the registration that answers them is itself waited for.
    """
    apart = {"urn", "id"} if custom else {"urn"}
    answers: dict[str, Callable[..., None]] = {}
    for name in properties:
        if name not in apart:
            future: asyncio.Future[Any] = asyncio.Future()
            answers[name] = functools.partial(_answer, made, future)
            made.__dict__[name] = output = object.__new__(pulumi.Output)
            output._data = future
    return answers


def _answer(
    made: pulumi.Resource,
    future: asyncio.Future[Any],
    value: Any,
    is_known: bool,
    is_secret: bool,
    dependencies: set[pulumi.Resource] | None,
    failed: Exception | None,
) -> None:
    if failed is not None:
        future.set_exception(failed)
        future.exception()  # the registration raises it; asyncio need not complain that nobody asked
        return
    resources = {*(dependencies or ()), made}
    future.set_result(_OutputData(resources, value, is_known, is_secret))
