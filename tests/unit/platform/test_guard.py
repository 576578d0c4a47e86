"""The broker refuses to run beside a distribution that owns one of its package names."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.guard import NAMES, foreign_owners


def test_nobody_else_owns_our_names_here() -> None:
    """The environment of the tests is clean, and editable installs of our own do not count."""
    assert foreign_owners() == {}


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_foreign_owner_is_named_and_refused(name: str, tmp_path: Path) -> None:
    """A package of the same name from another distribution ends the start with 78 and says what to do."""
    place = tmp_path / "site-packages"
    (place / name).mkdir(parents=True)
    (place / name / "__init__.py").write_text("raise ImportError('not ours')\n")
    info = place / "stranger-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,,\nstranger-1.0.dist-info/METADATA,,\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "corridor", "check"],
        env={**os.environ, "PYTHONPATH": str(place)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 78, done.stderr
    assert "name-collision" in done.stderr
    assert "pip uninstall stranger" in done.stderr
    assert "Traceback" not in done.stderr
