"""DTC note → corridor → DLP event → corridor → DTC note: what ``docs/contract.md`` claims is back."""

from __future__ import annotations

from decimal import Decimal
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


def test_81_is_back_once_the_destination_is_known() -> None:
    """Before that, out of a gate is told in words: 81 would close a note that is on its way."""
    delivered = note("81", "572107", "20.01.2026 14:30")
    words = back(delivered)
    assert {one["remark"][:14] for one in words} == {"EQUIPMENT/GTOT"}
    assert {one.get("operationCode") for one in words} == {None}
    there, here = Crossing(), Crossing()
    here.dtc(note("20", "707701", "12.01.2026 14:30"))
    told = [one for event in there.dtc(delivered).dlp for one in here.dlp({"eventVersion": 1} | event).dtc]
    assert operations(told) == {("81", "572107", "20.01.2026 14:30", (box,)) for box in (C1, C2)}


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
        ("70", "663404"),
        ("71", "549204"),
        ("72", "663404"),
        ("73", "549204"),
        ("90", "572107"),
    ],
)
def test_operations_on_units_are_back_unit_by_unit(code: str, station: str) -> None:
    """Each container of the note is told of, alone."""
    found = "roof torn" if code == "90" else None  # an act says what it found
    told = back(note(code, station, "20.01.2026 14:30", remark=found))
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


def test_a_crossing_is_back_as_the_take_over_of_each_unit() -> None:
    """40 and 41 are one CROS for each container, which says when it was taken over and no more."""
    told = back(
        note("40", "558701", "20.01.2026 08:00"), note("41", "562800", "20.01.2026 09:15", noteVersion=2)
    )
    assert operations(told) == {("41", "562800", "20.01.2026 09:15", (box,)) for box in (C1, C2)}


@pytest.mark.parametrize(
    ("code", "status"), [("60", "LODGED"), ("62", "LODGED"), ("61", "RELEASED"), ("63", "CLOSED")]
)
def test_customs_are_back(code: str, status: str) -> None:
    """Declaration, state and office."""
    customs = {"transitDeclNo": "C2026-118", "status": status, "office": "GE69101"}
    told = back(note(code, "562800", "20.01.2026 14:30", customs=customs))
    assert {one["operationCode"] for one in told if one.get("operationCode")} == {code}
    note_of_all = merged(told)
    assert isinstance(note_of_all, dict)
    assert note_of_all["customs"] == customs


@pytest.mark.parametrize(("code", "station"), [("70", "663404"), ("71", "549204")])
def test_on_the_rail_ferry_a_container_is_on_its_wagon(code: str, station: str) -> None:
    """The wagon is rolled on and off, and the container on it."""
    told = merged(back(note(code, station, "20.01.2026 14:30")))
    assert isinstance(told, dict)
    assert {one["wagonNumber"]: one["containers"][0]["containerNo"] for one in told["wagons"]} == {
        W1: C1,
        W2: C2,
    }


@pytest.mark.parametrize("code", ["20", "81"])
def test_oil_is_back_as_far_as_the_events_have_it(code: str) -> None:
    """Grade, net mass and density; the density is computed, from 15 degrees Celsius (ASTM D1250, crude oil).

    Water by mass is not sediment and water by volume, and a lot's number is not known to be an act's.
    """
    oil = {
        "grade": "AZERI LIGHT", "density20": "845", "netTonnes": "60.12", "waterPct": "0.05",
        "actNumber": "A-118/26",
    }  # fmt: skip
    made = note(
        code,
        "548305",
        "20.01.2026 14:30",
        wagons=[{"wagonNumber": "75003111", "kind": "TANK"}],
        goods=[{"gng": "27090090", "netKg": 60120}],
        oil=oil,
    )
    told = merged(back(made))
    assert isinstance(told, dict)
    assert (told["operationCode"], told["operationStation"]) == (code, "548305")
    assert told["oil"] == {
        "grade": "AZERI LIGHT", "density20": Decimal(845), "netTonnes": Decimal("60.12"),
        "computed": ["density20"],
    }  # fmt: skip
    assert [one["wagonNumber"] for one in told.get("wagons", [])] in ([], ["75003111"])
    assert [one["unit"] for one in told["unitOperations"]] == ["75003111"]


def test_a_remark_is_back_with_its_operation() -> None:
    """The remark of a commercial act is what is damaged or short: the act says nothing without it."""
    told = back(note("90", "572107", "20.01.2026 14:30", remark="hole in the roof"))
    assert [(one["operationCode"], one["remark"]) for one in told] == [("90", "hole in the roof")] * 2
    assert all(one["unitOperations"][0]["remark"] == "hole in the roof" for one in told)


def test_an_annulment_is_back() -> None:
    """19: the note is void there, too."""
    told = back(
        note("11", "707701", "12.01.2026 09:10"), note("19", "707701", "13.01.2026 09:10", noteVersion=2)
    )
    assert merged(told) == "void"
