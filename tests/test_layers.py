"""The layers of docs/architecture.md: which package of digits/ may import which others."""

import ast
from pathlib import Path

import pytest

DIGITS = Path(__file__).parent.parent / "digits"
ROOT = ""  # modules directly in digits/
MAY_IMPORT = {
    ROOT: set(),
    "runlog": {ROOT},
    "data": {ROOT},
    "models": {ROOT, "data"},
    "evaluation": {ROOT, "data", "models"},
    "training": {ROOT, "runlog", "data", "models", "evaluation"},
    "inference": {ROOT, "runlog", "data", "models", "evaluation"},
    "sharing": {ROOT, "runlog"},
    "server": {ROOT, "runlog", "sharing"},
    "notebook": {ROOT, "runlog", "server"},
    "cli": {ROOT, "runlog", "sharing", "data", "models", "evaluation", "training", "inference", "server"},
}
WITHIN_FUNCTIONS = {"server": {"inference", "training"}}  # imported by the server on demand
HEAVY = {"torch", "torchvision", "numpy", "click", "PIL"}
WITHOUT_HEAVY = {ROOT, "runlog", "sharing", "server", "notebook"}


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def package_of(name: str) -> str | None:
    """The package of a module or name in digits/, or None."""
    first, *rest = name.split(".")
    if first != "digits":
        return None
    return rest[0] if rest and (DIGITS / rest[0]).is_dir() else ROOT


@pytest.mark.parametrize("path", sorted(DIGITS.rglob("*.py")), ids=lambda path: str(path.relative_to(DIGITS)))
def test_a_module_imports_only_from_layers_below(path):
    package = path.relative_to(DIGITS).parts[0] if path.parent != DIGITS else ROOT
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        is_lazy = isinstance(node, (ast.Import, ast.ImportFrom)) and node.col_offset > 0
        allowed = MAY_IMPORT[package] | {package} | (WITHIN_FUNCTIONS.get(package, set()) if is_lazy else set())
        for name in imported(node):
            assert package_of(name) in {None, *allowed}, f"{path.name} imports {name}"
            if package in WITHOUT_HEAVY and not is_lazy:
                assert name.split(".")[0] not in HEAVY, f"{path.name} imports {name}"
