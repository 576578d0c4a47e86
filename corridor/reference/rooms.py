"""``docs/rooms.md``: every room of the house and every file in it, with its purpose in one line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from corridor.reference.markdown import code, page, table

PACKAGES: Final = ("schemas", "connectors", "streams", "corridor", "bench", "deploy")
"""From the lowest up; ``bench`` is not installed, and ``deploy`` stands beside."""
_ROOT: Final = Path(__file__).parents[2]
_INTRO: Final = """\
# Rooms

Where things are: each package, its rooms, and the purpose of each file, as its first line says it.
A package imports from those above it on this page, never from those below; within `streams` the same
holds for the rooms in their order in `pyproject.toml`. How the parts work together is told in
[architecture](architecture.md).
"""


def rooms_page() -> str:
    """Make the page."""
    return page(_INTRO, *(text for package in PACKAGES for text in _package(_ROOT / package)))


def _package(root: Path) -> Iterator[str]:
    for room in (root, *sorted(path for path in root.rglob("*") if path.is_dir())):
        files = sorted(file for file in room.glob("*.py") if file.name != "__init__.py")
        opening = room / "__init__.py"
        if not files and not opening.exists():
            continue
        name = room.relative_to(_ROOT).as_posix()
        yield f"{'##' if room == root else '###'} {code(name + '/')}"
        yield purpose(opening) if opening.exists() else ""
        yield (
            table(("file", "purpose"), ((code(file.name), purpose(file)) for file in files)) if files else ""
        )


def purpose(file: Path) -> str:
    """Give the first line of a module's docstring."""
    said = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return said.partition("\n")[0].replace("``", "`")
