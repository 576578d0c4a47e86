"""Builds with one deliberate defect each fail the test that guards against it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.guarded import GUARDED

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("defect", GUARDED)
def test_a_broken_build_fails_the_test_that_guards_it(defect: str) -> None:
    """With the defect planted the test fails; that it passes without is for the test itself to show."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        "--tb=no",
        GUARDED[defect],
    ]
    environment = {**os.environ, "CORRIDOR_TESTING": "1", "CORRIDOR_BROKEN": defect}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout
