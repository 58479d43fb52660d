"""Reading a Pulumi project: its config declarations, its stack files, and what --set overrides."""

import ast
import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from fourplane.errors import Mistake

STAND_IN_SECRET = "stand-in-for-an-encrypted-value"
"""What an encrypted config value is here: only the Pulumi CLI, with its passphrase, can open the real one."""


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml."""

    root: Path
    name: str
    main: Path
    stack_folder: Path
    declarations: dict[str, Any] = field(default_factory=dict)
    """The project's config section, as Pulumi.yaml has it."""

    def stacks(self) -> list[str]:
        files = sorted(self.stack_folder.glob("Pulumi.*.yaml"))
        return [f.name.removeprefix("Pulumi.").removesuffix(".yaml") for f in files]

    def stack(self, name: str) -> str:
        """The stack that a user means: its own name, or a company's for its dev stack."""
        known = self.stacks()
        for candidate in (name, f"{name}-dev"):
            if candidate in known:
                return candidate
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean '{near[0]}'? " if near else ""
        listed = ", ".join(known) or f"none: {self.stack_folder} holds no Pulumi.<stack>.yaml"
        raise Mistake(f"no stack '{name}'; {hint}known stacks: {listed}")

    def description(self, stack: str) -> str:
        """What the stack's page says of itself, in its first line. The page is read, not run."""
        company = stack
        while company:
            page = self.stack_folder / f"{company}.py"
            if page.is_file():
                try:
                    text = ast.get_docstring(ast.parse(page.read_text(encoding="utf-8"))) or ""
                except (OSError, SyntaxError, ValueError):
                    return ""
                return text.partition("\n")[0]
            company = company.rpartition("-")[0]
        return ""

    def key(self, key: str) -> str:
        return key if ":" in key else f"{self.name}:{key}"


@dataclass(frozen=True)
class Settings:
    """A stack's config as the Pulumi SDK wants it: texts by full key, and which of them are secret."""

    values: dict[str, str]
    secret_keys: frozenset[str]
    stand_ins: frozenset[str] = frozenset()
    """Keys whose value is encrypted, so that something else stands for it."""

    def get(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)

    @property
    def named(self) -> dict[str, str]:
        """The values by their names alone."""
        return {key.partition(":")[2]: value for key, value in self.values.items()}


def find(start: Path | None = None) -> Project:
    """The project around a folder (default: the current one)."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").is_file():
            return _project(folder)
    raise Mistake(f"no Pulumi.yaml in {start} or above it; run fourplane inside a project")


def _project(root: Path) -> Project:
    meta = _mapping(root / "Pulumi.yaml")
    if not isinstance(meta.get("name"), str):
        raise Mistake(f"{root / 'Pulumi.yaml'}: 'name' must be the project's name, got {meta.get('name')!r}")
    main = root / str(meta.get("main", "."))
    main = main / "__main__.py" if main.is_dir() else main
    if not main.is_file():
        raise Mistake(f"{main} does not exist; 'main' in Pulumi.yaml must name the folder of the program")
    declarations = meta.get("config") or {}
    if not isinstance(declarations, dict):
        raise Mistake(f"{root / 'Pulumi.yaml'}: 'config' must be a mapping of settings, got {declarations!r}")
    return Project(
        root=root,
        name=meta["name"],
        main=main,
        stack_folder=root / str(meta.get("stackConfigDir", ".")),
        declarations=declarations,
    )


def settings(project: Project, stack: str, overrides: list[str]) -> Settings:
    """Declared defaults, under the stack's file, under --set key=value."""
    path = project.stack_folder / f"Pulumi.{stack}.yaml"
    values: dict[str, Any] = {}
    for key, declared in project.declarations.items():
        default = declared.get("default", declared.get("value")) if isinstance(declared, dict) else declared
        values[project.key(key)] = default
    config = _mapping(path).get("config") or {}
    if not isinstance(config, dict):
        raise Mistake(f"{path}: 'config' must be a mapping of settings, got {config!r}")
    values |= {project.key(str(k)): v for k, v in config.items()}
    values |= dict(_override(project, text) for text in overrides)

    secret = {
        project.key(k) for k, d in project.declarations.items() if isinstance(d, dict) and d.get("secret")
    }
    opened = {key: _opened(value) for key, value in values.items()}
    encrypted = frozenset(key for key in values if opened[key] != values[key])
    texts = {key: _text(value) for key, value in opened.items() if value is not None}
    return Settings(texts, encrypted | secret, encrypted)


def _override(project: Project, text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise Mistake(f"--set must be key=value, got '{text}'")
    return project.key(key), value


def _opened(value: Any) -> Any:
    """A value with something readable in place of every encrypted part."""
    if isinstance(value, dict):
        if value.keys() == {"secure"}:
            return STAND_IN_SECRET
        return {key: _opened(inner) for key, inner in value.items()}
    return [_opened(inner) for inner in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


class _Loader(yaml.SafeLoader):
    """As Pulumi reads YAML: of all the words for true and false, only these two are more than text."""


_Loader.yaml_implicit_resolvers = {
    first: [resolver for resolver in resolvers if first in "tTfF" or not resolver[0].endswith(":bool")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _mapping(path: Path) -> dict[str, Any]:
    """A YAML file that must hold a mapping; the mistake names file and line."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        raise Mistake(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Mistake(f"{path} is not UTF-8 text: byte {error.start}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise Mistake(f"{where}: not YAML: {getattr(error, 'problem', None) or error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Mistake(f"{path}: must hold a mapping, got {type(content).__name__}")
    return content
