"""DTC note → corridor → DLP event → corridor → DTC note: what ``docs/contract.md`` claims is back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.crossing import C1, C2, W1, W2, Crossing, note
from tests.support.receiver import merged

pytestmark = pytest.mark.system("dtc", "dlp")


def back(*notes: dict[str, Any]) -> list[dict[str, Any]]:
    """What a DTC that knows nothing of the notes is told by the events that they became."""
    there, here = Crossing(), Crossing()
    told = []
    for one in notes:
        for event in there.dtc(one).dlp:
            told += here.dlp({"eventVersion": 1} | event).dtc
    return told


def operations(messages: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """Operation, station, time and the units it is told of."""
    return {
        (
            one.get("operationCode"),
            one.get("operationStation"),
            one.get("operationTime"),
            tuple(unit["unit"] for unit in one.get("unitOperations") or []),
        )
        for one in messages
    }


@pytest.mark.parametrize(
    ("code", "station"), [("10", "707701"), ("11", "707701"), ("12", "572107"), ("80", "572107")]
)
def test_operations_on_the_note_are_back(code: str, station: str) -> None:
    """Code, station and time of what happened to the whole note."""
    (told,) = back(note(code, station, "20.01.2026 14:30"))
    assert operations([told]) == {(code, station, "20.01.2026 14:30", ())}
    assert (told["departureStation"], told["contractDate"], told["noteNumber"]) == (
        "707701",
        "12.01.2026",
        "0012345",
    )


@pytest.mark.parametrize(
    ("code", "station"),
    [
        ("20", "707701"),
        ("50", "707701"),
        ("51", "562800"),
        ("72", "663404"),
        ("73", "549204"),
        ("81", "572107"),
    ],
)
def test_operations_on_units_are_back_unit_by_unit(code: str, station: str) -> None:
    """Each container of the note is told of, alone."""
    told = back(note(code, station, "20.01.2026 14:30"))
    assert operations(told) == {(code, station, "20.01.2026 14:30", (box,)) for box in (C1, C2)}
    for one in told:
        shown = [box["containerNo"] for w in one.get("wagons") or [] for box in w.get("containers") or []]
        assert shown in ([], [unit["unit"] for unit in one["unitOperations"]])


def test_wagons_containers_and_seals_are_back() -> None:
    """20: both containers on their wagons, with ISO type and seals."""
    given = note("20", "707701", "20.01.2026 14:30")
    told = merged(back(given))
    assert isinstance(told, dict)
    wagons = {wagon["wagonNumber"]: wagon["containers"][0] for wagon in told["wagons"]}
    assert {number: box["containerNo"] for number, box in wagons.items()} == {W1: C1, W2: C2}
    for wagon in given["wagons"]:
        box = wagon["containers"][0]
        size = box["sizeType"] if len(box["sizeType"]) == 4 else None  # a length alone is no ISO type
        assert wagons[wagon["wagonNumber"]].get("sizeType") == size
        assert sorted(wagons[wagon["wagonNumber"]]["seals"], key=str) == sorted(box["seals"], key=str)


def test_a_crossing_is_back_as_both_its_halves() -> None:
    """40 and 41 are one CROS and both again, at the time of 41."""
    told = back(
        note("40", "558701", "20.01.2026 08:00"), note("41", "562800", "20.01.2026 09:15", noteVersion=2)
    )
    assert {(code, station, time) for code, station, time, _ in operations(told) if code} == {
        ("40", "558701", "20.01.2026 09:15"),
        ("41", "562800", "20.01.2026 09:15"),
    }


@pytest.mark.parametrize(("code", "status"), [("60", "LODGED"), ("61", "RELEASED"), ("63", "CLOSED")])
def test_customs_are_back(code: str, status: str) -> None:
    """Declaration, state and office."""
    customs = {"transitDeclNo": "C2026-118", "status": status, "office": "GE69101"}
    told = back(note(code, "562800", "20.01.2026 14:30", customs=customs))
    assert {one["operationCode"] for one in told if one.get("operationCode")} == {code}
    note_of_all = merged(told)
    assert isinstance(note_of_all, dict)
    assert note_of_all["customs"] == customs


def test_an_annulment_is_back() -> None:
    """19: the note is void there, too."""
    told = back(
        note("11", "707701", "12.01.2026 09:10"), note("19", "707701", "13.01.2026 09:10", noteVersion=2)
    )
    assert merged(told) == "void"
