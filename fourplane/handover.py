"""Hands a stack to the real Pulumi CLI, through its Automation API."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from fourplane.errors import Failure, Mistake
from fourplane.project import Project

GET_PULUMI = "curl -fsSL https://get.pulumi.com | sh"


def require_pulumi() -> None:
    if not shutil.which("pulumi"):
        raise Mistake(
            f"this target needs the Pulumi CLI, which is not on the PATH; get it with: {GET_PULUMI}"
        )


def up(
    project: Project, stack: str, overrides: list[str], endpoint: str, say: Callable[[str], None]
) -> dict[str, Any]:
    """Deploy with the CLI; the stack's outputs, secrets masked. `endpoint`: an emulator's URL, or "".

    Settings go in a copy of the stack's file: `pulumi config set` would leave them in the user's own.
    """
    require_pulumi()
    from pulumi import automation

    try:
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder, f"Pulumi.{stack}.yaml")
            config.write_text(_config(project, stack, overrides, endpoint), encoding="utf-8")
            chosen = automation.create_or_select_stack(stack, work_dir=str(project.root))
            result = chosen.up(
                on_output=lambda text: say(text.rstrip()),
                color="never",
                config_file=str(config),
                show_secrets=False,
            )
    except automation.CommandError as error:
        lines = str(error).splitlines()
        said = next((line.partition("error:")[2] for line in lines if "error:" in line), lines[0])
        raise Failure(f"pulumi up failed: {said.strip()}", str(error)) from None
    return {key: "[secret]" if output.secret else output.value for key, output in result.outputs.items()}


def _config(project: Project, stack: str, overrides: list[str], endpoint: str) -> str:
    path = project.stack_folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    config = {**(content.get("config") or {})}
    if endpoint:
        config[project.key("endpoint")] = endpoint
    for text in overrides:
        key, _, value = text.partition("=")
        config = {known: old for known, old in config.items() if project.key(known) != project.key(key)}
        config[project.key(key)] = value
    return yaml.safe_dump({**content, "config": config}, sort_keys=False)
