"""A later release of the broker: this tree with one optional field more in each schema that travels."""

from __future__ import annotations

import ast
import json
import shutil
from pathlib import Path

import corridor
from schemas import profiles, records
from tests.support.evolved import documented, extended, ignoring, later

_PACKAGES = ("connectors", "corridor", "deploy", "schemas", "streams")
_HERE = Path(corridor.__file__).parents[1]
_FIELD = "    laterField: str | None = None"


def later_release(directory: Path) -> Path:
    """Write the tree of a later release and return it; ``PYTHONPATH`` brings a process to it."""
    for package in _PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "container")
        shutil.copytree(_HERE / package, directory / package, ignore=ignored)
    _later_profiles(directory / Path(profiles.__file__).parent.relative_to(_HERE))
    _later_records(directory / Path(records.__file__).relative_to(_HERE))
    return directory


def _later_profiles(folder: Path) -> None:
    """A field more in each profile, and in what its mappings say that they do not read."""
    canonical = folder / profiles.CANONICAL
    for profile in sorted(folder.glob("*.v1")):
        for schema in profile.glob("*.avsc"):
            table = json.loads(schema.read_text())
            extended(table)
            schema.write_text(json.dumps(table))
    for profile in sorted(folder.glob("*.v1")):
        for mapping in profile.glob("*_corridor.yaml"):
            source = profile if mapping.stem == "to_corridor" else canonical
            table = json.loads(next(source.glob("*.avsc")).read_text())
            mapping.write_text(ignoring(mapping.read_text(), later(table)))


def _later_records(module: Path) -> None:
    """Another documentation and a field more in each of the broker's own records, and in their structs."""
    for schema in sorted((module.parent / "records").glob("*.avsc")):
        table = json.loads(schema.read_text())
        documented(table)
        extended(table)
        schema.write_text(json.dumps(table))
    text = module.read_text()
    lines = text.splitlines()
    for end in sorted(_last_fields(ast.parse(text)), reverse=True):
        lines.insert(end, _FIELD)
    module.write_text("\n".join(lines) + "\n")


def _last_fields(module: ast.Module) -> list[int]:
    """The line of the last field of each struct."""
    structs = [
        node
        for node in module.body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Struct" for base in node.bases)
    ]
    return [
        max(field.end_lineno or 0 for field in struct.body if isinstance(field, ast.AnnAssign))
        for struct in structs
    ]
