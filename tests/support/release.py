"""A later release of the broker: this tree with one optional field more in each schema that travels."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import corridor
from schemas import profiles
from tests.support.evolved import extended, ignoring, later

_PACKAGES = ("connectors", "corridor", "deploy", "schemas", "streams")
_HERE = Path(corridor.__file__).parents[1]


def later_release(directory: Path) -> Path:
    """Write the tree of a later release and return it; ``PYTHONPATH`` brings a process to it."""
    for package in _PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "container")
        shutil.copytree(_HERE / package, directory / package, ignore=ignored)
    folder = directory / Path(profiles.__file__).parent.relative_to(_HERE)
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
    return directory
