"""What the README says can be done, can be done."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = "\n".join(re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = re.findall(r"^(\S.*?)\s+#", BLOCKS, re.MULTILINE)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("corridor")])
def test_its_commands_run(command: str, tmp_path: Path) -> None:
    """Each `corridor` command of a code block ends well, as it stands."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR")}
    arguments = [sys.executable, "-m", "corridor", *command.split()[1:]]
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_its_make_targets_exist() -> None:
    """Every `make` target that it names is one, as make itself says."""
    targets = set(re.findall(r"\bmake ([a-z]+)", TEXT)) - {"and"}
    assert {"up", "test", "check", "bench", "soak"} <= targets
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, check=True)
