"""What a note says of single units, and an event that leaves a note: neither is told of others."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.support.crossing import C1, C2, NOTE, W2, Crossing, event, note, pick
from tests.support.receiver import known, merged

pytestmark = pytest.mark.system("dtc", "dlp")

POTI, ALAT, AKTAU = "572107", "549204", "663404"
OTHER = "707701/2026-01-12/0044444"
"""Key of another note."""


def unit(number: str, code: str, station: str | None = None, time: str | None = None) -> dict[str, Any]:
    """The last operation of one unit; what is not given is that of the note."""
    made = {"unit": number, "operationCode": code, "operationStation": station, "operationTime": time}
    return {name: value for name, value in made.items() if value is not None}


def held(told: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    """The events of containers that the DLP holds to be so in the end: code, container and time."""
    last = {one["eventID"]: one for one in told}
    return {
        (one["eventCode"], one.get("equipmentReference"), one["eventDateTime"])
        for one in last.values()
        if one["eventType"] == "EQUIPMENT" and not one["isRetracted"]
    }


def test_an_operation_of_one_unit_is_told_of_that_unit() -> None:
    """81 of one container of two: one gate-out; the other is told of its own last operation."""
    units = [unit(C1, "81"), unit(C2, "41", "562800", "24.01.2026 10:00")]
    passage = Crossing().dtc(note("81", POTI, "26.01.2026 10:00", unitOperations=units))
    assert held(passage.dlp) == {
        ("GTOT", C1, "2026-01-26T06:00:00Z"),
        ("CROS", C2, "2026-01-24T06:00:00Z"),
    }
    assert [one for one in passage.losses if one[1].startswith("/unitOperations")] == []


def test_a_unit_that_stayed_behind_has_not_the_operation_of_the_note() -> None:
    """Only the one that stayed is named: the note's operation is of all others."""
    units = [unit(C2, "20", "707701", "12.01.2026 14:30")]
    told = Crossing().dtc(note("81", POTI, "26.01.2026 10:00", unitOperations=units)).dlp
    assert held(told) == {
        ("GTOT", C1, "2026-01-26T06:00:00Z"),
        ("LOAD", C2, "2026-01-12T09:30:00Z"),
    }


def test_what_was_told_of_a_unit_is_not_told_again() -> None:
    """72 of both, then 73 of one: the DLP has two loadings and one discharge, each once."""
    crossing = Crossing()
    crossing.dtc(note("72", AKTAU, "16.01.2026 10:00"))
    units = [unit(C1, "73"), unit(C2, "72", AKTAU, "16.01.2026 10:00")]
    passage = crossing.dtc(note("73", ALAT, "18.01.2026 10:00", noteVersion=2, unitOperations=units))
    assert pick(passage.dlp, "eventCode", "equipmentReference") == [("DISC", C1)]


def test_a_snapshot_that_names_one_unit_corrects_one_that_named_none() -> None:
    """The same operation at the same minute: it was of one container only, the other's is taken back."""
    crossing = Crossing()
    crossing.dtc(note("81", POTI, "26.01.2026 10:00"))
    one = note("81", POTI, "26.01.2026 10:00", noteVersion=2, unitOperations=[unit(C1, "81")])
    crossing.dtc(one)
    assert held(crossing.total.dlp) == {("GTOT", C1, "2026-01-26T06:00:00Z")}


def test_a_declaration_released_for_one_unit_is_not_that_of_the_note() -> None:
    """61 of one container: EQUIPMENT CUSR of it, and no CUSTOMS CUSR of the whole note."""
    told = Crossing().dtc(note("61", POTI, "26.01.2026 10:00", unitOperations=[unit(C1, "61")])).dlp
    assert pick(told, "eventType", "eventCode", "equipmentReference") == [("EQUIPMENT", "CUSR", C1)]


