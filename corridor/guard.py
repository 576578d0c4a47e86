"""The broker's packages have plain names; refuse to run when another distribution owns one of them too.

An installer overwrites the files of one distribution with another's without a word, so this is looked at on
every start. It imports nothing of ours: what it guards may be somebody else's.
"""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

NAMES: Final = ("connectors", "schemas", "streams", "corridor", "deploy")
OURS: Final = "corridor-broker"


def foreign_owners() -> dict[str, set[str]]:
    """Return which of our package names other installed distributions own, and which distributions those are.

    Looks for directories and modules beside the installed distributions first, which costs microseconds, and
    reads file lists only when there is one.
    """
    found: dict[str, set[str]] = {}
    suspects = [
        name
        for name in NAMES
        for place in map(Path, sys.path)
        if place.name in ("site-packages", "dist-packages")
        and ((place / name).is_dir() or (place / f"{name}.py").is_file())
    ]
    if not suspects:
        return found
    for distribution in distributions():
        owner = distribution.metadata["Name"]
        if owner == OURS:
            continue
        tops = {file.parts[0].removesuffix(".py") for file in distribution.files or ()}
        for name in tops.intersection(suspects):
            found.setdefault(name, set()).add(owner)
    return found


def require_own_names() -> None:
    """Exit with 78 when another distribution owns one of the package names."""
    owners = foreign_owners()
    if not owners:
        return
    for name, others in owners.items():
        print(
            f"name-collision: the package {name!r} belongs to {OURS} and to {', '.join(sorted(others))}. "
            f"Install {OURS} into a virtual environment of its own; "
            f"then, in this one: pip uninstall {' '.join(sorted(others))}",
            file=sys.stderr,
        )
    sys.exit(78)
