"""Which tests exercise which system: what the marker ``system`` says in the tests themselves."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[2] / "tests"
"""The tests of a checkout; an installed package has none."""


def exercised() -> dict[str, tuple[str, ...]]:
    """Systems to the files whose tests exercise them, sorted."""
    found: dict[str, set[str]] = {}
    for file in TESTS.rglob("test_*.py"):
        text = file.read_text("utf-8")
        for system in _marked(ast.parse(text)) if ".system(" in text else ():
            found.setdefault(system, set()).add(file.relative_to(TESTS.parent).as_posix())
    return {system: tuple(sorted(found[system])) for system in sorted(found)}


def _marked(tree: ast.Module) -> set[str]:
    """Arguments of every ``pytest.mark.system(...)``."""
    return {
        argument.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.system"
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
