"""Whose line it was: a program's failure as one line that names the error, the resource and the place."""

import traceback
from types import FrameType, TracebackType
from typing import Any

import pulumi

from fourplane.graph import Resource
from fourplane.project import Project


def first_cause(error: BaseException, recorded: BaseException | None) -> BaseException:
    """The failure itself rather than what it set off in everything that waited for it."""
    return recorded or error


def line(error: BaseException, project: Project, stack: str, resource: Resource | None) -> str:
    """ "netflix-dev: stacks/netflix.py:31: CassandraRing 'users': …" """
    place = where(error, project) or (resource.declared_at if resource else "")
    subject = f"{resource.type} '{resource.name}'" if resource else ""
    return ": ".join(part for part in (stack, place, subject, message(error)) if part)


def message(error: BaseException) -> str:
    """An error's own words, on one line; its kind too, unless it was written to be read."""
    text = " ".join(str(error).split())
    if isinstance(error, (pulumi.RunError,)) or type(error).__module__.startswith("fourplane"):
        return text
    if isinstance(error, SystemExit):
        return f"the program ended itself with exit code {error.code}"
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({error.filename}:{error.lineno})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def where(error: BaseException, project: Project) -> str:
    """The line of the program to look at: where it asked for the component that refused, or where it raised."""
    asked = ""
    for frame, number in traceback.walk_tb(_deepest(error)):
        file = frame.f_code.co_filename
        if not file.startswith(str(project.root)) or "/site-packages/" in file:
            continue
        if isinstance(error, pulumi.RunError) and _inside_component(frame):
            break
        asked = f"{file.removeprefix(str(project.root)).lstrip('/')}:{number}"
    return asked


def _deepest(error: BaseException) -> TracebackType | None:
    return error.__traceback__


def _inside_component(frame: FrameType) -> bool:
    me: Any = frame.f_locals.get("self")
    return frame.f_code.co_name == "__init__" and isinstance(me, pulumi.ComponentResource)
