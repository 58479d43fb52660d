"""`make bench`: what a preview, a deployment and the command itself cost, as ratios where that can be.

Ratios are medians of turns taken in one process: they say the same on a fast machine and on a slow one.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOURPLANE = [sys.executable, "-m", "fourplane"]
TURNS = 7

PLAIN = """
import json, pathlib
from pulumi import _types
from fourplane import schema
for number, (type, inputs) in enumerate(json.loads(pathlib.Path("resources.json").read_text())):
    made = schema.resource_class(type)
    names = _types.resource_pulumi_to_py_names(made)
    made(f"plain-{number}", **{names.get(key, key): value for key, value in inputs.items()})
"""


class Echo:
    """The cheapest cloud there can be."""

    def create(self, resource: Any) -> tuple[str, dict[str, Any]]:
        return f"{resource.name}-id", {}

    def read(self, resource: Any, id: str) -> dict[str, Any]:
        return {}

    def invoke(self, token: str, args: dict[str, Any], region: str) -> dict[str, Any]:
        return {}


def main() -> None:
    stack = sys.argv[1] if len(sys.argv) > 1 else "netflix-dev"
    root = HERE.parent
    rows = [*preview_ratio(root, stack), *up_cost(root, stack), up_again_cost(root, stack), help_cost()]
    for what, value, goal in rows:
        print(f"{what:58} {value:>12}   {goal}")


def preview_ratio(root: Path, stack: str) -> list[tuple[str, str, str]]:
    """A stack's preview against the same resources declared one by one: no components, arrows or templates.

    There are as many plain resources as the stack has registrations: its components count as one each.
    """
    from fourplane import engine, project
    from fourplane.preview import Preview

    found = project.find(root)
    settings = project.settings(found, stack, [])
    graph = engine.run(found, stack, settings, Preview(), preview=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = _plain(Path(folder), graph)
        empty = project.settings(plain, "plain", [])
        previews, plains = _in_turns(
            lambda: engine.run(found, stack, settings, Preview(), preview=True),
            lambda: engine.run(plain, "plain", empty, Echo(), preview=True),
        )
    ratio = statistics.median(a / b for a, b in zip(previews, plains, strict=True))
    each = statistics.median(previews) / len(graph) * 1000
    return [
        (f"preview of {stack} ({len(graph)} registrations) : plain ones", f"{ratio:.2f}", "at most 1.3"),
        ("preview, a registration", f"{each:.2f} ms", ""),
    ]


def up_cost(root: Path, stack: str) -> list[tuple[str, str, str]]:
    """A whole `fourplane up` in a process of its own, start to end."""
    costs: list[float] = []
    count = 0
    for _ in range(3):
        started = time.perf_counter()
        ended = subprocess.run(
            [*FOURPLANE, "up", stack, "--json"], cwd=root, capture_output=True, text=True, check=False
        )
        costs.append(time.perf_counter() - started)
        if ended.returncode:
            return [(f"up {stack} in the sandbox", "failed", ended.stderr.strip()[:200])]
        count = len(json.loads(ended.stdout)["resources"])
    seconds = statistics.median(costs)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return [
        (f"up {stack} in the sandbox, whole", f"{seconds:.2f} s", ""),
        (
            "up, whole, for each registration",
            f"{seconds / count * 1000:.1f} ms",
            "start-up and imports included",
        ),
        ("up, peak memory", f"{memory} MB", ""),
    ]


def up_again_cost(root: Path, stack: str) -> tuple[str, str, str]:
    """What a registration adds once everything is loaded: the slope, where the whole also has the start."""
    from fourplane import engine, project
    from fourplane.sandbox import Sandbox

    found = project.find(root)
    settings = project.settings(found, stack, [])
    costs: list[float] = []
    for _ in range(4):
        started = time.process_time()
        with Sandbox() as cloud:
            count = len(engine.run(found, stack, settings, cloud))
        costs.append((time.process_time() - started) / count * 1000)
    return (
        "up in a process that has done it before, a registration",
        f"{statistics.median(costs[1:]):.1f} ms",
        "at most 15 ms",
    )


def help_cost() -> tuple[str, str, str]:
    costs: list[float] = []
    for _ in range(TURNS):
        started = time.perf_counter()
        subprocess.run([*FOURPLANE, "--help"], capture_output=True, check=True)
        costs.append(time.perf_counter() - started)
    return "fourplane --help", f"{statistics.median(costs):.2f} s", "under 0.3 s"


def _plain(folder: Path, graph: Any) -> Any:
    from itertools import cycle, islice

    from fourplane import project, wire

    made = [
        (resource.type, {key: wire.printable(value) for key, value in resource.inputs.items()})
        for resource in graph.values()
        if resource.type.startswith("aws:")
        and not wire.contains(resource.inputs, (wire.Secret, wire.Unknown))
    ]
    (folder / "resources.json").write_text(json.dumps(list(islice(cycle(made), len(graph)))))
    (folder / "Pulumi.yaml").write_text("name: plain\nruntime: python\n")
    (folder / "Pulumi.plain.yaml").write_text("")
    (folder / "__main__.py").write_text(PLAIN)
    return project.find(folder)


def _in_turns(*works: Callable[[], object]) -> list[list[float]]:
    """The processor seconds of each of several pieces of work, done in turns after one round to warm up."""
    costs: list[list[float]] = [[] for _ in works]
    for turn in range(TURNS + 1):
        for work, cost in zip(works, costs, strict=True):
            started = time.process_time()
            work()
            if turn:
                cost.append(time.process_time() - started)
    return costs


if __name__ == "__main__":
    main()
