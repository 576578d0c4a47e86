"""The suite would notice: builds with one deliberate defect fail the audit, or the test that guards it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from schemas.broken import DEFECTS
from tests.support.guarded import GUARDED
from tests.support.rig import Rig

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.broken_build]

EVENTS = 3000
KILLS = 6
RATE = "25"
"""Messages a second of each platform: they must flow for as long as anybody is killed."""
SETTLE = 60.0
"""Seconds after which what is still on its way counts as lost."""
Count = Callable[[dict[str, Any]], int]
Provoke = Callable[[Rig, Count], None]


def killing(role: str) -> Provoke:
    """Kill a role again and again while messages flow."""

    def provoke(broker: Rig, accepted: Count) -> None:
        for number in range(1, KILLS + 1):
            due = EVENTS * number // (KILLS + 2)
            broker.wait_for(lambda status, due=due: accepted(status) >= due, 300)
            broker.kill(role)

    return provoke


def acknowledging_alone(broker: Rig, accepted: Count) -> None:
    """Kill the gateway while Kafka stands still: what it took in by itself is gone."""
    broker.wait_for(lambda status: accepted(status) > EVENTS // 4, 300)
    with broker.frozen("kafka"):
        before = broker.stats("dtc")["accepted"]
        broker.wait_until(lambda: broker.stats("dtc")["accepted"] > before, 60)
        broker.kill("gateway")


def losing_answers(broker: Rig, accepted: Count) -> None:  # noqa: ARG001
    """Let the DLP apply messages and answer nothing."""
    broker.faults("dlp", lost=0.1, seed=1)


def waiting(broker: Rig, accepted: Count) -> None:
    """Let messages flow."""
    broker.wait_for(lambda status: accepted(status) > EVENTS // 2, 300)


CASES: dict[str, tuple[Provoke, set[str]]] = {
    "ack-before-produce": (acknowledging_alone, {"lost-accepted"}),
    "raise-in-agent": (waiting, {"replay-differs"}),
    "new-key-on-retry": (losing_answers, {"doubled-effect", "phantom-effect"}),
    "state-outside-transaction": (killing("stream"), {"replay-differs"}),
}
"""Defect to what brings it out, and the violations it must be known by."""


def test_every_defect_has_a_case() -> None:
    """No switch for a defect is without a proof that it would be noticed."""
    assert set(CASES) | GUARDED.keys() == DEFECTS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("defect", CASES)
def test_a_broken_build_fails_the_audit(defect: str, rig: Callable[..., Rig], accepted: Count) -> None:
    """With the defect planted, the audit names a violation that belongs to it."""
    provoke, kinds = CASES[defect]
    broker = rig(EVENTS, CORRIDOR_TESTING="1", CORRIDOR_BROKEN=defect, CORRIDOR_SANDBOX_RATE=RATE)
    provoke(broker, accepted)
    found = broker.settle(SETTLE)
    assert kinds & {violation["kind"] for violation in found["violations"]}
