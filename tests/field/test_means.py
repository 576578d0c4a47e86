"""What is told of trains, of estimates and of what is not known; and what replaces what."""

from itertools import permutations

import pytest

from tests.support.field import case, messages, told

DLP, DTC, CORRIDOR = "dlp.event.v1", "dtc.note.v1", "corridor.event.v1"


def test_a_retraction_needs_no_higher_version() -> None:
    """The same event with ``isRetracted`` at the same version: the note takes it back."""
    said = case("130-retraction-same-version-ignored", DLP, DTC)
    assert [note["noteVersion"] for note in said.out] == [1, 2]
    assert said.out[-1].get("operationCode") != "20"
    assert said.of("filtered") == []


def test_a_later_update_overrides() -> None:
    """No ``eventVersion``, a later ``eventUpdatedDateTime`` (DCSA T&T 3.0): 12:45 at Aktau, UTC+5."""
    said = case("132-override-by-updated-time-ignored", DLP, DTC)
    assert said.out[-1]["operationTime"] == "17.01.2026 12:45"
    assert said.of("filtered") == []


@pytest.mark.parametrize(
    "name", ["130-retraction-same-version-ignored", "132-override-by-updated-time-ignored"]
)
def test_order_of_arrival_decides_nothing(name: str) -> None:
    """The last version of the corridor event says the same, whichever message came first."""
    ends = {
        tuple((event["correction"].get("retracted"), event["when"]["occurred_at"]) for event in said.out[-1:])
        for said in (told(DLP, CORRIDOR, *order) for order in permutations(messages(name)))
    }
    assert len(ends) == 1
