"""What operators watch is what happened: after a drain the metrics equal the ledgers, to the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.rig import Rig

pytestmark = [pytest.mark.kafka, pytest.mark.faults]

EVENTS = 600


@pytest.mark.timeout(400)
def test_after_a_drain_the_counters_equal_the_ledgers(rig: Callable[..., Rig]) -> None:
    """Accepted, delivered, dead and filtered of all roles are those of ledgers, receipts and reports."""
    broker = rig(EVENTS)
    found = broker.settle(200)
    assert found["violations"] == []
    counts = found["counts"]
    assert counts["effects"] == counts["delivered"] > 0
    expected = {
        "accepted": counts["logged"],
        "delivered": counts["effects"],
        "dead": counts["dead"],
        "filtered": counts["filtered"],
    }

    def counted(status: dict[str, Any]) -> dict[str, int]:
        figures = status["figures"]
        return {
            "accepted": sum(direction["accepted"] for direction in figures["directions"]),
            "delivered": sum(direction["delivered"] for direction in figures["directions"]),
            "dead": sum(figures["dead"].values()),
            "filtered": figures["filtered"],
        }

    before = broker.status
    broker.wait_for(lambda status: status is not before and status["figures"] is not None, 30)
    assert counted(broker.status) == expected
