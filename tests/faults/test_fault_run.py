"""Nothing is lost, doubled, swapped or altered, whatever dies and whoever misbehaves."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from deploy.ports import free_port
from tests.support.rig import ROLES, Rig

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

EVENTS = int(os.environ.get("CORRIDOR_FAULT_EVENTS", "20000"))
SEED = int(os.environ.get("CORRIDOR_FAULT_SEED", "7"))
KILLS = int(os.environ.get("CORRIDOR_FAULT_KILLS", "5"))
"""Of each role."""
MISBEHAVIOUR: dict[str, Any] = {
    "errors": {"500": 0.03, "429": 0.01, "503": 0.01},
    "retry_after": 1,
    "timeouts": 0.005,
    "hold": 1.0,
    "lost": 0.03,
    "latency": 0.002,
}
OUTAGE = 30.0
MakeRig = Callable[..., Rig]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[MakeRig]:
    """Give a function that starts a broker with a number of events at full speed."""
    rigs: list[Rig] = []

    def make(events: int, **environment: str) -> Rig:
        made = Rig(
            tmp_path / "state",
            _free_base(),
            {
                "CORRIDOR_SANDBOX_RATE": "0",
                "CORRIDOR_SANDBOX_LIMIT": str(events // 2),
                "CORRIDOR_SANDBOX_SEED": str(SEED),
                "CORRIDOR_SANDBOX_BATCH": "20",
                "CORRIDOR_SANDBOX_LANES": "8",
                **environment,
            },
        )
        rigs.append(made)
        made.start()
        return made

    yield make
    for each in rigs:
        each.stop()


def _free_base() -> int:
    """First of a row of ports that are likely to be free."""
    return 20000 + free_port() % 2000 * 20


def _accepted(status: dict[str, Any]) -> int:
    figures = status.get("figures") or {"directions": ()}
    return sum(direction["accepted"] for direction in figures["directions"])


@pytest.mark.timeout(1500)
def test_the_audit_is_clean_after_everything_was_killed(rig: MakeRig) -> None:
    """Every role is killed with -9 again and again, Kafka once; the DLP does what a partner can do."""
    dice = Random(SEED)
    broker = rig(EVENTS)
    broker.faults("dlp", seed=SEED, **MISBEHAVIOUR)
    victims = [*ROLES * KILLS, "kafka"]
    dice.shuffle(victims)
    step = EVENTS // (len(victims) + 3)
    for number, victim in enumerate(victims, start=1):
        due = step * number
        broker.wait_for(lambda status, due=due: _accepted(status) >= due, 300)
        if number == len(victims) // 2:
            broker.faults("dlp", seed=SEED, down=OUTAGE, **MISBEHAVIOUR)
        broker.kill(victim)
    found = broker.settle(600)
    assert found["violations"] == []
    assert found["counts"]["accepted"] >= EVENTS * 0.95
    assert found["counts"]["delivered"] >= EVENTS
