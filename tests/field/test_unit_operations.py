"""What a note says of one unit is of that unit alone, at its own field; nothing is lost silently."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.field import told

DTC, DLP, PORT, EVENT = "dtc.note.v1", "dlp.event.v1", "port.event.v1", "corridor.event.v1"
ONE, TWO, STRANGER = "QTZU9001211", "QTZU9001227", "QTZU9002990"
NOTE: dict[str, Any] = {
    "messageId": "86b214dd-6431-5bfe-ac83-e73efaca3890", "messageKind": "SNAPSHOT", "noteType": "SMGS",
    "noteNumber": "8000012", "contractDate": "12.01.2026", "noteVersion": 1, "departureStation": "707701",
    "destinationStation": "572107", "operationCode": "61", "operationStation": "707701",
    "operationTime": "12.01.2026 17:20", "timeBasis": "LOC", "trainIndex": "7077-829-5721",
    "customs": {"transitDeclNo": "D12", "status": "RELEASED"},
    "wagons": [
        {"wagonNumber": "94800125", "containers": [{"containerNo": number} for number in (ONE, TWO)]}
    ],
}  # fmt: skip


def own(
    unit: str, code: str, station: str | None = "707701", time: str = "12.01.2026 17:00"
) -> dict[str, Any]:
    """The last operation of one unit."""
    return {"unit": unit, "operationCode": code, "operationStation": station, "operationTime": time}


@pytest.mark.parametrize(("code", "event"), [("62", "CUSI"), ("20", "LOAD"), ("51", "RSEA")])
def test_the_state_and_the_train_of_the_note_are_not_those_of_a_unit_left_behind(
    code: str, event: str
) -> None:
    """The declaration is released for the note at 17:20; the unit was held at 17:00, and took no train."""
    given = told(DTC, DLP, NOTE | {"unitOperations": [own(TWO, code)]})
    of_two = [one for one in given.out if one.get("equipmentReference") == TWO]
    assert [one["eventCode"] for one in of_two] == [event]
    for one in of_two:
        assert "status" not in one.get("customs", {})
        assert "7077-829-5721" not in {ref["value"] for ref in one["references"]}
        assert one.get("railDepartureID") is None
    (of_one,) = [one for one in given.out if one.get("equipmentReference") == ONE]
    assert of_one["customs"] == {"declarationNo": "D12", "status": "RELEASED"}


def lost(given: Any) -> dict[str, str]:  # noqa: ANN401 - what the harness gives
    """What is lost of the operations of single units: pointer and value."""
    losses = [(one["pointer"], one["value"]) for one in given.of("loss")]
    return {pointer: value for pointer, value in losses if pointer.startswith("/unitOperations")}


@pytest.mark.parametrize("target", [DLP, PORT])
@pytest.mark.parametrize(
    ("unit", "code"), [(STRANGER, "72"), (ONE, "31"), (ONE, "34"), (ONE, "19"), (ONE, "80"), (ONE, "63")]
)
def test_what_is_told_of_no_unit_is_a_loss_field_by_field(target: str, unit: str, code: str) -> None:
    """One that is not on the note, or an operation that no single unit has."""
    given = told(DTC, target, NOTE | {"unitOperations": [own(unit, code, "663404", "17.01.2026 11:45")]})
    assert lost(given) == {
        "/unitOperations/0/unit": unit, "/unitOperations/0/operationCode": code,
        "/unitOperations/0/operationStation": "663404", "/unitOperations/0/operationTime": "17.01.2026 11:45",
    }  # fmt: skip
    assert given.rules("/unitOperations/0/unit") == ({"unit-not-in-note"} if unit == STRANGER else set())


def test_two_units_of_one_word_are_both_lost() -> None:
    """And one whose operation is told loses nothing."""
    three = [own(ONE, "31"), own(TWO, "31"), own("94800125", "20")]
    given = lost(told(DTC, DLP, NOTE | {"unitOperations": three}))
    assert {pointer for pointer in given if pointer.endswith("/unit")} == {
        "/unitOperations/0/unit", "/unitOperations/1/unit"
    }  # fmt: skip
    assert lost(told(DTC, DLP, NOTE | {"unitOperations": [own(TWO, "62")]})) == {}


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"time": "01.01.2026 10:00"}, "operation-before-contract"),
        ({"time": "01.01.2027 10:00"}, "in-the-future"),
        ({"code": "72", "station": "560203"}, "no-sea-there"),
        ({"station": "699986"}, "station-unknown"),
    ],
)
def test_what_is_odd_in_the_operation_of_a_unit_stands_at_its_own_field(
    changes: dict[str, str], rule: str
) -> None:
    """Not at the fields of the note, in which nothing is odd. 560203 are the goods of Tbilisi."""
    given = told(DTC, EVENT, NOTE | {"unitOperations": [own(TWO, **{"code": "62"} | changes)]})
    places = {one["pointer"] for one in given.of("finding") if one["rule"] == rule}
    assert places
    assert {place.rsplit("/", 1)[0] for place in places} == {"/unitOperations/0"}
