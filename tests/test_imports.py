"""Imports go one way: components, blueprints, stacks; policy has none of ours, and nobody fourplane."""

import ast
from pathlib import Path

import pytest

MAY_IMPORT = {
    "components": {"components"},
    "blueprints": {"components", "blueprints"},
    "stacks": {"components", "blueprints", "stacks"},
    "policy": {"policy"},
    "fourplane": {"fourplane"},
}


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.split(".")[0] for name in names} & MAY_IMPORT.keys()


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_a_package_imports_only_what_stands_below_it(package):
    files = sorted(Path(package).rglob("*.py"))
    assert {
        str(f): imported(f) - MAY_IMPORT[package] for f in files if imported(f) - MAY_IMPORT[package]
    } == {}


@pytest.mark.parametrize("package", ["blueprints", "stacks"])
def test_a_page_names_no_raw_resource(package):
    for path in sorted(Path(package).rglob("*.py")):
        assert not imported_packages(path) & {"pulumi_aws", "pulumi_kubernetes"}, path


@pytest.mark.parametrize("package", ["components", "blueprints"])
def test_what_can_be_reused_names_no_company(package):
    for path in sorted(Path(package).rglob("*.py")):
        for line in path.read_text().lower().replace("kubernetes", "k8s").splitlines():
            cited = (
                "https:" in line or "netflix/priam" in line or "netflix-dev" in line
            )  # sources, a stack's name
            assert cited or not any(company in line for company in ("netflix", "uber", "whatsapp")), (
                path,
                line,
            )


def imported_packages(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return {name.split(".")[0] for name in names} | {
        (node.module or "").split(".")[0] for node in nodes if isinstance(node, ast.ImportFrom)
    }
