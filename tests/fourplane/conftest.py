"""run(program) runs the text of a program as the engine runs a stack, in a project of its own."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from fourplane import engine, project
from fourplane.graph import Graph
from fourplane.preview import Preview

IMPORTS = "import pulumi\nimport pulumi_aws as aws\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """write(program, settings): a project with a stack "shop-dev"; further files by path."""

    def write(program: str = "", settings: str = "", **files: str) -> Path:
        root = tmp_path / files.pop("folder", "project")
        given = {
            "Pulumi.yaml": "name: shop\nruntime: python\n",
            "__main__.py": IMPORTS + dedent(program).lstrip("\n"),
        }
        given |= {"Pulumi.shop-dev.yaml": dedent(settings), **files}
        for name, text in given.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root

    return write


@pytest.fixture
def run(write: Callable[..., Path]) -> Callable[..., Graph]:
    """Deploys into a cloud of stand-ins unless told otherwise. The program begins on line 3 of its file."""

    def run(
        program: str = "",
        *,
        settings: str = "",
        cloud: Any = None,
        preview: bool = False,
        overrides: tuple[str, ...] = (),
        **files: str,
    ) -> Graph:
        found = project.find(write(program, settings, **files))
        config = project.settings(found, "shop-dev", list(overrides))
        return engine.run(found, "shop-dev", config, cloud or Preview(), preview=preview)

    return run
