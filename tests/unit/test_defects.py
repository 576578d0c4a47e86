"""Builds with one deliberate defect each fail the test that guards against it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from schemas import broken
from tests.support.defects import DEFECTS, REPORT
from tests.support.guarded import GUARDED

ROOT = Path(__file__).parents[2]
OF_THE_PLANT = {"", "AttributeError", "NameError", "ImportError", "TypeError", "KeyError"}
"""How a test ends that does not notice, or that fails because the defect does not fit the code any more."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """By defect how its test ended with it, once for each of its cases; all of them in one process."""
    report = tmp_path_factory.mktemp("defects") / "report.json"
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--tb=no", "-p", "tests.support.defects")
    command = [sys.executable, "-m", "pytest", *options, *(one.test for one in DEFECTS.values())]
    environment = {**os.environ, REPORT: str(report)}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = json.loads(report.read_text())
    return found


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_broken_build_fails_the_test_that_guards_it(defect: str, ended: dict[str, list[str]]) -> None:
    """It is found out; that the test passes without the defect is for the test itself to show."""
    assert set(ended[defect]) - OF_THE_PLANT, f"{DEFECTS[defect].test} ends with {ended[defect]}"


def test_each_defect_has_a_test_of_its_own() -> None:
    """One test fails for one reason."""
    tests = [one.test for one in DEFECTS.values()]
    assert len(set(tests)) == len(tests)


def test_the_table_of_broken_builds_is_whole() -> None:
    """Each of either kind has its row, with its guarantee and the test that notices it."""
    text = (ROOT / "docs/architecture.md").read_text().partition("## Broken builds")[2]
    found = dict(re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", text, re.MULTILINE))
    assert found.keys() == DEFECTS.keys() | broken.DEFECTS
    for name, one in DEFECTS.items():
        file, _, test = one.test.partition("::")
        assert found[name] == f"{one.guarantee} | `{file}`, `{test}`"
    for name, file in GUARDED.items():
        assert file in found[name]
