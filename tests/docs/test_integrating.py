"""The page for integrators, as one of them follows it: in a directory of his own, without the code."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas import profiles

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "integrating.md").read_text("utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines()]
SETTINGS = "\n".join(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL))
SECRET = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

pytestmark = pytest.mark.system("dlp")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The integrator's directory: his profile, his settings, some messages."""
    made = tmp_path_factory.mktemp("integrator")
    shutil.copytree(DOCS / "integrating", made / "profiles")
    (made / "corridor.toml").write_text(SETTINGS, "utf-8")
    moves = sorted((made / "profiles" / "depot.move.v1" / "examples").glob("*.json"))
    (made / "moves.jsonl").write_text("".join(file.read_text("utf-8") for file in moves), "utf-8")
    told: Any = profiles.load("dlp.event.v1").examples["loaded-on-wagon"]
    (made / "events.jsonl").write_text(json.dumps(told) + "\n", "utf-8")
    return made


def run(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of the page; of the shell it needs `<` alone."""
    words, _, given = command.partition(" < ")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR")}
    environment |= {"DEPOT_WEBHOOK_SECRET": SECRET, "DEPOT_DELIVER_SECRET": SECRET}
    return subprocess.run(  # noqa: PLW1510 - the test looks at the code
        [sys.executable, "-m", "corridor", *shlex.split(words)[1:]], cwd=place, env=environment,
        input=(place / given).read_text("utf-8") if given else "", capture_output=True, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_its_commands_run(command: str, place: Path) -> None:
    """Each ends well as it stands, and checks find nothing."""
    done = run(command, place)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_move_is_what_the_depot_did(place: Path) -> None:
    """14:05 in Almaty is 09:05 UTC; ON_WAGON is LOAD on that wagon; the crane is named as lost."""
    done = run(next(one for one in COMMANDS if " depot.move.v1 dlp.event.v1 " in one), place)
    entered, loaded = map(json.loads, done.stdout.splitlines())
    assert (entered["eventCode"], entered["eventDateTime"]) == ("GTIN", "2026-11-30T05:40:00Z")
    assert (loaded["eventCode"], loaded["eventDateTime"]) == ("LOAD", "2026-11-30T09:05:00Z")
    assert (loaded["equipmentReference"], loaded["railCarReference"]) == ("MSKU6011672", "94821568")
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(one["pointer"], one["value"]) for one in said if one["kind"] == "loss"] == [("/crane", "RS-2")]


def test_an_event_is_told_in_the_words_of_the_depot(place: Path) -> None:
    """A container loaded on a wagon at 14:00 UTC, which is 18:00 in Alat."""
    done = run(next(one for one in COMMANDS if " dlp.event.v1 depot.move.v1 " in one), place)
    (move,) = map(json.loads, done.stdout.splitlines())
    told: Any = profiles.load("dlp.event.v1").examples["loaded-on-wagon"]
    assert (move["move"], move["container"], move["wagon"]) == (
        "ON_WAGON", told["equipmentReference"], told["railCarReference"],
    )  # fmt: skip
    assert (move["place"], move["at"]) == ("AZALA", "18.01.2026 18:00")
