"""A project as it was at a git revision, previewed by the program of that time."""

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from fourplane.errors import Mistake
from fourplane.graph import Graph, Resource
from fourplane.project import Project, find


@contextmanager
def at(project: Project, revision: str) -> Generator[Project]:
    """The project of a revision, in a folder that is gone afterwards. Raises Mistake for one that git does
    not know. Nothing of the repository is changed."""
    if revision.startswith("-"):
        raise Mistake(f"a revision cannot begin with a dash, got '{revision}'")
    asked = ["git", "-C", str(project.root), "archive", "--format=tar", revision]
    try:
        done = subprocess.run(asked, capture_output=True, check=False)
    except FileNotFoundError:
        raise Mistake("git is not installed, and knows of revisions") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise Mistake(f"git knows no revision '{revision}': {said[-1] if said else 'it says nothing'}")
    with tempfile.TemporaryDirectory(prefix="fourplane-") as folder:
        with tarfile.open(fileobj=BytesIO(done.stdout)) as packed:
            packed.extractall(folder, filter="data")
        yield find(Path(folder))


def preview(project: Project, stack: str, overrides: list[str]) -> Graph:
    """A stack's graph, previewed in a process of its own: two versions of one program do not fit into one."""
    given = [word for text in overrides for word in ("--set", text)]
    asked = [sys.executable, "-P", "-m", "fourplane", "preview", stack, "--json", *given]
    done = subprocess.run(asked, cwd=project.root, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise Mistake(f"at that revision: {said[-1].removeprefix('error: ') if said else 'it fails'}")
    return graph(json.loads(done.stdout))


def graph(whole: dict[str, Any]) -> Graph:
    """A graph from what `fourplane preview --json` prints of it."""
    found = Graph(whole["stack"])
    for one in whole["resources"]:
        keys = (
            "urn",
            "type",
            "name",
            "parent",
            "custom",
            "provider",
            "region",
            "protect",
            "inputs",
            "outputs",
        )
        known = {key: one[key] for key in keys}
        more = {key: one[key] for key in ("options", "dependencies", "property_dependencies")}
        found.resources[one["urn"]] = Resource(**known, **more, id=str(one["outputs"].get("id") or ""))
    return found