def test_a_wagon_without_containers_has_its_own_operation() -> None:
    """Two tank wagons, one delivered."""
    tank = {"kind": "TANK", "ownerAdmin": "57"}
    wagons = [{"wagonNumber": number, **tank} for number in ("75003111", "75003129")]
    oil = {"grade": "AZERI LIGHT", "netTonnes": "120.24", "actNumber": "A-118/26"}
    made = note(
        "81",
        POTI,
        "26.01.2026 10:00",
        wagons=wagons,
        goods=None,
        oil=oil,
        unitOperations=[unit("75003111", "81")],
    )
    told = Crossing().dtc(made).dlp
    assert pick(told, "eventType", "eventCode", "railCarReference") == [("EQUIPMENT", "AVPU", "75003111")]


def test_a_unit_that_the_note_does_not_have_is_a_finding() -> None:
    """And an operation that no unit can have, or without a time, is named where it stands."""
    units = [
        unit("CSQU3054999", "81"),
        unit(C1, "31", POTI, "25.01.2026 10:00"),
        {"unit": C2, "operationCode": "41"},
    ]
    made = note("81", POTI, None, unitOperations=units) | {
        "operationCode": "10",
        "operationTime": "12.01.2026 10:00",
    }
    units[2] |= {"operationStation": "562800"}
    passage = Crossing().dtc(made)
    assert (
        "to-corridor.dtc",
        "/unitOperations/0/unit",
        "unit-not-in-note",
        "CSQU3054999",
    ) in passage.findings
    assert ("to-corridor.dtc", "/unitOperations/1/operationCode", "no-equivalent", "31") in passage.losses
    assert ("to-corridor.dtc", "/unitOperations/2", "time-missing", "41") in passage.findings


def test_units_end_the_same_in_every_order_of_versions() -> None:
    """Lifted together, set down one after the other, delivered one by one: 24 orders, one end."""
    versions = [
        note("72", AKTAU, "16.01.2026 10:00", noteVersion=1),
        note(
            "73", ALAT, "18.01.2026 10:00", noteVersion=2,
            unitOperations=[unit(C1, "73"), unit(C2, "72", AKTAU, "16.01.2026 10:00")],
        ),
        note(
            "73", ALAT, "18.01.2026 12:00", noteVersion=3,
            unitOperations=[unit(C2, "73"), unit(C1, "73", ALAT, "18.01.2026 10:00")],
        ),
        note(
            "81", POTI, "26.01.2026 10:00", noteVersion=4,
            unitOperations=[unit(C1, "81"), unit(C2, "73", ALAT, "18.01.2026 12:00")],
        ),
    ]  # fmt: skip
    for order in permutations(versions):
        crossing = Crossing()
        for one in order:
            crossing.dtc(one)
        assert held(crossing.total.dlp) == {
            ("LOAD", C1, "2026-01-16T05:00:00Z"),
            ("LOAD", C2, "2026-01-16T05:00:00Z"),
            ("DISC", C1, "2026-01-18T06:00:00Z"),
            ("DISC", C2, "2026-01-18T08:00:00Z"),
            ("GTOT", C1, "2026-01-26T06:00:00Z"),
        }


def test_what_the_dtc_is_told_of_one_unit_comes_back_of_that_unit() -> None:
    """A DLP event becomes a note of one unit; sent on by that DTC as its own, an event of one unit."""
    here, there = Crossing(), Crossing()
    gone = event("EQUIPMENT", "GTOT", equipmentReference=C1, location={"UNLocationCode": "GEPTI"})
    here.dtc(note("41", "562800", "16.01.2026 10:00"))
    (told,) = here.dlp(gone).dtc
    there.dtc(note("41", "562800", "16.01.2026 10:00"))
    back = there.dtc(told).dlp
    assert pick(back, "eventCode", "equipmentReference", "eventDateTime") == [
        ("GTOT", C1, "2026-01-17T06:45:00Z")
    ]


