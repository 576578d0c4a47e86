"""A note has room for the oil of one lot: of a second one mass and act are named as lost."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.support.field import told
from tests.support.receiver import merged

DTC, DLP, OIL = "dtc.note.v1", "dlp.event.v1", "oil.lot.v1"
KEY = "549702/2026-02-02/0780107"
ODD = "not-alone-in-document"


def lot(number: int, tonnes: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON values
    """A lot loaded on its own wagon under its own act, one hour after the one before."""
    return {
        "eventId": f"22da50d7-c42e-552c-8252-9cdbec0a8e{number:02}", "eventVersion": 1, "lot": f"S{number}",
        "lotEvent": "TANKS_LOADED", "classifier": "ACT", "eventTime": f"2026-02-03T0{number}:10:00Z",
        "recordedAt": f"2026-02-03T0{number}:10:00Z", "UNLocationCode": "AZQDG", "noteKey": KEY,
        "tankWagons": ["75003111" if number == 1 else "74123456"], "actNumber": f"A{number}",
        "quantities": [{"kind": "NET", "quantity": tonnes, "unit": "TNE"}],
    } | more  # fmt: skip


FIRST, SECOND = lot(1, "60"), lot(2, "61")


def oil(given: Any) -> tuple[Decimal, str | None]:  # noqa: ANN401 - what the harness gives
    """Mass and act that the railway has in the end."""
    held = merged(given.out)["oil"]
    return held["netTonnes"], held.get("actNumber")


@pytest.mark.parametrize("tonnes", ["61", "60"])
def test_the_second_lot_does_not_take_the_place_of_the_first(tonnes: str) -> None:
    """Under each of the acts is what it says; nobody adds them up, nobody overwrites one."""
    said = told(OIL, DTC, FIRST, lot(2, tonnes))
    assert [one.get("oil") for one in said.out] == [{"netTonnes": "60", "actNumber": "A1"}, None]
    assert [one["wagons"][0]["wagonNumber"] for one in said.out] == ["75003111", "74123456"]
    lost = {(one["pointer"], one["value"]) for one in said.of("loss") if one["line"] == 2}
    assert {("/quantities/0/quantity", tonnes), ("/actNumber", "A2")} <= lost
    assert [(one["line"], one["rule"], one["value"]) for one in said.of("finding")] == [(2, ODD, "S1")]


def test_the_note_is_the_same_in_every_order() -> None:
    """The oil is that of the lot that was loaded first, of three; who comes in between is told that."""
    three = [FIRST, SECOND, lot(3, "62", tankWagons=["75003129"])]
    for order in permutations(three):
        said = told(OIL, DTC, *order)
        assert oil(said) == (60, "A1")
        assert len(merged(said.out)["wagons"]) == 3
        assert [one["line"] for one in said.of("finding") if one["rule"] == ODD] == [2, 3]


def test_the_second_has_the_place_when_the_first_is_taken_back() -> None:
    """What did not happen has no oil."""
    gone = FIRST | {"eventVersion": 2, "isRetracted": True, "recordedAt": "2026-02-03T05:10:00Z"}
    said = told(OIL, DTC, FIRST, SECOND, gone)
    assert oil(said) == (61, "A2")


def test_one_lot_may_be_told_of_again() -> None:
    """Corrected, and unloaded at the other end: it is the same oil."""
    more = {"eventVersion": 2, "recordedAt": "2026-02-03T04:10:00Z"}
    unloaded = lot(1, "59.9", eventId="22da50d7-c42e-552c-8252-9cdbec0a8eff", lotEvent="TANKS_UNLOADED",
                   UNLocationCode="GEBUS", eventTime="2026-02-06T10:10:00Z")  # fmt: skip
    said = told(OIL, DTC, FIRST, lot(1, "60.5", **more), unloaded)
    assert oil(said) == (Decimal("59.9"), "A1")
    assert [one for one in said.of("finding") if one["rule"] == ODD] == []


@pytest.mark.parametrize("late", [False, True])
def test_a_corrected_mass_of_the_second_is_lost_by_name(late: bool) -> None:
    """It changes nothing of the note: the sender is told so, also where something happened since."""
    unloaded = lot(1, "60", eventId="22da50d7-c42e-552c-8252-9cdbec0a8eff", lotEvent="TANKS_UNLOADED",
                   UNLocationCode="GEBUS", eventTime="2026-02-06T10:10:00Z")  # fmt: skip
    second = lot(2, "62", eventVersion=2, recordedAt="2026-02-03T04:10:00Z")
    said = told(OIL, DTC, FIRST, SECOND, *([unloaded] if late else []), second)
    line = 4 if late else 3
    lost = {(one["pointer"], one["value"]) for one in said.of("loss") if one["line"] == line}
    assert lost == {
        ("/lot", "S2"), ("/quantities/0/quantity", "62"), ("/quantities/0/unit", "TNE"), ("/actNumber", "A2")
    }  # fmt: skip
    assert oil(said) == (60, "A1")


def test_lots_that_the_dlp_tells_of_likewise() -> None:
    """BULK events with numbers of their lots."""

    def load(number: int) -> dict[str, Any]:
        return {
            "eventID": f"2773a58b-276b-54e3-b9a1-da695e55e1{number:02}", "eventVersion": 1,
            "eventType": "BULK", "eventCode": "LOAD", "eventClassifierCode": "ACT",
            "eventDateTime": f"2026-02-03T0{number}:10:00Z", "modeOfTransport": "RAIL",
            "eventCreatedDateTime": f"2026-02-03T0{number}:10:00Z",
            "references": [{"type": "SMGS", "value": KEY}], "location": {"UNLocationCode": "AZQDG"},
            "cargo": [{"hsCode": "270900", "quantity": f"6{number}", "unitCode": "TNE"}],
            "bulk": {"lotNumber": f"S{number}", "railCarReferences": [f"7500311{number}"]},
        }  # fmt: skip

    said = told(DLP, DTC, load(1), load(2))
    assert oil(said) == (61, None)
    assert ("/cargo/0/quantity", "62") in {(one["pointer"], one["value"]) for one in said.of("loss")}
    assert [one["line"] for one in said.of("finding") if one["rule"] == ODD] == [2]
