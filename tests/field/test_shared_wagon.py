"""A wagon that carries containers of two notes is aboard for both of them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from tests.support.field import told

VESSEL, EVENT = "vessel.event.v1", "corridor.event.v1"
WAGON, BOX = "94800125", "CSQU3054383"
ONE, TWO, FIRST = (f"707701/2026-01-12/000000{number}" for number in (1, 2, 3))


def listed(*lines: dict[str, Any], number: int = 1) -> dict[str, Any]:
    """A manifest of a ferry."""
    return {
        "eventID": "c7490b03-16ab-5547-93a2-4e732c8e9fa8", "eventVersion": number, "eventType": "VESSEL",
        "eventCode": "MANI", "eventClassifierCode": "ACT", "eventDateTime": "2026-01-18T11:00:00Z",
        "eventCreatedDateTime": f"2026-01-18T1{number}:00:00Z", "UNLocationCode": "KZKUR",
        "vesselIMONumber": "9074729", "voyageNumber": "KA26017", "manifest": list(lines),
    }  # fmt: skip


def wagon(key: str | None, **more: str) -> dict[str, Any]:
    """A line of it: the wagon, under a note."""
    return {"kind": "WAGON", "number": WAGON} | ({"noteKey": key} if key else {}) | more


def notes(given: Any) -> list[str]:  # noqa: ANN401 - what the harness gives
    """Notes under which the wagon is aboard in the end."""
    last = {one["envelope"]["event_id"]: one for one in given.out if one["why"].get("code") == "VESSEL/LIST"}
    return sorted(
        ref["value"] for one in last.values() if not one["correction"]["retracted"]
        for ref in one["what"]["references"] if ref["type"] == "SMGS"
    )  # fmt: skip


def test_a_wagon_under_two_notes_is_told_to_both() -> None:
    """It is one wagon at one place: nothing is odd. Under one note twice it is."""
    both = told(VESSEL, EVENT, listed(wagon(ONE), wagon(TWO)))
    assert (notes(both), both.of("finding")) == ([ONE, TWO], [])
    assert both.out[0]["what"]["total_units"] == 1
    twice = told(VESSEL, EVENT, listed(wagon(ONE), wagon(ONE)))
    assert notes(twice) == [ONE]
    assert twice.rules("/manifest/1/number") == {"wagon-twice"}
    reissued = told(VESSEL, EVENT, listed(wagon(ONE), wagon(TWO, originalNoteKey=ONE)))
    assert reissued.rules("/manifest/1/number") == {"wagon-twice"}


def test_a_container_is_of_one_note() -> None:
    """Under two it is at two places."""
    lines = [{"kind": "CONTAINER", "number": BOX, "noteKey": key} for key in (ONE, TWO)]
    assert told(VESSEL, EVENT, listed(*lines)).rules("/manifest/1/number") == {"container-twice"}


def test_the_note_that_a_newer_manifest_leaves_out_is_told_that() -> None:
    """And the one that comes is told; in every order of the versions."""
    versions = [
        listed(wagon(ONE)), listed(wagon(ONE), wagon(TWO), number=2), listed(wagon(TWO), number=3)
    ]  # fmt: skip
    for order in permutations(versions):
        assert notes(told(VESSEL, EVENT, *order)) == [TWO]
