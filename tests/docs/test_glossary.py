"""One name, one class: a word of the code has one meaning, as the glossary says."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("connectors", "corridor", "deploy", "schemas", "streams")


def test_a_class_has_a_name_of_its_own() -> None:
    """No public class bears the name of another one, but those that the glossary has in its last table."""
    places: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(str(path.relative_to(ROOT)))
    shared = {name: found for name, found in places.items() if len(found) > 1}
    table = (ROOT / "docs" / "glossary.md").read_text("utf-8").rpartition("## Names of several classes")[2]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert set(re.findall(r"`(\w+)`", " ".join(cells))) == set(shared), shared