WHERE = {"UNLocationCode": "GEPTI"}
EVENTS = {
    "of a container": event("EQUIPMENT", "RSEA", equipmentReference=C1, location=WHERE),
    "of a note": event("SHIPMENT", "ISSU", documentTypeCode="ARN", location=WHERE, shipmentReference="S-1"),
    "of customs": event(
        "CUSTOMS", "CUSR", customs={"declarationNo": "D1"}, location=WHERE, shipmentReference="S-1"
    ),
    "of a train": event(
        "TRANSPORT", "ARRI", modeOfTransport="RAIL", railDepartureID="7077-041-5721", location=WHERE
    ),
}
LEAVES = {
    "to another note": [{"type": "SMGS", "value": OTHER}],
    "to no note": [],
}


@pytest.mark.parametrize("references", LEAVES.values(), ids=LEAVES.keys())
@pytest.mark.parametrize("first", EVENTS.values(), ids=EVENTS.keys())
def test_a_note_that_an_event_leaves_loses_the_fact(
    first: dict[str, Any], references: list[dict[str, str]]
) -> None:
    """Version 2 names another note, or none: the first note no longer has the operation, and is told so."""
    crossing = Crossing(dtc="dtc.note.v1", dlp="dlp.event.v1", other="dlp.event.v1")
    (told,) = crossing.dlp(first).dtc
    code = told["operationCode"]
    second = first | {
        "eventVersion": 2, "eventUpdatedDateTime": "2026-01-18T06:45:00Z", "references": references
    }  # fmt: skip
    passage = crossing.dlp(second)
    by_note = {one["noteNumber"]: one for one in passage.dtc}
    left = by_note.pop("0012345")
    assert (left["operationCode"], left["remark"].split()[0]) == ("12", "RETRACTED")
    assert [one["operationCode"] for one in by_note.values()] == [code] * len(references)
    # who gets events holds one event of it, or none of the note that it left
    ends = {one["eventID"]: one for one in crossing.total.sent["other"]}
    standing = [one.get("references", []) for one in ends.values() if not one["isRetracted"]]
    assert [[ref["value"] for ref in listed] for listed in standing] == [[ref["value"] for ref in references]]


def test_a_train_that_carries_one_note_less_is_told_to_that_note_only() -> None:
    """Two notes aboard, then one: the other keeps its arrival."""
    crossing = Crossing()
    both = [{"type": "SMGS", "value": NOTE}, {"type": "SMGS", "value": OTHER}]
    first = EVENTS["of a train"] | {"references": both}
    crossing.dlp(first)
    passage = crossing.dlp(first | {"eventVersion": 2, "references": both[1:]})
    assert pick(passage.dtc, "noteNumber", "operationCode") == [("0012345", "12")]


def test_a_version_that_comes_too_late_brings_nothing_back() -> None:
    """The version that names the first note comes after the one that has left it: it is stale."""
    crossing = Crossing()
    first = EVENTS["of a container"]
    crossing.dlp(first | {"eventVersion": 2, "references": [{"type": "SMGS", "value": OTHER}]})
    passage = crossing.dlp(first)
    assert (passage.dtc, passage.filtered) == ([], [("to-corridor.dlp", "stale")])


def test_a_container_is_not_put_back_on_the_wagon_that_the_broker_knew() -> None:
    """The event names no wagon, the broker knows the one from before the sea: it says none."""
    crossing = Crossing()
    crossing.dtc(note("20", "707701", "12.01.2026 14:30"))
    left = event("EQUIPMENT", "GTOT", equipmentReference=C2, location=WHERE)
    (told,) = crossing.dlp(left).dtc
    assert told["wagons"] == [{"containers": [{"containerNo": C2}]}]
    moved = note("50", ALAT, "18.01.2026 14:30", noteVersion=2)
    moved["wagons"] = [{"wagonNumber": "94009914", "containers": [{"containerNo": C1}, {"containerNo": C2}]}]
    after = merged([moved, told])
    assert isinstance(after, dict)
    (wagon,) = after["wagons"]
    assert (wagon["wagonNumber"], len(wagon["containers"])) == ("94009914", 2)
    assert W2 in str(known(crossing)["wagons"])
