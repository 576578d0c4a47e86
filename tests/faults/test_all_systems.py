"""All systems at once under fire: dtc, dlp, port, vessel, oil, e-Permit authorities, a border post."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from corridor.sandbox import ledger
from corridor.sandbox.settings import BORDER
from corridor.supervisor.state import EVERYONE
from tests.support.rig import ROLES, Rig

SOAK = bool(os.environ.get("CORRIDOR_SOAK"))
EVENTS = int(os.environ.get("CORRIDOR_ALL_EVENTS", "50000" if SOAK else "2400"))
"""That all systems send."""
SEED = int(os.environ.get("CORRIDOR_FAULT_SEED", "7"))
KILLS = 3 if SOAK else 1
"""Of each role."""
MISBEHAVIOUR: dict[str, Any] = {
    "errors": {"500": 0.03, "429": 0.01, "503": 0.01},
    "retry_after": 1,
    "timeouts": 0.005,
    "hold": 1.0,
    "lost": 0.03,
    "latency": 0.002,
}
OUTAGE = 30.0 if SOAK else 5.0

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.faults,
    pytest.mark.timeout(2400 if SOAK else 1200),
    pytest.mark.system("dtc", "dlp", "port", "vessel", "oil", "epermit"),
]


def moved(status: dict[str, Any]) -> int:
    """How many messages came in or went out so far."""
    systems = (status.get("figures") or {"systems": ()})["systems"]
    return sum(system["accepted"] + system["delivered"] for system in systems)


def test_the_audit_is_clean_with_all_systems_at_once(rig: Callable[..., Rig]) -> None:
    """Roles are killed with -9, Kafka once, every partner misbehaves and is down in turn: no promise breaks.

    Permits, their uses and revocations are in it, and entries that a border post tells over the corridor.
    """
    dice = Random(SEED)
    broker = rig(EVENTS, players=EVERYONE)
    for name in EVERYONE:
        broker.faults(name, seed=SEED, **MISBEHAVIOUR)
    victims = [*ROLES * KILLS, "kafka"]
    dice.shuffle(victims)
    step = 2 * EVENTS // (len(victims) + 1)
    for number, victim in enumerate(victims):
        due = step * (number + 1)
        broker.wait_for(lambda status, due=due: moved(status) >= due, 600)
        for name in EVERYONE[number :: len(victims)]:
            broker.faults(name, seed=SEED, down=OUTAGE, **MISBEHAVIOUR)
        broker.kill(victim)
    found = broker.settle(1200 if SOAK else 200)
    counts = found["counts"]
    assert found["violations"] == []
    assert counts["accepted"] + counts["permit events"] >= EVENTS * 0.9
    assert counts["permit events"] > EVENTS // 12
    assert broker.stats("permit")["faults"]
    reports = ledger.read(broker.directory / "sandbox" / BORDER / ledger.FILE)
    assert any(isinstance(entry, ledger.Answered) and entry.status == 202 for entry in reports)
