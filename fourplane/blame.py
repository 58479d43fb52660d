"""Whose line it was: a program's failure as one line that names the error, the resource and the place."""

import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import pulumi

from fourplane import isolation
from fourplane.errors import Stop
from fourplane.graph import Resource
from fourplane.project import Project


def line(error: BaseException, project: Project, stack: str, resource: Resource | None) -> str:
    """ "netflix-dev: stacks/netflix.py:31: CassandraRing 'users': …" """
    place = where(error, project) or (resource.declared_at if resource else "")
    subject = f"{resource.type} '{resource.name}'" if resource else ""
    return ": ".join(part for part in (stack, place, subject, message(error)) if part)


def message(error: BaseException) -> str:
    """An error's own words, on one line; its kind too, unless it was written to be read."""
    text = " ".join(str(error).split())
    if isinstance(error, pulumi.ConfigMissingError):
        given = f"give it with --set {error.key}=<value>, or `pulumi config set`"
        return f"the setting {error.key} is missing; {given}"
    if isinstance(error, (pulumi.RunError, Stop)):
        return text
    if isinstance(error, SystemExit):
        return f"the program ended itself with exit code {error.code}"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def where(error: BaseException, project: Project) -> str:
    """The line to look at: where the program asked for the component that refused, or where it raised."""
    if isinstance(error, SyntaxError) and error.filename and isolation.is_own(error.filename, project):
        return _place(error.filename, error.lineno or 1, project)
    asked = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if not isolation.is_own(file, project):
            continue
        if isinstance(error, pulumi.RunError) and _inside_component(frame):
            break
        asked = _place(file, number, project)
    return asked


def _place(file: str, number: int, project: Project) -> str:
    return f"{Path(file).relative_to(project.root)}:{number}"


def _inside_component(frame: FrameType) -> bool:
    me: Any = frame.f_locals.get("self")
    return frame.f_code.co_name == "__init__" and isinstance(me, pulumi.ComponentResource)
