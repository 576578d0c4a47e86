"""Nothing is lost, doubled, swapped or altered, in the log, at partners and in the view, whatever dies."""

from __future__ import annotations

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.support.rig import ROLES, Rig

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.system("dtc", "dlp")]

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


@pytest.mark.timeout(2400)
def test_the_audit_is_clean_after_everything_was_killed(
    rig: Callable[..., Rig], accepted: Callable[[dict[str, Any]], int]
) -> None:
    """Every role is killed with -9 again and again, Kafka once; the DLP does what a partner can do.

    The view ends as one that was built anew from the log, row by row.
    """
    dice = Random(SEED)
    broker = rig(EVENTS)
    broker.faults("dlp", seed=SEED, **MISBEHAVIOUR)
    victims = [*ROLES * KILLS, "kafka"]
    dice.shuffle(victims)
    step = EVENTS // (len(victims) + 3)
    for number, victim in enumerate(victims, start=1):
        due = step * number
        broker.wait_for(lambda status, due=due: accepted(status) >= due, 300)
        if number == len(victims) // 2:
            broker.faults("dlp", seed=SEED, down=OUTAGE, **MISBEHAVIOUR)
        broker.kill(victim)
    found = broker.settle(600)
    assert found["violations"] == []
    assert found["counts"]["accepted"] >= EVENTS * 0.95
    assert found["counts"]["delivered"] >= EVENTS
    assert broker.strays(120) == []
