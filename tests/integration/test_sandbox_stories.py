"""The whole sandbox at once: each of its stories crosses the broker, and a storm shows in the figures."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from corridor.sandbox.authority import FileLog
from corridor.sandbox.sea import Voyage, rail_voyage, truck_voyage
from corridor.sandbox.settings import BORDER, PERMIT
from corridor.sandbox.shipments import START, Train
from corridor.sandbox.trucks import OURS, POSTS, Truck, aboard
from corridor.sandbox.weather import storms
from corridor.supervisor.state import EVERYONE, Ports
from tests.support.up import Status, Up, free_base, ready

pytestmark = pytest.mark.kafka

SPEED = "2"
"""Simulated hours a second: the first storm is over and its ferries are in Alat after 75 s."""
CRAWL = "0.02"
"""The storm lasts for as long as it is looked at, however busy the machine is."""
PAGE = (Path(__file__).parents[2] / "docs/sandbox.md").read_text("utf-8")
COMMANDS = [
    line.partition(" #")[0].split()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]
TRAINS = [Train(0, index) for index in range(30)]
TRAIN, STORM = TRAINS[0], next(storms(0, TRAINS[-1].start))
FERRY = rail_voyage(TRAIN)
HELD = [voyage for voyage in map(truck_voyage, TRAINS) if voyage.storm == STORM]
HOUR = 3_600


class View:
    """The read API of the view, asked while everything runs."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def shown(self, reference: str) -> dict[str, Any]:
        """What is known of something; empty for nothing."""
        answer = self._client.get(f"/shipments/{reference}")
        return dict(answer.json()) if answer.status_code == 200 else {}

    def steps(self, reference: str, leg: str) -> set[str]:
        """Codes of all steps of a leg that happened."""
        legs = self.shown(reference).get("timeline", {}).get("legs", ())
        found = [one["milestones"] for one in legs if one["leg"] == leg]
        return {step["code"] for steps in found for step in steps if step.get("first")}

    def figure(self, name: str, leg: str = "caspian") -> dict[str, Any]:
        """One figure of a leg."""
        (found,) = self._client.get("/kpis", params={"kpi": name, "leg": leg}).json()
        return dict(found)

    def arrived(self, voyage: Voyage) -> bool:
        """Whether a vessel is there."""
        return "TRANSPORT/ARRI" in self.steps(f"VESSEL:{voyage.imo}/{voyage.number}", "caspian")


@pytest.fixture
def base() -> int:
    """First port of this run."""
    return free_base()


@pytest.fixture
def up(base: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Up]]:
    """Give a function that starts everything, or lets it go on, at a speed."""
    started: list[Up] = []

    def start(speed: str) -> Up:
        monkeypatch.setenv("CORRIDOR_SANDBOX_SPEED", speed)
        started.append(Up(tmp_path / "state", base))
        return started[-1]

    yield start
    if started[-1].process.poll() is None:
        started[-1].end()


@pytest.fixture
def view(base: int) -> Iterator[View]:
    """The view of this run."""
    address = f"http://127.0.0.1:{Ports(base).roles['view']}"
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield View(client)


def run(command: list[str], state: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the page against this run."""
    environment = {**os.environ, "CORRIDOR_CONFIG": str(state / "corridor.toml")}
    return subprocess.run(
        [sys.executable, "-m", *command], env=environment, capture_output=True, text=True, check=False
    )


def answered(command: list[str], state: Path, _: Status) -> bool:
    """Whether a command of the page finds something by now."""
    return run(command, state).returncode == 0


def activities(ledgers: Path, truck: Truck) -> list[tuple[str, str]]:
    """What the authority that issued a truck's permit was told of its use."""
    log = FileLog(ledgers / f"{truck.home}.jsonl", truck.home)
    log.close()
    (permit,) = (
        permit
        for permit in log.state.permits.values()
        if permit.created.producer == truck.home and f'"{truck.waybill}"' in permit.created.canonical
    )
    return [(activity.type, activity.details) for activity in permit.activities]


def simulated(state: Path) -> datetime:
    """The time in the sandbox, as it keeps it for its next start."""
    clock = state / "sandbox" / "clock"
    return datetime.fromisoformat(clock.read_text()) if clock.exists() else START


def test_every_story_crosses(up: Callable[[str], Up], view: View, tmp_path: Path) -> None:
    """A train crosses the sea, a truck uses its permit, a lot enters BTC, a storm holds ferries.

    The commands of the sandbox's page answer in the storm; afterwards no chain is out of step.
    """
    state = tmp_path / "state"
    running = up(SPEED)
    early = running.until(lambda _: simulated(state) > STORM.begins + timedelta(hours=8))  # a queue was told
    (sandbox,) = (process["pid"] for process in early["processes"] if process["name"] == "sandbox")
    os.kill(sandbox, signal.SIGKILL)  # at once: the storm is over in ten seconds
    assert running.end() == 0
    assert simulated(state) < STORM.ends
    running = up(CRAWL)
    stormy = running.until(lambda status: any(port["waiting"] for port in status["outlook"]["ports"]))
    assert [port["code"] for port in stormy["outlook"]["ports"]] == ["KZKUR"]
    held = [command for command in COMMANDS if "--held" in command]
    for command in sorted(held, key=lambda words: "VESSEL" not in words):  # the view is behind the log
        running.until(partial(answered, command, state))
    assert running.end() == 0
    running = up(SPEED)
    running.until(ready)
    for command in [each for each in COMMANDS if each not in held]:
        done = run(command, state)
        allowed = {0, 1} if command[1:] == ["permit", "check"] else {0}  # 1: an event is on its way
        assert done.returncode in allowed, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    running.until(lambda _: all(map(view.arrived, [FERRY, *HELD])))
    after = running.until(lambda status: bool(status["figures"] and status["outlook"]["permits"]))

    note = TRAIN.shipments()[0].number
    running.until(lambda _: {"EQUIPMENT/LOAD", "EQUIPMENT/DISC"} <= view.steps(note, "caspian"))
    assert "BULK/INJE" in view.steps("SAN-T2-001", "pipeline")
    assert view.shown("SAN-T2-001")["timeline"]["state"]["status"] == "delivered"

    assert {system["name"] for system in after["figures"]["systems"]} == {*EVERYONE, BORDER}
    assert after["outlook"]["permits"]["used"] > 0
    assert view.figure("berth-wait")["most"] > (STORM.ends - STORM.begins).total_seconds() / HOUR / 2
    late = max((voyage.sails - voyage.planned).total_seconds() / HOUR for voyage in HELD)
    assert view.figure("schedule-deviation")["most"] == pytest.approx(late, abs=0.01)
    assert view.figure("eta-error-24h")["most"] > (STORM.ends - STORM.expected).total_seconds() / HOUR
    assert view.figure("dwell-kuryk")["most"] >= (FERRY.loading - FERRY.due).total_seconds() / HOUR
    running.until(lambda _: view.shown("KZKUR")["timeline"]["state"]["status"] == "open")

    foreign = [truck for number in range(12) for truck in aboard(0, number) if truck.abroad == OURS]
    assert "EQUIPMENT/LOAD" in view.steps("".join(filter(str.isalnum, foreign[0].plate)), "caspian")
    running.until(lambda status: not any(status["outlook"]["permits"]["chains"].values()))
    assert running.end() == 0
    for truck in foreign[:3]:
        told = activities(state / "sandbox" / PERMIT, truck)
        assert told == list(zip(("ENTRANCE", "EXIT"), POSTS[OURS], strict=True))
